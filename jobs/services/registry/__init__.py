"""Registered models: their containers, archives and figures."""
