"""Runs processing jobs: their inputs, the scripts that they start, and their outputs."""
