"""After a job has ended: its cause of failure, its rows, its costs, a retry."""
