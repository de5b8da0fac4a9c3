"""Tunings in the REST API."""
