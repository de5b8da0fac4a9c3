"""What workers do for schedules: take what is due, start it, and find what was lost."""
