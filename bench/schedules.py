"""Schedules that are due at one moment: how late each is submitted, and whether one is lost or doubled.

    ./deck bench schedules [--schedules 10000] [--kill] [--pause LOW HIGH] [--seed N] [--json FILE]

Starts a house of its own and a second beat beside it. The schedules are written to the database with one same time;
a run is submitted when its job is written. With --kill, kill -9 goes to the beats, the worker and its children as long
as runs are submitted. With DATABASE_URL and REDIS_URL the house works on those, which must be for this run alone.

The exit status is 0 when each schedule submitted exactly one job. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import quantiles

from bench import _report
from bench._client import Api
from bench._killing import SIGNS, children, command
from bench._tiny import job, prepare
from launcher.house import House as Note
from launcher.processes import QUICK
from launcher.surroundings import engine_credentials
from tests.support.house import CHECKOUT, House

#: Seconds between the writing of the schedules and their time.
_AHEAD = 20
#: Seconds without any further submission after which the rest counts as lost.
STUCK_AFTER = 180.0
_KILLED = ("beat", "worker")

_SEED = """
import sys
from datetime import UTC, datetime, timedelta
from django.utils import timezone
from jobs.batches import batched
from jobs.models import Connection, Preset
from schedules.models import Schedule
from teams.models import Membership
number, ahead = {number}, {ahead}
preset = Preset.objects.get(slug="{preset}")
Connection.objects.update(max_running=1)
user = Membership.objects.filter(team=preset.team, role="admin").first().user
def row(one, at):
    return Schedule(team=preset.team, preset=preset, slug=f"s-{{one}}", name=f"S {{one}}", timezone="UTC",
                    expression=f"at({{at:%Y-%m-%dT%H:%M:%S}})", output_path="s3://tiny/out/{{run}}/",
                    created_by=user, changed_by=user)
rows = [row(one, timezone.now()) for one in range(number)]
for batch in batched(rows, 1000):
    Schedule.objects.bulk_create(batch)
at = (timezone.now() + timedelta(seconds=ahead)).replace(microsecond=0)
Schedule.objects.update(next_run_at=at, expression=f"at({{at:%Y-%m-%dT%H:%M:%S}})")
print(at.timestamp())
"""
_COUNT = """
from schedules.models import ScheduledRun
print(ScheduledRun.objects.filter(state="started").count())
"""
_READ = """
import json
from collections import Counter
from jobs.models import TransformJob
from schedules.models import Schedule, ScheduledRun
runs = list(ScheduledRun.objects.values_list("schedule_id", "state", "started_at", "due_at"))
states = Counter(state for _, state, _, _ in runs)
by_schedule = Counter(schedule for schedule, *_ in runs)
late = [(started - due).total_seconds() for _, state, started, due in runs if state == "started"]
print(json.dumps({"states": states, "late": late, "jobs": TransformJob.objects.count(),
    "lost": Schedule.objects.count() - len(by_schedule), "doubled": sum(n - 1 for n in by_schedule.values())}))
"""


@dataclass
class Lateness:
    """What became of the schedules; `late` has the seconds from each one's time to its job."""

    schedules: int
    late: list[float] = field(default_factory=list)
    states: dict[str, int] = field(default_factory=dict)
    jobs: int = 0
    lost: int = 0
    doubled: int = 0
    kills: dict[str, int] = field(default_factory=dict)

    @property
    def is_perfect(self) -> bool:
        """Whether each schedule submitted exactly one job."""
        started = self.states.get("started", 0)
        return not (self.lost or self.doubled) and started == self.jobs == self.schedules


def run(house: House, schedules: int, dice: random.Random | None, pause: tuple[float, float]) -> Lateness:
    """Let the schedules come due and count; with `dice`, beats and worker are killed meanwhile."""
    api = Api(house.url, house.token())
    prepare(house, api)
    body = {name: value for name, value in job("x").items() if name not in ("name", "output_path")}
    api.post("presets/", {"name": "Tiny", "body": body})
    seed = _SEED.format(number=schedules, ahead=_AHEAD, preset="tiny")
    due = float(_shell(house, seed).splitlines()[-1])
    kills: Counter[str] = Counter()
    over, progress = threading.Event(), threading.Event()
    beat = Beat(house)
    keeping = threading.Thread(target=_trouble, args=(house, beat, dice, pause, due, over, progress, kills))
    keeping.start()
    try:
        _wait(house, schedules, due, progress)
    finally:
        over.set()
        keeping.join()
        beat.end()
    figures = json.loads(_shell(house, _READ).splitlines()[-1])
    return Lateness(schedules, kills=dict(kills), **figures)


