"""Requests made from botocore's service models, and what the engine must answer to each of them."""
