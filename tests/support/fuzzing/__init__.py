"""Odd requests: bytes and members that no client sends, and what has to come back."""
