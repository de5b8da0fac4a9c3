"""REST API of the model registry."""
