"""Forms of the model registry."""
