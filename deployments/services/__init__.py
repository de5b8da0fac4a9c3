"""What a person asks for: each function checks, changes rows, and tells the workers after the commit."""
