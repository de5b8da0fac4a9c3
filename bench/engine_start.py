"""How long the engine takes to start and how much memory it has then, beside moto's server.

    ./deck bench engine_start [--runs N] [--json FILE]

In each run one server after the other is started with nothing in it. Timed is the time until it answers; beside it is
the processor time that it took, which other programs on the machine change little. Its resident memory is read two
seconds later, and once more after a first call of S3, SageMaker and CloudWatch Logs by boto3.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import boto3

from bench import _report
from tests.support.engine import REGION, EngineProcess
from tests.support.moto import MotoServer

#: Seconds after which a started server is idle.
_SETTLED = 2.0

_STARTED = "until it answers, seconds"
_PROCESSOR = "processor time until then, seconds"
_IDLE = "idle memory, MiB"
_USED = "after calls of three services, MiB"

Figures = dict[str, list[float]]


def main() -> int:
    """Run the benchmark; returns the exit status."""
    options = _report.parser("engine_start", __doc__ or "", runs=5).parse_args()
    load = _report.load()
    figures: dict[str, Figures] = {"engine": {}, "moto": {}}
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory(prefix="batchdeck-bench-") as folder:
            one_start(EngineProcess(Path(folder)), figures["engine"])
        one_start(MotoServer(), figures["moto"])
    rows = []
    for name in (_STARTED, _PROCESSOR, _IDLE, _USED):
        ours, theirs = (median(figures[server][name]) for server in ("engine", "moto"))
        rows.append([name, f"{ours:.1f}", f"{theirs:.1f}", f"{theirs / ours:.1f} x"])
    print(_report.columns(["", "engine", "moto", "ratio"], rows))
    print(f"{_report.machine_line()}; medians of {options.runs}; load average before: {load}")
    if options.json:
        _report.write_json(options.json, "engine_start", {"load_before": load, **figures})
    return 0


def one_start(server: EngineProcess | MotoServer, figures: Figures) -> None:
    """Start a server, add one figure of each kind, and end it."""
    began = time.perf_counter()
    server.start()
    row = {_STARTED: time.perf_counter() - began, _PROCESSOR: processor_seconds(server.pid)}
    try:
        time.sleep(_SETTLED)
        row[_IDLE] = memory_mebibytes(server.pid)
        call_services(server)
        row[_USED] = memory_mebibytes(server.pid)
    finally:
        server.stop()
    for name, value in row.items():
        figures.setdefault(name, []).append(value)


def call_services(server: EngineProcess | MotoServer) -> None:
    """A first call of each of three services."""
    keys = (server.access_key, server.secret_key) if isinstance(server, EngineProcess) else ("any", "any")
    client: Any = boto3.Session(*keys, region_name=REGION).client
    client("s3", endpoint_url=server.url).list_buckets()
    client("sagemaker", endpoint_url=server.url).list_transform_jobs()
    client("logs", endpoint_url=server.url).describe_log_groups()


def processor_seconds(pid: int) -> float:
    """User and system time of a process so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mebibytes(pid: int) -> float:
    """Resident memory of a process (Linux)."""
    match = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert match is not None
    return int(match[1]) / 1024


if __name__ == "__main__":
    sys.exit(main())
