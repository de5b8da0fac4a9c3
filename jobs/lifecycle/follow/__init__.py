"""While a job runs: polls, events, imports, guard rails, and its end."""
