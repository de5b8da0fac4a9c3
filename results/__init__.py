"""What a job has produced: records, outputs, logs and metrics, with their pages and API. No models of its own."""
