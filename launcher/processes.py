"""Long-lived child processes: started in sessions of their own, started again when they die, all ended together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher import guardian
from launcher.console import Console
from launcher.environment import Command

_HERE = Path(__file__).resolve().parent
#: A plain interpreter: no site-packages, nothing from the environment; it starts in 15 ms.
_BARE = (sys.executable, "-I", "-S")

#: Seconds a child must live for its death to count as an accident and not as a failure to start.
QUICK = 20.0
#: Seconds to wait before each new start after quick deaths in a row; when they are used up we give up.
BACKOFF = (0.5, 1.0, 2.0, 4.0)


class GaveUp(Exception):
    """A child died at once again and again; the text names it and its last exit."""


@dataclass
class Restarts:
    """Counts the quick deaths of a child in a row, and decides about the next start."""

    quick_deaths: int = 0

    def delay(self, lived: float) -> float | None:
        """Seconds until the next start of a child that lived `lived` seconds; None to give up."""
        self.quick_deaths = self.quick_deaths + 1 if lived < QUICK else 0
        if self.quick_deaths > len(BACKOFF):
            return None
        return BACKOFF[max(self.quick_deaths - 1, 0)]


class Family:
    """The children of one launcher, and the guardian that ends them if the launcher is killed.

    Use from one thread only: Linux's parent-death signal comes when the *thread* that started a child ends.
    """

    def __init__(self, console: Console, keep_open: Sequence[int] = ()) -> None:
        """`keep_open`: file descriptors the guardian holds until all groups are gone, such as a held lock."""
        self.console = console
        self._children: list[Child] = []
        self._guardian = subprocess.Popen(
            [*_BARE, _HERE / "guardian.py"],
            stdin=subprocess.PIPE,
            text=True,
            pass_fds=keep_open,
            start_new_session=True,
        )

    def start(
        self, name: str, command: Command, env: Mapping[str, str], cwd: Path, *, once: bool = False
    ) -> Child:
        """Start `command` as a child called `name`; unless it is to run `once`, keep it running."""
        child = Child(self, name, command, dict(env), cwd, once=once)
        child.spawn()
        self._children.append(child)
        return child

    def tend(self) -> None:
        """Restart the children that died. Raises GaveUp when one dies at once each time. Call it often."""
        for child in self._children:
            child.tend()

    def stop(self, patience: float) -> None:
        """End every child within `patience` seconds; the first one, which the others need, last."""
        ground, later_children = self._children[:1], self._children[1:]
        for children, seconds in ((later_children, patience * 0.75), (ground, patience * 0.25)):
            for child in children:
                child.send(signal.SIGTERM)
            deadline = time.monotonic() + seconds
            while any(child.is_alive() for child in children) and time.monotonic() < deadline:
                time.sleep(0.05)
            for child in children:
                child.finish()
        self._children.clear()

    def close(self) -> None:
        """Close the guardian's pipe; it ends the groups that still run."""
        if self._guardian.stdin:
            self._guardian.stdin.close()
        self._guardian.wait()

    def tell_guardian(self, sign: str, group: int) -> None:
        """Add a process group to the guardian ("+") or remove it ("-")."""
        if self._guardian.stdin is None:
            return
        try:
            self._guardian.stdin.write(f"{sign}{group}\n")
            self._guardian.stdin.flush()
        except BrokenPipeError:
            self.console.line(
                "deck", "The guardian process has ended; children would outlive a kill -9 of ./deck."
            )


class Child:
    """One command, kept running."""

    def __init__(
        self, family: Family, name: str, command: Command, env: dict[str, str], cwd: Path, *, once: bool
    ) -> None:
        self.name = name
        self._family = family
        self._command = command
        self._env = env
        self._cwd = cwd
        self._once = once
        self._restarts = Restarts()
        self._process: subprocess.Popen[str] | None = None
        self._started = 0.0
        self._start_again: float | None = None
        self._reader: threading.Thread | None = None
        self._last_line = ""

    def spawn(self) -> None:
        """Start the command in a session of its own and relay its output."""
        self._process = subprocess.Popen(
            tied(self._command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=self._env,
            cwd=self._cwd,
            start_new_session=True,
        )
        self._started = time.monotonic()
        self._family.tell_guardian("+", self._process.pid)
        assert self._process.stdout is not None
        self._reader = self._family.console.relay(self.name, self._process.stdout, self._keep_last_line)

    def tend(self) -> None:
        """Notice that it died, and start it again after its delay."""
        if self._start_again is not None:
            if time.monotonic() >= self._start_again:
                self._start_again = None
                self.spawn()
            return
        if self._once or self._process is None or self._process.poll() is None:
            return
        self._died(self._process)

    def _died(self, process: subprocess.Popen[str]) -> None:
        delay = self._restarts.delay(time.monotonic() - self._started)
        how = describe_exit(process.returncode)
        self._bury(process)
        if delay is None:
            raise GaveUp(
                f"{self.name} {how}, {len(BACKOFF) + 1} times in a row; its last lines above say why."
            )
        self._family.console.line("deck", f"{self.name} {how}; starting it again in {delay:g} s")
        self._start_again = time.monotonic() + delay

    @property
    def group(self) -> int | None:
        """The process group it leads; None while it does not run."""
        return self._process.pid if self._process else None

    def exit_code(self) -> int | None:
        """Its return code as in subprocess; None while it runs. For a child that runs once."""
        return self._process.poll() if self._process else None

    def last_line(self) -> str:
        """Its last line of output, after it ended."""
        if self._reader:
            # A process of its own making might still hold the pipe: that must not hold us.
            self._reader.join(timeout=5)
        return self._last_line

    def _keep_last_line(self, line: str) -> None:
        self._last_line = line

    def is_alive(self) -> bool:
        """Whether it, or anything it started in its group, still runs."""
        if self._process is None:
            return False
        self._process.poll()
        return guardian.is_alive(self._process.pid)

    def send(self, number: signal.Signals) -> None:
        """Signal the command itself; it tells its own children."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)

    def finish(self) -> None:
        """Kill the processes of its group that remain."""
        self._start_again = None
        if self._process is not None:
            self._bury(self._process)

    def _bury(self, process: subprocess.Popen[str]) -> None:
        guardian.send(process.pid, signal.SIGKILL)
        process.wait()
        self._family.tell_guardian("-", process.pid)
        self._process = None


def tied(command: Command) -> list[str]:
    """The command line that runs `command` so that it ends with this process (on Linux)."""
    return [*_BARE, str(_HERE / "child.py"), str(os.getpid()), *(str(part) for part in command)]


def describe_exit(code: int) -> str:
    """What a return code of subprocess means, as the end of a sentence about the process."""
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
