"""Reads MLeap bundles and runs their pipelines by columns with NumPy."""
