"""Inside one database of `./deck bench pages`: answers each line of stdin, an address and how often, with seconds."""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
django.setup()

from django.contrib.staticfiles import finders  # noqa: E402
from django.db import connection  # noqa: E402  # Django first
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from jobs.models import TransformJob  # noqa: E402
from jobs.services.listing import saved_views  # noqa: E402
from jobs.states import JobState  # noqa: E402
from teams.models import Membership, Team, User  # noqa: E402

#: More than a page shows.
_TODAY = 60
#: What a day brought: so many jobs of each, however long the history.
_OF_TODAY: tuple[dict[str, Any], ...] = (
    {"state": JobState.FAILED, "cause": "wrong-columns", "warnings": []},
    {
        "state": JobState.COMPLETED,
        "cause": "",
        "warnings": [{"code": "rows-differ", "text": "An output has another number of rows."}],
    },
    {"state": JobState.IN_PROGRESS, "cause": "", "warnings": []},
)


def fill_today(team: Team) -> None:
    """Let the team's newest jobs of its first model fail, warn or run today, so that lists of now are full.

    A year's thousand jobs are three a day: lists of them would be short where those of a million are full, and the
    difference would be that of rows, not of the history behind them.
    """
    newest = TransformJob.objects.for_team(team).filter(model_name="churn", archived_at=None).order_by("-id")
    jobs = [*newest[: _TODAY * len(_OF_TODAY)]]
    for number, job in enumerate(jobs):
        for column, value in _OF_TODAY[number % len(_OF_TODAY)].items():
            setattr(job, column, value)
        at = timezone.now() - timedelta(minutes=number)
        job.started_at, job.ended_at = at, None if job.state == JobState.IN_PROGRESS else at
    TransformJob.objects.bulk_update(jobs, [*_OF_TODAY[0], "started_at", "ended_at"])
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE jobs_transformjob, jobs_daysum")


def answer(client: Client, path: str, times: int) -> dict[str, object]:
    """Seconds of each of `times` requests, the queries of one, and how many rows its list shows."""
    with CaptureQueriesContext(connection) as captured_queries:
        first = client.get(path)
        # Read now: the next request clears the log.
        queries = len(captured_queries)
    if first.status_code != 200:
        raise SystemExit(f"{path} answered {first.status_code}")
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        client.get(path)
        seconds.append(time.perf_counter() - began)
    body = first.content
    rows = (
        len(json.loads(body)["results"])
        if path.startswith("/api/")
        else body.count(b'class="cut ends strong"')
    )
    return {"seconds": seconds, "queries": queries, "rows": rows, "bytes": len(body)}


def weight(client: Client, path: str) -> dict[str, int]:
    """Bytes over the wire of a first visit with nothing cached: the page, and each file that it or a sheet names."""
    body = client.get(path, headers={"Accept-Encoding": "gzip"}).content
    sizes = {"page": len(body)}
    text = gzip.decompress(body).decode()
    waiting = set(re.findall(r'(?:href|src)="/static/([^"#]+)', text))
    while waiting:
        name = waiting.pop()
        file = finders.find(name)
        if not file or name in sizes:
            continue
        sent = Path(file).read_bytes()
        if name.endswith(".css"):
            waiting |= {f"vendor/{font}" for font in re.findall(r"url\(vendor/([\w.-]+)\)", sent.decode())}
        sizes[name] = len(sent if name.endswith(".woff2") else gzip.compress(sent, 9))
    return sizes


def main() -> None:
    """Answer requests until stdin ends."""
    client = Client()
    client.force_login(
        User.objects.get(username="seed-01-ada"), backend="django.contrib.auth.backends.ModelBackend"
    )
    member = Membership.objects.get(user__username="seed-01-ada")
    saved_views.save(member, "Bench", {"state": "failed"}, shared=True)
    fill_today(member.team)
    key = TransformJob.objects.for_team(member.team).filter(state=JobState.FAILED).latest("id").key
    for line in sys.stdin:
        request = json.loads(line)
        if request.get("weigh"):
            print(json.dumps(weight(client, request["path"].format(job=key))), flush=True)
            continue
        print(json.dumps(answer(client, request["path"].format(job=key), request["times"])), flush=True)


if __name__ == "__main__":
    main()
