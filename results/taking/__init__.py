"""Take everything that a job wrote: outputs as a zip, rows as CSV or Parquet, and the command that copies outputs."""

from results.taking.csv_rows import row_lines
from results.taking.outputs import sync_command, zip_pieces
from results.taking.parquet import parquet_pieces

__all__ = ["parquet_pieces", "row_lines", "sync_command", "zip_pieces"]
