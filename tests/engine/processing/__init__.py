"""Processing jobs of the engine."""
