"""Rows a second through batch transform: the engine beside a bare loop and the SageMaker SDK's local mode.

    ./deck bench transform_throughput [--runs N] [--json FILE] [--rows N] [--objects N]

Three workloads in one run on one machine, with one model and the same model server for all. The bare loop
posts the same ready-made payloads and drops the answers: nobody who sends them can be much faster. Local mode is
shown as shipped and without the docker commands that it runs for each request; it has one instance and one request
at a time, and where it would take hours it does the first part of the workload.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench import _report
from bench._beside import bare_loop, local_mode, sdk_python
from bench._engine import Engine
from bench._workload import CHECKOUT, Workload, make_model, rows

_IN_FLIGHT = 4
#: What share of each workload local mode is given: as shipped, and without its docker commands. It sends one
#: request after the other, so its rate does not depend on how many there are.
_LOCAL_SHARE = {"multi-record": (0.3, 0.3), "single-record": (0.005, 0.1), "small-objects": (0.05, 0.5)}


def workloads(count: int, objects: int) -> list[Workload]:
    """The three of the table: many records a request, one record a request, many small objects."""
    whole = b"".join(rows(count))
    lines = whole.splitlines(keepends=True)
    pairs = [b"".join(lines[2 * n : 2 * n + 2]) for n in range(objects)]
    half = len(whole) // 2 + whole[len(whole) // 2 :].index(b"\n") + 1
    # Two objects: an object is never divided, so one alone would leave a second instance idle.
    halves = [whole[:half], whole[half:]]
    return [
        Workload("multi-record", halves, count, "MultiRecord", _IN_FLIGHT),
        Workload("single-record", halves, count, "SingleRecord", _IN_FLIGHT),
        Workload("small-objects", pairs, 2 * objects, "MultiRecord", _IN_FLIGHT),
    ]


def part(workload: Workload, share: float) -> Workload:
    """The first part of a workload."""
    if len(workload.objects) > 2:
        count = int(len(workload.objects) * share)
        return replace(workload, objects=workload.objects[:count], rows=2 * count)
    lines = workload.objects[0].splitlines(keepends=True)[: int(workload.rows * share)]
    return replace(workload, objects=[b"".join(lines)], rows=len(lines))


def rates(workload: Workload, runs: int, do: Callable[[Workload], float]) -> list[float]:
    """Rows a second of each run."""
    return [workload.rows / do(workload) for _ in range(runs)]


class Contest:
    """All contestants, and what they reached."""

    def __init__(self, folder: Path, runs: int) -> None:
        self._runs = runs
        self._model = make_model(folder / "training")
        self._sdk = sdk_python(CHECKOUT / ".runtimes")
        self.engine = Engine(folder / "engine", folder / "training" / "model.tar.gz")
        self.cases: list[dict[str, Any]] = []

    def run(self, workload: Workload) -> None:
        """One workload: local mode once, the others on one instance and on two."""
        self.engine.upload(workload)
        local = self._local_mode(workload)
        for instances in (1, 2):
            ours = rates(workload, self._runs, partial(self.engine.seconds, instances=instances))
            assert self.engine.output(workload).count(b"\n") == workload.rows, "a row is missing"
            bare = rates(workload, self._runs, partial(bare_loop, self._model, instances=instances))
            case = {"workload": workload.name, "instances": instances, "engine": ours, "bare_loop": bare}
            self.cases.append({**case, **local})

    def _local_mode(self, workload: Workload) -> dict[str, list[float]]:
        found = {}
        for lookups, share in zip(("shipped", "stubbed"), _LOCAL_SHARE[workload.name], strict=True):
            if lookups == "stubbed" or shutil.which("docker"):
                do = partial(local_mode, self._sdk, self._model, lookups=lookups)
                found[f"local_mode_{lookups}"] = rates(part(workload, share), self._runs, do)
        return found


def main() -> None:
    """Run everything and print the table."""
    given = _arguments()
    load = _report.load()
    with tempfile.TemporaryDirectory() as name:
        contest = Contest(Path(name), given.runs)
        try:
            for workload in workloads(given.rows, given.objects):
                contest.run(workload)
        finally:
            contest.engine.stop()
    print(_table(contest.cases))
    print(f"{_report.machine_line()}; {given.runs} runs of each, medians; load average before: {load}")
    if given.json:
        figures = {"load_before": load, "rows_per_second": contest.cases}
        _report.write_json(given.json, "transform_throughput", figures)


def _table(cases: Sequence[Mapping[str, Any]]) -> str:
    headings = [
        "rows a second",
        "instances",
        "engine",
        "bare loop",
        "share",
        "local mode",
        "times",
        "no docker",
        "times",
    ]
    return _report.columns(headings, [_row(case) for case in cases])


def _row(case: Mapping[str, Any]) -> list[str]:
    ours, bare = median(case["engine"]), median(case["bare_loop"])
    row = [case["workload"], str(case["instances"]), f"{ours:,.0f}", f"{bare:,.0f}", f"{ours / bare:.0%}"]
    for name in ("local_mode_shipped", "local_mode_stubbed"):
        if name in case:
            theirs = median(case[name])
            row += [f"{theirs:,.0f}", f"{ours / theirs:,.1f}"]
        else:
            row += ["needs docker", ""]
    return row


def _arguments() -> argparse.Namespace:
    parser = _report.parser("transform_throughput", __doc__ or "")
    parser.add_argument("--rows", type=int, default=200_000, help="rows of the large workloads (%(default)s)")
    parser.add_argument("--objects", type=int, default=5_000, help="objects of two rows each (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
