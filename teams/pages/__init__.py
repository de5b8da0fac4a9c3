"""A team's own pages: its members, one's tokens, and who did what."""
