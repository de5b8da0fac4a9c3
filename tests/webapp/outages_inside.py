"""Run by test_full_disk as a program of its own: the dashboard's pages and API on the database of its environment.

Reads words from standard input and prints a line of JSON for each: `make` makes the database with a team; `ask` asks
for a page, the API, a job and readiness, and says what came; `impatient` lets nobody wait for a lock,
`close` closes the database, as a server does after each request.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import django

JOB = {
    "connection": "engine",
    "model": "churn",
    "data": "s3://bucket/in/",
    "output_path": "s3://bucket/out/",
    "instance_type": "ml.m5.large",
}


class Inside:
    """The answers that a script and a person get."""

    def __init__(self) -> None:
        from django.test import Client

        self.script = Client(raise_request_exception=False, headers={"authorization": "Bearer bd_unknown"})
        self.person = Client(raise_request_exception=False)
        self.person.cookies["sessionid"] = "unknown-session"

    def make(self) -> dict[str, Any]:
        """A database with one team, whose admin is signed in."""
        from django.core.management import call_command

        from teams.models import Role
        from tests.cast import make_house

        call_command("migrate", verbosity=0)
        house = make_house("first", {"alice": Role.ADMIN})
        self.script.defaults.update(house.bearer("alice"))
        self.person.force_login(house.people["alice"], "django.contrib.auth.backends.ModelBackend")
        return {}

    def impatient(self) -> dict[str, Any]:
        """No wait for a lock of SQLite's."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 100")
        return {}

    def close(self) -> dict[str, Any]:
        """The end of a server's request."""
        from django.db import connections

        connections.close_all()
        return {}

    def ask(self) -> dict[str, Any]:
        """What is answered now."""
        return {
            "read": summary(self.script.get("/api/v1/jobs/")),
            "submit": summary(self.script.post("/api/v1/jobs/", JOB, "application/json")),
            "page": summary(
                self.person.post("/team/tokens/", {"name": "script", "days": "30", "role": "viewer"})
            ),
            "ready": summary(self.script.get("/readyz")),
        }


def summary(answer: Any) -> dict[str, Any]:
    """What a client notices of an answer."""
    text = answer.content.decode()
    return {"status": answer.status_code, "retry_after": answer.headers.get("Retry-After"), "text": text}


if __name__ == "__main__":
    django.setup()
    inside = Inside()
    for word in sys.stdin:
        print(json.dumps(getattr(inside, word.strip())()), flush=True)
