"""Where the rows are."""

import pathlib

ROWS = pathlib.Path("/opt/ml/processing/rows")
