"""The virtual environment beside the checkout, filled from the hashed locks and changed only when they change.

A stamp inside it holds the hash of each lock that has been installed, so a second start installs nothing.
A marker stands while an installation runs; finding it at the next start means that one was cut short, and
the environment is then made again from nothing rather than trusted.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeAlias

NO_VENV = """\
This Python cannot make a virtual environment. Install what it lacks, then run ./deck again:
  Debian, Ubuntu     sudo apt install python3-venv
  Fedora, RHEL       sudo dnf install python3-pip"""


Command: TypeAlias = Sequence[str | Path]


class EnvironmentFailed(Exception):
    """The environment could not be made; the text says what to do."""


class Environment:
    """`.venv` of one checkout."""

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout
        self.directory = checkout / ".venv"
        self.python = self.directory / "bin" / "python"
        self._stamp = self.directory / "deck-stamp.json"
        self._marker = self.directory / "deck-installing"

    def lock_file(self, name: str) -> Path:
        """The requirements file with hashes called `name`, for example "runtime"."""
        return self.checkout / "locks" / f"{name}.txt"

    def is_ready(self, name: str) -> bool:
        """Whether the current lock `name` is installed."""
        return self._python_works() and self._installed().get(name) == self._digest(name)

    def ensure(self, *names: str) -> None:
        """Install each lock that is not installed yet. Raises EnvironmentFailed.

        The locks of one call come together: the packages of "test" include those of "runtime".
        """
        if self._is_settled() and all(self.is_ready(name) for name in names):
            return
        with self._locked():
            self._make()
            for name in names:
                if not self.is_ready(name):
                    self._install(name)

    def _is_settled(self) -> bool:
        return not self._marker.exists()

    def _digest(self, name: str) -> str:
        return hashlib.sha256(self.lock_file(name).read_bytes()).hexdigest()

    def _installed(self) -> dict[str, str]:
        try:
            stamp = json.loads(self._stamp.read_text())
        except (OSError, ValueError):
            return {}
        return stamp if isinstance(stamp, dict) else {}

    def _python_works(self) -> bool:
        # A system upgrade can take away the Python that the environment points to.
        try:
            check: Command = [self.python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
            return subprocess.run(check, capture_output=True, check=False, timeout=30).returncode == 0
        except (OSError, subprocess.TimeoutExpired):
            return False

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "deck.lock").open("w") as handle:
            _take(handle)
            yield

    def _make(self) -> None:
        if self._is_settled() and self._python_works():
            return
        if not self._is_settled():
            say("The last installation was cut short: starting over.")
        for entry in self.directory.iterdir():
            if entry.name == "deck.lock":
                continue
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        say(f"Making .venv with Python {sys.version.split()[0]}")
        if not (self._make_with_pip() or self._make_without_pip()):
            raise EnvironmentFailed(NO_VENV)

    def _make_with_pip(self) -> bool:
        return _quiet([sys.executable, "-m", "venv", self.directory])

    def _make_without_pip(self) -> bool:
        # Debian without python3-venv has venv but not ensurepip; a pip outside can then fill the environment.
        return _quiet([sys.executable, "-m", "venv", "--without-pip", self.directory]) and _quiet(
            [sys.executable, "-m", "pip", "--version"]
        )

    def _install(self, name: str) -> None:
        self._marker.touch()
        started = time.monotonic()
        count = sum(1 for line in self.lock_file(name).read_text().splitlines() if "==" in line)
        say(f"Installing {count} packages from locks/{name}.txt (once, until that file changes)")
        if not (self._have_uv() and self._run_uv(name)) and not self._run_pip(name):
            self._marker.unlink()
            raise EnvironmentFailed(
                f"The packages of locks/{name}.txt could not be installed; what pip said is above. "
                "Is the network reachable? A proxy or mirror is set as pip is told of one (PIP_INDEX_URL, HTTPS_PROXY)."
            )
        self._stamp.write_text(json.dumps({**self._installed(), name: self._digest(name)}))
        self._marker.unlink()
        say(f"Installed in {time.monotonic() - started:.0f} s")

    def _have_uv(self) -> bool:
        uv = self.directory / "bin" / "uv"
        return uv.exists() or (self._run_pip("bootstrap", quiet=True) and uv.exists())

    def _run_uv(self, name: str) -> bool:
        command: Command = [self.directory / "bin" / "uv", "pip", "install", "--python", self.python]
        return _run([*command, "--require-hashes", "-r", self.lock_file(name)])

    def _run_pip(self, name: str, *, quiet: bool = False) -> bool:
        own_pip: Command = [self.python, "-m", "pip"]
        pip: Command = (
            own_pip
            if _quiet([*own_pip, "--version"])
            else [sys.executable, "-m", "pip", "--python", self.python]
        )
        command: Command = [
            *pip,
            "install",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
            self.lock_file(name),
        ]
        return _quiet(command) if quiet else _run(command)


def say(text: str) -> None:
    """Print progress on standard error, apart from the output that scripts read."""
    print(text, file=sys.stderr, flush=True)


def _take(handle: IO[str]) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Another ./deck is installing; waiting for it.")
        fcntl.flock(handle, fcntl.LOCK_EX)


def _quiet(command: Command) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(command: Command) -> bool:
    # Its output is the progress; it goes where ours goes, never into what a script reads.
    return subprocess.run(command, stdout=sys.stderr, check=False).returncode == 0
