"""Parquet files converted to JSON Lines or CSV, row by row, by a worker."""
