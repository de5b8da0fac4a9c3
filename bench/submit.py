"""Jobs a second through the API until CreateTransformJob was called, and how long each waited for that.

    ./deck bench submit [--jobs 200] [--clients 4] [--json FILE]

A house of its own without a limit of jobs at once on its connection, so that nothing waits for its turn. The
latency is from the moment a client sends POST until the engine's CreationTime: both clocks are this machine's.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles

from bench import _report
from bench._client import Api
from bench._tiny import job, prepare, sagemaker
from tests.support.house import CHECKOUT, House, wait_until

#: Seconds for all jobs to reach the engine.
WITHIN = 600.0


def run(house: House, jobs: int, clients: int) -> dict[str, object]:
    """Submit the jobs, wait until the engine has them all, and say how long that took."""
    token = house.token()
    callers = [Api(house.url, token) for _ in range(clients)]
    prepare(house, callers[0])
    names = [f"submit-{number:04}" for number in range(jobs)]
    began = time.time()
    with ThreadPoolExecutor(clients) as pool:
        sent = [
            pair
            for pairs in pool.map(submit, callers, [names[number::clients] for number in range(clients)])
            for pair in pairs
        ]
    answered = time.time() - began
    created: dict[str, float] = {}

    def all_there() -> bool:
        created.update(created_in(house))
        return len(created) >= jobs

    wait_until(all_there, WITHIN, lambda: f"{len(created)} of {jobs} reached the engine")
    waited = [created[name] - at for name, at in sent]
    return {
        "jobs": jobs,
        "clients": clients,
        "answered_per_second": jobs / answered,
        "created_per_second": jobs / (max(created.values()) - began),
        "latencies": waited,
    }


def submit(api: Api, names: list[str]) -> list[tuple[str, float]]:
    """One client's jobs, one after the other; each name with the time at which POST was sent."""
    sent = []
    for name in names:
        sent.append((name, time.time()))
        api.submit(job(name))
    return sent


def created_in(house: House) -> dict[str, float]:
    """CreationTime of every job in the house's engine, in seconds since 1970."""
    pages = sagemaker(house).get_paginator("list_transform_jobs").paginate()
    rows = (row for page in pages for row in page["TransformJobSummaries"])
    return {row["TransformJobName"]: row["CreationTime"].timestamp() for row in rows}


def report(figures: dict[str, object]) -> str:
    """The figures as a table."""
    waited = figures["latencies"]
    assert isinstance(waited, list)
    cuts = quantiles(waited, n=20, method="inclusive")
    rows = [
        ["POST answered, jobs a second", f"{figures['answered_per_second']:.1f}"],
        ["CreateTransformJob, jobs a second", f"{figures['created_per_second']:.1f}"],
        ["from POST to Create, p50", f"{cuts[9]:.2f} s"],
        ["from POST to Create, p95", f"{cuts[18]:.2f} s"],
        ["from POST to Create, longest", f"{max(waited):.2f} s"],
    ]
    return _report.columns([f"{figures['jobs']} jobs, {figures['clients']} clients", ""], rows)


def main() -> int:
    """Run the benchmark; returns the exit status."""
    options = _arguments()
    load = _report.load()
    with tempfile.TemporaryDirectory(prefix="batchdeck-submit-") as folder:
        house = House(CHECKOUT, Path(folder) / "data")
        try:
            house.start("--no-sample", within=900)
            lift = "from jobs.models import Connection; Connection.objects.update(max_running=None)"
            house.deck("shell", "--no-imports", "-c", lift)
            figures = run(house, options.jobs, options.clients)
        finally:
            house.stop()
            house.kill()
    print(report(figures))
    print(f"{_report.machine_line()}; load average before: {load}")
    if options.json:
        _report.write_json(options.json, "submit", {"load_before": load, **figures})
    return 0


def _arguments() -> argparse.Namespace:
    parser = _report.parser("submit", __doc__ or "", runs=None)
    parser.add_argument("--jobs", type=int, default=200, help="jobs to submit (%(default)s)")
    parser.add_argument("--clients", type=int, default=4, help="callers at once (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
