"""The parts of the API, one class a file."""
