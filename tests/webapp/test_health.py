"""Health, headers, and what the web process must not load."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from jobs.models import Heartbeat


def test_healthz_answers_without_a_database(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_readyz_names_what_is_missing(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    Heartbeat.beat("worker")
    Heartbeat.objects.create(name="beat", beat_at=timezone.now() - timedelta(minutes=5))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    checks = answer.json()["checks"]
    assert {name for name, check in checks.items() if not check["ok"]} == {"broker", "beat"}
    assert re.fullmatch(r"the last beat report is 3\d\d s old", checks["beat"]["detail"])
    assert "127.0.0.1" not in checks["broker"]["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/api/v1/jobs/", "/api/v1/docs/", "/nowhere"])
def test_every_answer_carries_the_security_headers(client: Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"


def test_the_web_process_never_loads_the_sagemaker_sdk() -> None:
    code = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'webapp.settings'\n"
        "import webapp.wsgi, webapp.urls\n"
        "sys.exit(any(name.split('.')[0] in {'sagemaker', 'pandas', 'numpy'} for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.django_db
def test_a_database_of_a_newer_version_is_refused_and_not_changed(client: Client) -> None:
    MigrationRecorder(connection).record_applied("jobs", "9999_later")
    with pytest.raises(CommandError, match=r"newer version of Batchdeck \(up to jobs.9999_later"):
        call_command("migrate", verbosity=0)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "newer version" in answer.json()["checks"]["migrations"]["detail"]


@pytest.mark.django_db
def test_a_migration_that_was_replaced_since_is_no_newer_version() -> None:
    MigrationRecorder(connection).record_applied("jobs", "0002_replaced_since")
    call_command("migrate", verbosity=0)