class Beat:
    """A second beat on the house's database and broker."""

    def __init__(self, house: House) -> None:
        note = Note.read(house.data_dir)
        assert note is not None, "the house left no note"
        self._folder = house.data_dir.with_name("second-beat")
        self._folder.mkdir()
        self._env = {
            **os.environ,
            **{name: os.environ[name] for name in ("DATABASE_URL",) if name in os.environ},
            "PYTHONPATH": str(CHECKOUT),
            "REDIS_URL": note.redis_url,
            "BATCHDECK_DATA_DIR": str(house.data_dir),
            "BATCHDECK_ENGINE_URL": note.engine_url,
            "BATCHDECK_ENGINE_CREDENTIALS": str(engine_credentials(house.data_dir)),
        }
        self.start()

    def start(self) -> None:
        """Start it anew."""
        schedule = str(self._folder / "schedule")
        words = [
            "-m",
            "celery",
            "-A",
            "webapp",
            "--skip-checks",
            "beat",
            "--pidfile=",
            "-s",
            schedule,
            "--loglevel",
            "ERROR",
        ]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *words], env=self._env, cwd=CHECKOUT, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """kill -9, and another one in its place."""
        self.end()
        self.start()

    def end(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()


def _trouble(
    house: House,
    beat: Beat,
    dice: random.Random | None,
    pause: tuple[float, float],
    due: float,
    over: threading.Event,
    progress: threading.Event,
    kills: Counter[str],
) -> None:
    """From just before the schedules' time on, kill one after the other until it is over.

    Each kill waits for progress since the one before: a process that is killed while it starts never works.
    """
    if dice is None or over.wait(max(0.0, due - time.time() - 1)):
        return
    killed_at = dict.fromkeys(_KILLED, 0.0)
    while not over.wait(dice.uniform(*pause)):
        if not progress.is_set():
            continue
        name = dice.choice((*_KILLED, "second beat"))
        if name == "second beat":
            beat.kill()
        elif time.monotonic() - killed_at[name] < QUICK + 4 or not _kill(house, name, dice):
            # ./deck gives up on a process that dies again at once.
            continue
        else:
            killed_at[name] = time.monotonic()
        kills[name] += 1
        progress.clear()


def _kill(house: House, name: str, dice: random.Random) -> bool:
    """kill -9 of the house's beat or worker, or of one of the worker's children; False if it does not run."""
    pids = [pid for pid in children(house.pid) if SIGNS[name] in command(pid)]
    if name == "worker" and pids:
        pids += children(pids[0])
    try:
        os.kill(dice.choice(pids), signal.SIGKILL)
    except (IndexError, ProcessLookupError):
        return False
    return True


def _wait(house: House, schedules: int, due: float, progress: threading.Event) -> None:
    """Wait until all are submitted, or none has been for long; set `progress` when some were."""
    time.sleep(max(0.0, due - time.time()))
    count, since = -1, time.monotonic()
    while count < schedules and time.monotonic() - since < STUCK_AFTER:
        time.sleep(5)
        now = int(_shell(house, _COUNT).splitlines()[-1])
        if now != count:
            count, since = now, time.monotonic()
            progress.set()
            print(f"{count} of {schedules} are submitted", file=sys.stderr, flush=True)


def _shell(house: House, program: str) -> str:
    return house.deck("shell", "--no-imports", "-c", program)


def report(outcome: Lateness) -> str:
    """The figures as a table."""
    cuts = quantiles(outcome.late, n=20, method="inclusive") if len(outcome.late) > 1 else [0.0] * 19
    rows = [
        ["submitted, once", str(min(outcome.jobs, outcome.states.get("started", 0)))],
        ["lost", str(outcome.lost)],
        ["doubled", str(outcome.doubled + max(0, outcome.jobs - outcome.states.get("started", 0)))],
        ["lateness, p50", f"{cuts[9]:.1f} s"],
        ["lateness, p95", f"{cuts[18]:.1f} s"],
        ["lateness, longest", f"{max(outcome.late, default=0):.1f} s"],
        *([f"kills of {name}", str(count)] for name, count in sorted(outcome.kills.items())),
        *(
            [f"runs {state}", str(count)]
            for state, count in sorted(outcome.states.items())
            if state != "started"
        ),
    ]
    return _report.columns([f"{outcome.schedules} schedules due at once", ""], rows)


def main() -> int:
    """Run the benchmark; returns the exit status."""
    options = _arguments()
    load = _report.load()
    outside = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if name in os.environ}
    dice = random.Random(options.seed) if options.kill else None
    with tempfile.TemporaryDirectory(prefix="batchdeck-schedules-") as folder:
        house = House(CHECKOUT, Path(folder) / "data", **outside)
        try:
            house.start("--no-sample", within=900)
            outcome = run(house, options.schedules, dice, tuple(options.pause))
        finally:
            house.stop()
            house.kill()
    print(report(outcome))
    print(f"{_report.machine_line()}; load average before: {load}")
    if options.json:
        _report.write_json(options.json, "schedules", {"load_before": load, **asdict(outcome)})
    return 0 if outcome.is_perfect else 1


def _arguments() -> argparse.Namespace:
    parser = _report.parser("schedules", __doc__ or "", runs=None)
    parser.add_argument("--schedules", type=int, default=10_000, help="how many are due (%(default)s)")
    parser.add_argument("--kill", action="store_true", help="kill beats and worker meanwhile")
    parser.add_argument("--seed", type=int, default=1, help="of what is killed when (%(default)s)")
    parser.add_argument(
        "--pause", type=float, nargs=2, default=[4, 10], metavar=("LOW", "HIGH"), help="seconds between kills"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
