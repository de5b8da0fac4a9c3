"""The Celery app. Its options are the CELERY_ settings; its tasks are in the modules `tasks` of the apps."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import beat_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

app = Celery("batchdeck")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["jobs", "results", "teams", "schedules", "deployments", "tuning", "notifications"])


@beat_init.connect
def pulse_at_once(**kwargs: object) -> None:
    """Report beat to /readyz when it starts, not only after its first interval."""
    app.send_task("jobs.tasks.beat_pulse", expires=30)
