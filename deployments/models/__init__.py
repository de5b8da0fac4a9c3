"""Rows of deployments."""
