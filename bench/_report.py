"""The report of a benchmark: its machine, its figures as a table, and both as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

#: Each row's seconds, one for each run, by what was timed.
Seconds = Mapping[str, Sequence[float]]


def machine() -> dict[str, object]:
    """Cores that we may use, memory in GiB, and the Python that runs this."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "cores": cores,
        "memory_gib": round(memory / 1024**3),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def machine_line() -> str:
    """The machine as a line of text."""
    facts = machine()
    return f"{facts['cores']} cores, {facts['memory_gib']} GB, Python {facts['python']}, {facts['system']}"


def load() -> float:
    """The load average of the last minute: above the number of cores, others' work is in the figures too."""
    return round(os.getloadavg()[0], 1)


def parser(name: str, doc: str, *, runs: int | None = 3) -> argparse.ArgumentParser:
    """A parser with the options of all benchmarks: --runs, unless `runs` is None, and --json. `doc` is a docstring."""
    command_line = argparse.ArgumentParser(prog=f"./deck bench {name}", description=doc.partition("\n")[0])
    if runs is not None:
        command_line.add_argument(
            "--runs", type=_at_least_one, default=runs, help="runs of each case (default: %(default)s)"
        )
    command_line.add_argument("--json", type=Path, metavar="FILE", help="write every figure to this file too")
    return command_line


def _at_least_one(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def table(seconds: Seconds) -> str:
    """Minimum, median and maximum of each row, in seconds."""
    rows = [
        [name, *(f"{value:.2f}" for value in (min(values), median(values), max(values))), str(len(values))]
        for name, values in seconds.items()
    ]
    return columns(["seconds", "min", "median", "max", "runs"], rows)


def columns(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table: the first column at the left, figures at the right."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in [headings, *rows]
    )


def write_json(file: Path, benchmark: str, figures: Mapping[str, object]) -> None:
    """The machine and every single figure. OSError when `file` cannot be written."""
    file.write_text(json.dumps({"benchmark": benchmark, "machine": machine(), **figures}, indent=2) + "\n")
