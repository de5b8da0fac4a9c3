"""What starts operations by itself: pipelines, schedules, stacks."""
