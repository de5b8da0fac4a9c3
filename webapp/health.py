"""/healthz answers while the process runs; /readyz checks each part that the service needs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from jobs.clock import has_passed
from jobs.models import Heartbeat
from jobs.outages import outage_of
from jobs.services.newer_database import database_problem

#: Bytes that must find space in the data folder.
_PROBE = 64 * 1024


def alive(request: HttpRequest) -> JsonResponse:
    """Always 200: this process accepts requests."""
    return JsonResponse({"status": "ok"})


@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 when every check passes, else 503; the body names each check and what is wrong with it."""
    checks = {name: _outcome(check) for name, check in _CHECKS.items()}
    right = all(outcome["ok"] for outcome in checks.values())
    return JsonResponse(
        {"status": "ok" if right else "failing", "checks": checks}, status=200 if right else 503
    )


def _outcome(check: Callable[[], str]) -> dict[str, object]:
    try:
        problem = check()
    except (DatabaseError, InterfaceError, redis.RedisError, OSError) as error:
        # A sentence of ours or the class, not the text: connection errors carry host names and users.
        outage = outage_of(error)
        problem = outage.sentence if outage else f"{type(error).__name__} while checking"
    return {"ok": not problem, "detail": problem or "ok"}


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _disk() -> str:
    try:
        with tempfile.TemporaryFile(dir=settings.DATA_DIR, buffering=0) as file:
            file.write(bytes(_PROBE))
    except OSError as error:
        return f"the data folder cannot be written: {error.strerror}"
    return ""


def _broker() -> str:
    with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2) as client:
        client.ping()
    return ""


def _migrations() -> str:
    if problem := database_problem():
        return problem
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(pending)} migrations are not applied; run `migrate`" if pending else ""


def _pulse(name: str) -> str:
    beat_at = Heartbeat.objects.filter(name=name).values_list("beat_at", flat=True).first()
    if beat_at is None:
        return f"no {name} has reported yet"
    if not has_passed(beat_at, Heartbeat.STALE):
        return ""
    age = int((timezone.now() - beat_at).total_seconds())
    return (
        f"the last {name} report is {age} s old"
        if age >= 0
        else f"the last {name} report is of {-age} s from now"
    )


_CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "disk": _disk,
    "migrations": _migrations,
    "broker": _broker,
    "worker": lambda: _pulse("worker"),
    "beat": lambda: _pulse("beat"),
}
