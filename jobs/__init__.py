"""Connections, models and transform jobs: what Batchdeck is about."""
