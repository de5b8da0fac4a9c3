"""The model registry of a connection: model package groups and their versions, as pages and API."""
