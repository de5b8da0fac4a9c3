"""Looks for the fastest settings of a request: the same sample is run with one combination after the other."""
