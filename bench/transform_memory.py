"""Peak memory of the engine while it transforms one large object, by the object's size.

    ./deck bench transform_memory [--runs N] [--json FILE] [--megabytes N ...]

An engine of its own for each size and run. The peak is the kernel's own count (VmHWM) of the engine's process;
the model server is another one. Needs twice the largest size of disk.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from itertools import cycle
from pathlib import Path
from statistics import median

from bench import _report
from bench._engine import Engine
from bench._workload import Workload, make_model, rows

_MEGABYTE = 1024 * 1024
_BLOCK_ROWS = 20_000


class Rows(io.RawIOBase):
    """A file of `size` bytes and the rest of its last row: the same block of rows over and over, never held whole."""

    def __init__(self, block: bytes, size: int) -> None:
        self._rows = cycle(block.splitlines(keepends=True))
        self._left = size
        self._ready = bytearray()
        self.count = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; empty at the end."""
        while len(self._ready) < size and self._left > 0:
            row = next(self._rows)
            self._ready += row
            self._left -= len(row)
            self.count += 1
        block = bytes(self._ready[:size])
        del self._ready[:size]
        return block


def peak(folder: Path, archive: Path, block: bytes, megabytes: int) -> dict[str, float]:
    """Megabytes of memory before the job and at its peak, and the seconds it took."""
    engine = Engine(folder, archive)
    try:
        source = Rows(block, megabytes * _MEGABYTE)
        engine.upload_stream("memory", source)
        before = _high_water(engine.pid)
        workload = Workload("memory", [b""], source.count, "MultiRecord", 4)
        seconds = engine.seconds(workload, 1)
        assert engine.output_lines(workload) == source.count, "a row is missing"
        return {"before": before, "peak": _high_water(engine.pid), "seconds": seconds}
    finally:
        engine.stop()


def _high_water(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise LookupError("the kernel does not say VmHWM")


def main() -> None:
    """Run every size and print the table."""
    options = _arguments()
    block = b"".join(rows(_BLOCK_ROWS))
    figures: dict[int, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        make_model(Path(name) / "training")
        archive = Path(name) / "training" / "model.tar.gz"
        for megabytes in options.megabytes:
            figures[megabytes] = []
            for _ in range(options.runs):
                with tempfile.TemporaryDirectory() as folder:
                    figures[megabytes].append(peak(Path(folder), archive, block, megabytes))
    print(_table(figures))
    print(_report.machine_line())
    if options.json:
        _report.write_json(options.json, "transform_memory", {"megabytes": figures})


def _table(figures: dict[int, list[dict[str, float]]]) -> str:
    names = ("before", "peak", "seconds")
    table = [
        [f"{megabytes:,} MB", *(f"{median(run[name] for run in runs):,.0f}" for name in names)]
        for megabytes, runs in figures.items()
    ]
    return _report.columns(["input", "MB before the job", "MB at the peak", "seconds"], table)


def _arguments() -> argparse.Namespace:
    parser = _report.parser("transform_memory", __doc__ or "")
    parser.add_argument(
        "--megabytes",
        type=int,
        nargs="+",
        default=[100, 1024, 10240],
        help="sizes of the input (%(default)s)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
