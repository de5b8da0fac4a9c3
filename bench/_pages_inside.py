"""Inside one database of `./deck bench pages`: answers each line of stdin, an address and how often, with seconds."""

from __future__ import annotations

import json
import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
django.setup()

from django.db import connection  # noqa: E402  # Django first
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from teams.models import User  # noqa: E402


def answer(client: Client, path: str, times: int) -> dict[str, object]:
    """Seconds of each of `times` requests, the queries of one, and how many rows its list shows."""
    with CaptureQueriesContext(connection) as seen:
        first = client.get(path)
        # Read now: the next request clears the log.
        queries = len(seen)
    if first.status_code != 200:
        raise SystemExit(f"{path} answered {first.status_code}")
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        client.get(path)
        seconds.append(time.perf_counter() - began)
    body = first.content
    rows = len(json.loads(body)["results"]) if path.startswith("/api/") else body.count(b'class="cut strong"')
    return {"seconds": seconds, "queries": queries, "rows": rows, "bytes": len(body)}


def main() -> None:
    """Until stdin ends."""
    client = Client()
    client.force_login(
        User.objects.get(username="seed-01-ada"), backend="django.contrib.auth.backends.ModelBackend"
    )
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(answer(client, asked["path"], asked["times"])), flush=True)


if __name__ == "__main__":
    main()
