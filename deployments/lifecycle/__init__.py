"""What workers do with deployments, a step at a time."""
