"""Forms of schedules."""
