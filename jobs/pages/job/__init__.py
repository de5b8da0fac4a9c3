"""A job's page: one module for each tab, `showing` for what they share, `actions` for what can be done to the job."""
