"""Rows a second through batch transform: the engine beside a bare loop and the SageMaker SDK's local mode.

    ./deck bench transform_throughput [--runs N] [--only WORKLOAD] [--rows N] [--objects N] [--in-flight N]

Three workloads in one run on one machine, with one model and the same model server for all. The bare loop
posts the same ready-made payloads and drops the answers: nobody who sends them can be much faster. Local mode is
shown as shipped and without the docker commands that it runs for each request; it has one instance and one request
at a time, and where it would take hours it does the first part of the workload.

A fourth workload, whole-job, is a job on two instances from its creation to its end beside the whole process of the
script that a person would write (bench/_script.py).
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

from bench import _report
from bench._beside import bare_loop, local_mode, script, script_python, sdk_python
from bench._engine import Engine
from bench._workload import CHECKOUT, Workload, make_model, rows

#: What share of each workload local mode is given: as shipped, and without its docker commands. It sends one
#: request after the other, so its rate does not depend on how many there are.
_LOCAL_SHARE = {"multi-record": (0.3, 0.3), "single-record": (0.005, 0.1), "small-objects": (0.05, 0.5)}

_WHOLE_JOB = "whole-job"


def workloads(count: int, objects: int, in_flight: int) -> list[Workload]:
    """The three workloads: many records a request, one record a request, many small objects."""
    content = b"".join(rows(count))
    lines = content.splitlines(keepends=True)
    pairs = [b"".join(lines[2 * n : 2 * n + 2]) for n in range(objects)]
    middle = len(content) // 2 + content[len(content) // 2 :].index(b"\n") + 1
    # Two objects: an object is never divided, so one alone would leave a second instance idle.
    halves = [content[:middle], content[middle:]]
    return [
        Workload("multi-record", halves, count, "MultiRecord", in_flight),
        Workload("single-record", halves, count, "SingleRecord", in_flight),
        Workload("small-objects", pairs, 2 * objects, "MultiRecord", in_flight),
    ]


def whole_job(count: int) -> Workload:
    """Rows in two objects, many a request."""
    return replace(workloads(count, 0, 4)[0], name=_WHOLE_JOB)


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
        self.engine = Engine(folder / "engine", folder / "training" / "model.tar.gz")
        self.cases: list[dict[str, Any]] = []
        self.whole_jobs: dict[str, list[float]] = {"engine": [], "script": []}

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

    def run_whole_job(self, workload: Workload) -> None:
        """Seconds of a job from its creation to its end, and of the script that gives the same numbers."""
        self.engine.upload(workload)
        python = script_python(CHECKOUT / ".runtimes")
        self.engine.seconds(workload, 2)  # Files and environments are in the page cache after that.
        script(python, self._model, workload)
        for _ in range(self._runs):
            self.engine.seconds(workload, 2)
            self.whole_jobs["engine"].append(self.engine.overhead(workload)[1])
            seconds, output = script(python, self._model, workload)
            self.whole_jobs["script"].append(seconds)
            assert _numbers(output) == _numbers(self.engine.output(workload)), "other predictions"

    def _beside(self, workload: Workload, instances: int) -> dict[str, float]:
        """Rows a second of the engine and the bare loop."""
        ours = workload.rows / self.engine.seconds(workload, instances)
        assert self.engine.output(workload).count(b"\n") == workload.rows, "a row is missing"
        return {"engine": ours, "bare_loop": workload.rows / bare_loop(self._model, workload, instances)}

    @cached_property
    def _sdk_python(self) -> Path:
        return sdk_python(CHECKOUT / ".runtimes")

    def _local_mode(self, workload: Workload) -> dict[str, float]:
        """Rows a second of local mode; as shipped it needs the docker command."""
        rates = {}
        for lookups, share in zip(("shipped", "stubbed"), _LOCAL_SHARE[workload.name], strict=True):
            if lookups == "stubbed" or shutil.which("docker"):
                some = part(workload, share)
                rates[f"local_mode_{lookups}"] = some.rows / local_mode(
                    self._sdk_python, self._model, some, lookups=lookups
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
            if options.only in (None, _WHOLE_JOB):
                contest.run_whole_job(whole_job(options.whole_job_rows))
        finally:
            contest.engine.stop()
    if contest.cases:
        print(_table(contest.cases))
    if contest.whole_jobs["engine"]:
        print(_report.table(contest.whole_jobs))
        times = median(
            a / b for a, b in zip(contest.whole_jobs["script"], contest.whole_jobs["engine"], strict=True)
        )
        print(
            f"{_WHOLE_JOB} of {options.whole_job_rows:,} rows: the engine is {times:.2f} times as fast as the script"
        )
    how = f"{options.in_flight} in flight, {options.runs} runs of each, medians of rates and of ratios"
    print(f"{_report.machine_line()}; {how}; load average before: {load}")
    if options.json:
        figures = {
            "load_before": load,
            "in_flight": options.in_flight,
            "rows_per_second": contest.cases,
            "whole_job_seconds": contest.whole_jobs,
        }
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


def _numbers(output: bytes) -> array[float]:
    """The predictions as the model makes them, whatever their number of digits."""
    return array("f", map(float, output.split()))


def _rates(case: Mapping[str, Any], *names: str) -> list[str]:
    return [f"{median(case[name]):,.0f}" for name in names]


def _times(case: Mapping[str, Any], rival: str) -> float:
    """The median over the runs of the engine's rate divided by the rival's."""
    return float(median(ours / theirs for ours, theirs in zip(case["engine"], case[rival], strict=True)))


def _arguments() -> argparse.Namespace:
    parser = _report.parser("transform_throughput", __doc__ or "")
    parser.add_argument("--only", choices=[*_LOCAL_SHARE, _WHOLE_JOB], help="one workload (default: all)")
    parser.add_argument("--rows", type=int, default=200_000, help="rows of the large workloads (%(default)s)")
    parser.add_argument(
        "--whole-job-rows", type=int, default=1_000_000, help="rows of the whole job (%(default)s)"
    )
    parser.add_argument("--objects", type=int, default=5_000, help="objects of two rows each (%(default)s)")
    parser.add_argument(
        "--in-flight", type=int, default=4, help="MaxConcurrentTransforms, of the bare loop too (%(default)s)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
