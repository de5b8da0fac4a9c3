"""A team's own pages: members, API tokens, and the record of acts."""
