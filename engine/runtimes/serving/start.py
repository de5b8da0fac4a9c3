"""Starts a runtime's program in an isolated interpreter.

Runs as `python -I -u start.py PROGRAM`: isolated Python has no script folder on its path and ignores PYTHON* variables,
so neither the job's environment nor its folder can change how the program starts. The program is a module with a
function `main`. `__main__` remains this file, which the child processes of user code can import without effect.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    del sys.argv[0]
    program = Path(sys.argv[0])
    serving = Path(__file__).resolve().parent
    sys.path[:0] = [str(program.parent), str(serving)]
    # Packages that stand in for those of the images: last, so that installed ones come first.
    sys.path.append(str(serving / "stand_ins"))
    importlib.import_module(program.stem).main()
