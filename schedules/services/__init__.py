"""What a person asks of schedules."""
