"""The model registry in the dashboard, on the real engine."""
