"""AWS calls a minute of one connection's poller, with ten, a thousand and ten thousand jobs in flight.

    ./deck bench poller [--jobs 10 1000 10000] [--polls 3] [--json FILE]

The account is a server in this program that answers from memory: the embedded engine runs the jobs that it has, and
no machine runs ten thousand. The poller is the product's own, on a SQLite database of its own, which it has brought
up to date once before anything is counted: a poll after that is one of a quiet minute, when no job changes.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import django
from django.core.management import call_command

from bench import _report
from bench._fake_account import FakeAccount

if TYPE_CHECKING:
    from jobs.models import Connection


def main() -> int:
    """Run the benchmark; returns the exit status."""
    options = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        _use_database_in(Path(folder))
        cases = [case(count, options.polls) for count in options.jobs]
    rows = [
        [f"{figures['jobs']:,}", f"{figures['first']:,}", *(f"{figures[name]:,.4g}" for name in _COLUMNS)]
        for figures in cases
    ]
    print(_report.columns(["jobs in flight", "calls of the first poll", *_COLUMNS.values()], rows))
    print(f"{_report.machine_line()}; load average: {_report.load()}")
    if options.json:
        _report.write_json(options.json, "poller", {"cases": cases})
    return 0


_COLUMNS = {
    "calls": "calls of a poll",
    "seconds": "seconds of a poll",
    "calls_per_minute": "calls a minute",
}


def case(count: int, polls: int) -> dict[str, float]:
    """Polls of one account with so many jobs, none of which changes meanwhile."""
    from jobs.models import Connection

    names = [f"job-{number:05}" for number in range(count)]
    with FakeAccount(names) as account:
        connection = _connection(account, names)
        first = 0
        while _unseen(connection):
            first += poll(connection, account)[0]
        polls_done = [poll(connection, account) for _ in range(polls)]
    calls, seconds = (
        median(figures[0] for figures in polls_done),
        median(figures[1] for figures in polls_done),
    )
    # What the poller leaves between two polls of an AWS account, added to what a poll takes.
    interval = Connection(kind=Connection.Kind.AWS).poll_interval.total_seconds()
    minute = calls * 60 / (interval + seconds)
    return {"jobs": count, "first": first, "calls": calls, "seconds": seconds, "calls_per_minute": minute}


def poll(connection: Connection, account: FakeAccount) -> tuple[int, float]:
    """Calls and seconds of one poll."""
    from jobs.lifecycle.follow import polling

    before, began = account.calls.total(), time.perf_counter()
    type(connection).objects.filter(pk=connection.pk).update(polled_at=None)
    polled = polling.poll(connection.pk)
    assert polled.is_done, "another poll holds the connection"
    assert not polled.problem, polled.problem
    return account.calls.total() - before, time.perf_counter() - began


def _connection(account: FakeAccount, names: list[str]) -> Connection:
    from jobs.models import Connection, TransformJob
    from jobs.states import JobState
    from teams.models import Team

    team = Team.objects.create(name=account.url, slug=f"team-{len(names)}")
    connection = Connection.objects.create(
        team=team,
        slug="fake",
        name="Fake",
        kind=Connection.Kind.ENGINE,
        endpoint_url=account.url,
        # It adds a call a minute, and one for each hundred jobs that others make.
        import_external=False,
    )
    TransformJob.objects.bulk_create(
        TransformJob(
            team=team,
            connection=connection,
            model_name="churn",
            name=name,
            spec={"data": "s3://bucket/in/", "output_path": "s3://bucket/out/"},
            state=JobState.IN_PROGRESS,
        )
        for name in names
    )
    return connection


def _unseen(connection: Connection) -> bool:
    from jobs.models import TransformJob

    return TransformJob.objects.filter(connection=connection, remote_modified_at=None).exists()


def _use_database_in(folder: Path) -> None:
    keys = folder / "credentials.json"
    keys.write_text('{"access_key_id": "AKIDEXAMPLE", "secret_access_key": "secret"}')
    os.environ.pop("DATABASE_URL", None)
    os.environ["BATCHDECK_DATA_DIR"] = str(folder)
    os.environ["BATCHDECK_ENGINE_CREDENTIALS"] = str(keys)
    os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
    django.setup()
    call_command("migrate", verbosity=0)


def _arguments() -> argparse.Namespace:
    parser = _report.parser("poller", __doc__ or "", runs=None)
    parser.add_argument("--jobs", type=int, nargs="+", default=[10, 1000, 10_000], help="jobs in flight")
    parser.add_argument("--polls", type=int, default=3, help="polls that are counted (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
