"""The command line as a person runs it: another process, with an environment of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.house import CHECKOUT

SAMPLE = {
    "--model": "breast-cancer-xgb",
    "--data": "s3://batchdeck-samples/breast-cancer/data/",
    "--content-type": "text/csv",
    "--split-type": "Line",
    "--assemble-with": "Line",
    "--accept": "text/csv",
    "--instance-type": "ml.m5.large",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """`batchdeck` with a home folder of its own; `variables` are set for each command."""

    home: Path
    variables: dict[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = (sys.executable, "-m", "batchdeck")

    def environment(self) -> dict[str, str]:
        """The environment of its commands."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("BATCHDECK_", "XDG_"))
        }
        own = {"HOME": str(self.home), "PYTHONPATH": str(CHECKOUT / "client"), "PYTHONUNBUFFERED": "1"}
        return {**inherited, **own, **self.variables}

    def run(self, *arguments: str | Path, text: str = "", seconds: float = 120) -> Answer:
        """Run a command to its end; `text` is its standard input."""
        done = subprocess.run(
            [*self.program, *arguments],
            env=self.environment(),
            cwd=self.home,
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            [*self.program, *arguments],
            env=self.environment(),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A shell that runs the tests in the background leaves SIGINT ignored, which its programs inherit.
            preexec_fn=_heed_interrupts,
        )

    def submit(self, output: str, *more: str, **changes: str) -> Answer:
        """Submit the sample with JSON output; `changes` are options in place of the sample's."""
        options = {**SAMPLE, "--output-path": f"s3://batchdeck-samples/{output}/"}
        options |= {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
        return self.run("submit", "--json", *(word for pair in options.items() for word in pair), *more)


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
