"""Whether a job can be lost: many jobs through the API while every process is killed at random moments.

    ./deck bench chaos [--jobs 500] [--clients 4] [--seed N] [--pause LOW HIGH] [--json FILE]

Starts a house of its own. Each client repeats a request only when no answer came. kill -9 goes to the worker, beat,
web, engine and broker, and to children of worker and web; once the broker is emptied, and once the disk of all the
house's data is full for a while (where a small one can be mounted: as root). With DATABASE_URL and
REDIS_URL the house works on those, which are not killed; both must be for this run alone.

The exit status is 0 when every job that was submitted ended Completed, exactly once. Linux only.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench import _report
from bench._client import Api
from bench._killing import Killer
from bench._tiny import job, prepare, sagemaker
from tests.support.house import CHECKOUT, House
from tests.support.small_disk import CannotMount, SmallDisk, small_disk

ENDED = ("COMPLETED", "FAILED", "STOPPED", "REJECTED", "CANCELLED")
#: Seconds without any job ending, kills over, after which the rest counts as stuck: two leases and more.
STUCK_AFTER = 240.0
#: Of the disk that is filled: a house with a few thousand small jobs has a tenth of it.
_MEGABYTES = 512


@dataclass
class Outcome:
    """The outcome of the jobs. `lost`, `doubled`, `stuck` and `otherwise` map names to what happened."""

    submitted: int
    ended_once: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    otherwise: list[str] = field(default_factory=list)
    repeated_requests: int = 0
    emptied: int = 0
    filled: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def is_perfect(self) -> bool:
        """Whether every job ended Completed, once."""
        wrong = self.lost or self.doubled or self.stuck or self.otherwise
        return not wrong and self.ended_once == self.submitted


def run(
    house: House,
    jobs: int,
    clients: int,
    seed: int,
    pause: tuple[float, float],
    disk: SmallDisk | None = None,
) -> Outcome:
    """Submit, kill, wait, count; the house must run, and runs on. `disk` is what its data is on, to be filled."""
    token = house.token()
    prepare(house, Api(house.url, token))
    killer = Killer(house, random.Random(seed), pause, disk=disk)
    names = [f"chaos-{seed}-{number:04}" for number in range(jobs)]
    callers = [Api(house.url, token) for _ in range(clients)]
    over = threading.Event()
    killing = threading.Thread(target=killer.run, args=(over, 3), name="killer")
    began = time.monotonic()
    killing.start()
    try:
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(submit, callers, [names[number::clients] for number in range(clients)]))
        # The last kills hit a house that only follows; then it is left in peace to finish.
        wait(callers[0], jobs, lambda count_of_ended: count_of_ended >= jobs * 0.8)
    finally:
        over.set()
        killing.join()
    wait(callers[0], jobs, lambda count_of_ended: count_of_ended == jobs)
    outcome = count(house, callers[0], names)
    outcome.seconds = time.monotonic() - began
    outcome.repeated_requests = sum(caller.repeats for caller in callers)
    outcome.kills, outcome.emptied, outcome.filled = dict(killer.kills), killer.emptied, killer.filled
    return outcome


def submit(api: Api, names: list[str]) -> None:
    """One client's jobs, one after the other."""
    for name in names:
        api.submit(job(name))


def wait(api: Api, jobs: int, enough: Callable[[int], bool]) -> None:
    """Wait until enough jobs have ended, or none has for so long that the rest is stuck."""
    ended_count, since = -1, time.monotonic()
    while True:
        now = sum(1 for _ in api.every("jobs/?state=ended&limit=200"))
        if now != ended_count:
            ended_count, since = now, time.monotonic()
            print(f"{ended_count} of {jobs} have ended", file=sys.stderr, flush=True)
        if enough(ended_count) or time.monotonic() - since > STUCK_AFTER:
            return
        time.sleep(2)


