"""Schedules: what runs by itself at which times, and what became of each time."""
