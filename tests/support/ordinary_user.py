"""Runs a command as the user nobody, in a view of the machine's files in which that user may read the project.

`python tests/support/ordinary_user.py FOLDER COMMAND...` as root: everything is there for nobody but /root and what
else is closed to it; FOLDER, which becomes nobody's, is written, and the project with its Python is read.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "engine" / "runtimes" / "keeper")]

import view  # noqa: E402

from engine.runtimes.confining import _SYSTEM, interpreter_paths  # noqa: E402

NOBODY = 65534


def main() -> None:
    """Become nobody and the command."""
    os.umask(0o022)
    folder, *command = sys.argv[1:]
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", folder], check=True)
    readable = [*_SYSTEM, str(CHECKOUT), *map(str, interpreter_paths(Path(sys.executable)))]
    with tempfile.TemporaryDirectory() as place:
        view.enter_mounts()
        view.enter_root(place, readable, [folder], {}, 64 * 1024**2)
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        os.chdir(CHECKOUT)
        os.environ["HOME"] = os.environ["TMPDIR"] = folder
        os.execv(command[0], command)


if __name__ == "__main__":
    main()
