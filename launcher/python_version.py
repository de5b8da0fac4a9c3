"""Find a Python new enough to run the rest.

Python 3.6 must be able to read this file: no future annotations, no newer syntax.
"""

import os
import shutil
import subprocess
import sys

MINIMUM = (3, 11)
#: Newest first: when there is a choice, the one with the longest support ahead of it.
CANDIDATES = ("python3.14", "python3.13", "python3.12", "python3.11")

ADVICE = """\
Batchdeck needs Python 3.11 or newer; this is Python {version}, and no newer one is on PATH.
Install one, then run ./deck again:
  Debian, Ubuntu     sudo apt install python3.11 python3.11-venv   (Ubuntu 22.04 and newer, Debian 12 and newer)
  Fedora, RHEL 9     sudo dnf install python3.11
  macOS              brew install python@3.13
  anything else      https://www.python.org/downloads/"""


def is_new_enough(version):
    # type: (tuple[int, ...]) -> bool
    """Whether `version` (major, minor, ...) can run Batchdeck."""
    return tuple(version[:2]) >= MINIMUM


def find_newer():
    # type: () -> str | None
    """The path of the newest suitable Python on PATH, or None."""
    for name in CANDIDATES:
        path = shutil.which(name)
        if path and _runs(path):
            return path
    return None


def _runs(path):
    # type: (str) -> bool
    # A version manager leaves stand-ins on PATH for versions that are not switched on.
    return subprocess.call([path, "-c", "pass"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def ensure(program):
    # type: (str) -> None
    """Return when this Python is new enough; else run `program` again under one that is, or exit 1 with advice."""
    if is_new_enough(sys.version_info[:2]):
        return
    newer = find_newer()
    # The variable stops a wrapper on PATH that leads back to an old Python from going round for ever.
    if newer and not os.environ.get("_DECK_REEXEC"):
        os.environ["_DECK_REEXEC"] = "1"
        os.execv(newer, [newer, program, *sys.argv[1:]])
    version = ".".join(str(part) for part in sys.version_info[:3])
    sys.exit(ADVICE.format(version=version))
