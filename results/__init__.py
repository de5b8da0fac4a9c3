"""What a job has produced: records, outputs, logs and metrics, with their pages and API. It has no rows of its own."""
