"""API of what a job has produced."""
