"""Rows a second through batch transform: the engine beside a bare loop and the SageMaker SDK's local mode.

    ./deck bench transform_throughput [--runs N] [--only WORKLOAD] [--rows N] [--objects N] [--in-flight N]

Three workloads in one run on one machine, with one model and the same model server for all. The bare loop
posts the same ready-made payloads and drops the answers: nobody who sends them can be much faster. Local mode is
shown as shipped and without the docker commands that it runs for each request; it has one instance and one request
at a time, and where it would take hours it does the first part of the workload.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from bench import _report
from bench._beside import bare_loop, local_mode, sdk_python
from bench._engine import Engine
from bench._workload import CHECKOUT, Workload, make_model, rows

#: What share of each workload local mode is given: as shipped, and without its docker commands. It sends one
#: request after the other, so its rate does not depend on how many there are.
_LOCAL_SHARE = {"multi-record": (0.3, 0.3), "single-record": (0.005, 0.1), "small-objects": (0.05, 0.5)}


def workloads(count: int, objects: int, in_flight: int) -> list[Workload]:
    """The three workloads: many records a request, one record a request, many small objects."""
    whole = b"".join(rows(count))
    lines = whole.splitlines(keepends=True)
    pairs = [b"".join(lines[2 * n : 2 * n + 2]) for n in range(objects)]
    half = len(whole) // 2 + whole[len(whole) // 2 :].index(b"\n") + 1
    # Two objects: an object is never divided, so one alone would leave a second instance idle.
    halves = [whole[:half], whole[half:]]
    return [
        Workload("multi-record", halves, count, "MultiRecord", in_flight),
        Workload("single-record", halves, count, "SingleRecord", in_flight),
        Workload("small-objects", pairs, 2 * objects, "MultiRecord", in_flight),
    ]


def part(workload: Workload, share: float) -> Workload:
    """The first part of a workload."""
    if len(workload.objects) > 2:
        count = int(len(workload.objects) * share)
        return replace(workload, objects=workload.objects[:count], rows=2 * count)
    lines = workload.objects[0].splitlines(keepends=True)[: int(workload.rows * share)]
    return replace(workload, objects=[b"".join(lines)], rows=len(lines))


class Contest:
    """All contestants and their figures."""

    def __init__(self, folder: Path, runs: int) -> None:
        self._runs = runs
        self._model = make_model(folder / "training")
        self._sdk = sdk_python(CHECKOUT / ".runtimes")
        self.engine = Engine(folder / "engine", folder / "training" / "model.tar.gz")
        self.cases: list[dict[str, Any]] = []

    def run(self, workload: Workload) -> None:
        """One workload, the contestants taking turns: the machine may be slower in one minute than in the next."""
        self.engine.upload(workload)
        cases: list[dict[str, Any]] = [
            {"workload": workload.name, "instances": instances} for instances in (1, 2)
        ]
        for _ in range(self._runs):
            local = self._local_mode(workload)
            for case in cases:
                for name, rate in {**self._beside(workload, case["instances"]), **local}.items():
                    case.setdefault(name, []).append(rate)
        self.cases += cases

    def _beside(self, workload: Workload, instances: int) -> dict[str, float]:
        """Rows a second of the engine and the bare loop."""
        ours = workload.rows / self.engine.seconds(workload, instances)
        assert self.engine.output(workload).count(b"\n") == workload.rows, "a row is missing"
        return {"engine": ours, "bare_loop": workload.rows / bare_loop(self._model, workload, instances)}

    def _local_mode(self, workload: Workload) -> dict[str, float]:
        """Rows a second of local mode; as shipped it needs the docker command."""
        rates = {}
        for lookups, share in zip(("shipped", "stubbed"), _LOCAL_SHARE[workload.name], strict=True):
            if lookups == "stubbed" or shutil.which("docker"):
                some = part(workload, share)
                rates[f"local_mode_{lookups}"] = some.rows / local_mode(
                    self._sdk, self._model, some, lookups=lookups
                )
        return rates


def main() -> None:
    """Run everything and print the table."""
    options = _arguments()
    load = _report.load()
    with tempfile.TemporaryDirectory() as name:
        contest = Contest(Path(name), options.runs)
        try:
            for workload in workloads(options.rows, options.objects, options.in_flight):
                if options.only in (None, workload.name):
                    contest.run(workload)
        finally:
            contest.engine.stop()
    print(_table(contest.cases))
    how = f"{options.in_flight} in flight, {options.runs} runs of each, medians of rates and of ratios"
    print(f"{_report.machine_line()}; {how}; load average before: {load}")
    if options.json:
        figures = {"load_before": load, "in_flight": options.in_flight, "rows_per_second": contest.cases}
        _report.write_json(options.json, "transform_throughput", figures)


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
    row = [case["workload"], str(case["instances"]), *_rates(case, "engine", "bare_loop")]
    row.append(f"{_times(case, 'bare_loop'):.0%}")
    for name in ("local_mode_shipped", "local_mode_stubbed"):
        row += [*_rates(case, name), f"{_times(case, name):,.1f}"] if name in case else ["needs docker", ""]
    return row


def _rates(case: Mapping[str, Any], *names: str) -> list[str]:
    return [f"{median(case[name]):,.0f}" for name in names]


def _times(case: Mapping[str, Any], rival: str) -> float:
    """The median over the runs of the engine's rate divided by the rival's."""
    return float(median(ours / theirs for ours, theirs in zip(case["engine"], case[rival], strict=True)))


def _arguments() -> argparse.Namespace:
    parser = _report.parser("transform_throughput", __doc__ or "")
    parser.add_argument("--only", choices=list(_LOCAL_SHARE), help="one workload (default: all)")
    parser.add_argument("--rows", type=int, default=200_000, help="rows of the large workloads (%(default)s)")
    parser.add_argument("--objects", type=int, default=5_000, help="objects of two rows each (%(default)s)")
    parser.add_argument(
        "--in-flight", type=int, default=4, help="MaxConcurrentTransforms, of the bare loop too (%(default)s)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
