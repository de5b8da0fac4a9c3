"""Pages and API at a thousand jobs and at a million, on PostgreSQL.

    DATABASE_URL=postgres://… ./deck bench pages [--jobs 1000000] [--rounds 5] [--json FILE]

Makes two databases of its own beside the one that DATABASE_URL names, seeds a thousand jobs of one team into one and
the million, over 50 teams of which the largest is looked at, into the other, lets sixty jobs of each fail, warn and run
today, asks both in turns, and drops them.
Requests are made in the process that answers them, so the figures are of the service alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import quantiles
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from bench import _report
from tests.support.house import CHECKOUT

FEW = 1000
#: Requests for each page and database in a round.
TIMES = 12
#: Pages whose first visit is weighed.
_WEIGHED = ("/", "/jobs/", "/jobs/new/")
PAGES = {
    "home": "/",
    "list": "/jobs/",
    "API list": "/api/v1/jobs/",
    "state=failed": "/jobs/?state=failed",
    "state=active": "/jobs/?state=active",
    "state=ended": "/jobs/?state=ended",
    "model": "/jobs/?model=churn",
    "model and a rare word": "/jobs/?model=churn&text=-0000777",
    "owner": "/jobs/?owner=me",
    "connection": "/jobs/?connection=trial",
    "instance_type": "/jobs/?instance_type=ml.g5.xlarge",
    "cause": "/jobs/?cause=wrong-columns",
    "failures by cause, 30 days": "/jobs/?group=cause&ended=30d",
    "failures by cause, all": "/jobs/?group=cause",
    "needs attention": "/jobs/?attention=true",
    "failed in a day": "/jobs/?state=failed,rejected&ended=24h",
    "a saved view, all columns": (
        "/jobs/?state=failed&cols=model,path,progress,cause,duration,cost,instance,connection,tags,owner,started,ended,"
        "submitted&view=bench"
    ),
    "since, until": "/jobs/?since=300d&until=60d",
    "tag": "/jobs/?tag=team%3Dgrowth",
    "path, many": "/jobs/?path=s3://predictions/churn",
    "path, none": "/jobs/?path=s3://nowhere/at/all",
    "text, many": "/jobs/?text=fraud",
    "text, one": "/jobs/?text=-0000777",
    "external": "/jobs/?external=true",
    "archived": "/jobs/?archived=true",
    "failed of a model": "/jobs/?state=failed&model=churn",
    "by duration": "/jobs/?sort=-duration",
    "by name": "/jobs/?sort=name",
    "models": "/models/",
    "API models": "/api/v1/models/",
    "a job": "/jobs/{job}/",
    "costs": "/costs/",
}


class Place:
    """One database with its jobs, and a process that answers from it."""

    def __init__(self, server: str, name: str, jobs: int, teams: int) -> None:
        parts = urlsplit(server)
        self.env = {
            **os.environ,
            "DATABASE_URL": urlunsplit(parts._replace(path=f"/{name}")),
            "BATCHDECK_ALLOWED_HOSTS": "testserver",
        }
        began = time.monotonic()
        self._manage("migrate", "--verbosity", "0")
        self._manage("seed_history", "--jobs", str(jobs), "--teams", str(teams))
        self.seeded = time.monotonic() - began
        inside = [sys.executable, "-m", "bench._pages_inside"]
        self.process = subprocess.Popen(
            inside, cwd=CHECKOUT, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, path: str, times: int) -> dict[str, object]:
        """The figures of `_pages_inside`."""
        return self._send({"path": path, "times": times})

    def weigh(self, path: str) -> dict[str, int]:
        """Bytes over the wire of a first visit to the page, by file."""
        return self._send({"path": path, "weigh": True})  # type: ignore[return-value]

    def _send(self, request: dict[str, object]) -> dict[str, object]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"The process that answers ended at {request}.")
        response: dict[str, object] = json.loads(line)
        return response

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(30)

    def _manage(self, *arguments: str) -> None:
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=CHECKOUT, env=self.env, check=True, stdout=sys.stderr)


@contextmanager
def own_database(server: str, name: str) -> Iterator[str]:
    """A new database of this name on the server, dropped at the end."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield name
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def measure(few: Place, many: Place, rounds: int) -> dict[str, dict[str, object]]:
    """Figures of every page, from both places in turns."""
    figures: dict[str, dict[str, object]] = {}
    for path in PAGES.values():
        few.ask(path, 3), many.ask(path, 3)
    for _ in range(rounds):
        for name, path in PAGES.items():
            mine = figures.setdefault(name, {"path": path, "few": [], "many": []})
            for side, place in (("few", few), ("many", many)):
                answer = place.ask(path, TIMES)
                mine[side] += answer.pop("seconds")  # type: ignore[operator]
                mine[f"{side}_page"] = answer
    return figures


def p95(seconds: list[float]) -> float:
    """In milliseconds."""
    return quantiles(seconds, n=20, method="inclusive")[18] * 1000


def report(figures: dict[str, dict[str, object]], jobs: int) -> str:
    """p95 of each page at both sizes, and their ratio."""
    rows = []
    for name, page_figures in figures.items():
        few, many = p95(page_figures["few"]), p95(page_figures["many"])  # type: ignore[arg-type]
        pages = page_figures["few_page"], page_figures["many_page"]
        row_counts = " / ".join(str(page["rows"]) for page in pages)  # type: ignore[index]
        queries = " / ".join(str(page["queries"]) for page in pages)  # type: ignore[index]
        rows.append([name, f"{few:.0f} ms", f"{many:.0f} ms", f"{many / few:.2f}", row_counts, queries])
    headings = ["p95", f"{FEW:,} jobs", f"{jobs:,} jobs", "ratio", "rows shown", "queries"]
    return _report.columns(headings, rows)


def main() -> int:
    """Run the benchmark; returns the exit status."""
    parser = _report.parser("pages", __doc__ or "", runs=None)
    parser.add_argument(
        "--jobs", type=int, default=1_000_000, help="jobs of the large database (%(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds over all pages (%(default)s)")
    options = parser.parse_args()
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        print("DATABASE_URL must name a PostgreSQL where databases may be made.", file=sys.stderr)
        return 2
    load, name = _report.load(), f"batchdeck_pages_{os.getpid()}"
    with own_database(server, f"{name}_few") as few_name, own_database(server, f"{name}_many") as many_name:
        few, many = Place(server, few_name, FEW, 1), Place(server, many_name, options.jobs, 50)
        try:
            figures = measure(few, many, options.rounds)
            weights = {path: sum(many.weigh(path).values()) for path in _WEIGHED}
        finally:
            few.close()
            many.close()
    print(report(figures, options.jobs))
    for path, size in weights.items():
        print(f"First visit to {path}: {size / 1000:.0f} KB compressed, with style, scripts and fonts.")
    print(f"{options.jobs:,} jobs were written in {many.seeded:.0f} s, with their indexes.")
    print(f"{_report.machine_line()}; load average before: {load}")
    if options.json:
        contents = {
            "load_before": load,
            "seeded_seconds": many.seeded,
            "pages": figures,
            "first_visit": weights,
        }
        _report.write_json(options.json, "pages", contents)
    return 0


if __name__ == "__main__":
    sys.exit(main())