def count(house: House, api: Api, names: list[str]) -> Outcome:
    """Compare the dashboard's and the engine's states of these jobs."""
    outcome = Outcome(len(names))
    rows = {row["name"]: row for row in api.every("jobs/?limit=200")}
    copies = in_engine(house)
    for name in names:
        if name not in rows:
            outcome.lost.append(name)
            continue
        row = api.get(f"jobs/{rows[name]['id']}/")
        ends = [event["to_state"] for event in row["events"] if event["to_state"] in ENDED]
        if row["state"] not in ENDED:
            outcome.stuck.append(f"{name}: {row['state']} {row['state_reason']}")
        elif len(ends) != 1 or copies[row["id"]] != 1:
            outcome.doubled.append(f"{name}: ends {ends}, {copies[row['id']]} jobs in the engine")
        elif row["state"] != "COMPLETED" or row["warnings"]:
            outcome.otherwise.append(f"{name}: {row['state']} {row['state_reason']} {row['warnings']}")
        else:
            outcome.ended_once += 1
    return outcome


def in_engine(house: House) -> Counter[str]:
    """The number of the engine's transform jobs for each of our jobs, by their tag."""
    client = sagemaker(house)
    job_counts: Counter[str] = Counter()
    for page in client.get_paginator("list_transform_jobs").paginate():
        for row in page["TransformJobSummaries"]:
            tags = client.list_tags(ResourceArn=row["TransformJobArn"])["Tags"]
            job_counts.update(tag["Value"] for tag in tags if tag["Key"] == "batchdeck:job")
    return job_counts


def report(outcome: Outcome) -> str:
    """The counts as a table, and each job that is not as it should be."""
    rows = [
        ["submitted", str(outcome.submitted)],
        ["ended Completed, once", str(outcome.ended_once)],
        *([name, str(len(getattr(outcome, name)))] for name in ("lost", "doubled", "stuck", "otherwise")),
        ["requests sent again", str(outcome.repeated_requests)],
        ["broker emptied", str(outcome.emptied)],
        ["disk full", str(outcome.filled)],
        *([f"kills of {name}", str(count)] for name, count in sorted(outcome.kills.items())),
        ["seconds", f"{outcome.seconds:.0f}"],
    ]
    wrong = [*outcome.lost, *outcome.doubled, *outcome.stuck, *outcome.otherwise]
    return "\n".join([_report.columns(["jobs", "number"], rows), *wrong])


def main() -> int:
    """Run the benchmark; returns the exit status."""
    options = _arguments()
    load = _report.load()
    # A house that a test starts is kept from the database of the test run; this one is to have it.
    outside = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if name in os.environ}
    with tempfile.TemporaryDirectory(prefix="batchdeck-chaos-") as folder, ExitStack() as stack:
        disk = _disk(stack, Path(folder) / "data")
        house = House(CHECKOUT, Path(folder) / "data", **outside)
        try:
            house.start("--no-sample", within=900)
            outcome = run(house, options.jobs, options.clients, options.seed, tuple(options.pause), disk)
        finally:
            house.stop()
            house.kill()
            if options.log:
                options.log.write_text(house.printed_text())
    print(report(outcome))
    print(f"{_report.machine_line()}; seed {options.seed}; load average before: {load}")
    if options.json:
        figures = {"seed": options.seed, "load_before": load, "outside": sorted(outside), **asdict(outcome)}
        _report.write_json(options.json, "chaos", figures)
    return 0 if outcome.is_perfect else 1


def _disk(stack: ExitStack, folder: Path) -> SmallDisk | None:
    """A small disk at `folder` until the stack ends; None, with the reason printed, if none can be mounted."""
    try:
        return stack.enter_context(small_disk(folder, _MEGABYTES))
    except CannotMount as error:
        print(f"The disk will not be full in this run: {error}", file=sys.stderr)
        return None


def _arguments() -> argparse.Namespace:
    parser = _report.parser("chaos", __doc__ or "", runs=None)
    parser.add_argument("--jobs", type=int, default=500, help="jobs to submit (%(default)s)")
    parser.add_argument("--clients", type=int, default=4, help="callers at once (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of what is killed when (%(default)s)")
    parser.add_argument(
        "--pause", type=float, nargs=2, default=[2, 8], metavar=("LOW", "HIGH"), help="seconds between kills"
    )
    parser.add_argument("--log", type=Path, metavar="FILE", help="keep what the house printed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
