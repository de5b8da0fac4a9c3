"""Forms of channels and rules."""
