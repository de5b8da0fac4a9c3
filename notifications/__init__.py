"""Notifications: channels of people and teams, the rules that fill them, and what was delivered."""
