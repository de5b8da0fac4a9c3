"""The container's own rules: schema, rows of a request, and answers."""
