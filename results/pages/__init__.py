"""Pages of what a job has produced."""
