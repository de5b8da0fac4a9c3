"""Starts a runtime's program in an isolated interpreter.

Runs as `python -I -u start.py PROGRAM`: isolated Python has no script folder on its path and ignores PYTHON* variables,
so neither the job's environment nor its folder can change how the program starts.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    del sys.argv[0]
    sys.path[:0] = [str(Path(sys.argv[0]).parent), str(Path(__file__).resolve().parent)]
    runpy.run_path(sys.argv[0], run_name="__main__")
