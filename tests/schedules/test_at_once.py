"""Several beats and workers at the same moment, on one real database: no time is lost or doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.workers import run, run_at_once, surroundings

SEED = """
from datetime import timedelta
from django.core.management import call_command
from django.utils import timezone
from schedules.models import Schedule
from schedules.services import scheduling
from tests.cast import FIELDS, make_house
call_command("migrate", verbosity=0)
house = make_house("first", {"bob": "operator"})
preset = house.preset
preset.body = {**FIELDS, "model": house.model.name, "connection": house.connection.slug}
preset.save()
for number in range(60):
    values = {"name": f"Schedule {number}", "preset": preset.slug, "expression": "rate(1 hour)",
              "output_path": "s3://bucket/out/{run}/"}
    scheduling.create(house.team, values, by=house.people["bob"])
Schedule.objects.update(next_run_at=timezone.now() - timedelta(seconds=5))
"""
PREPARE = """
from schedules.lifecycle import starting, taking
taking.AT_ONCE = 7
"""
TAKE = """
while (ids := taking.take_due()) is not None:
    print(*ids)
"""
START = """
from schedules.models import ScheduledRun
for pk in ScheduledRun.objects.order_by("id").values_list("pk", flat=True):
    starting.start(pk)
"""
COUNT = """
from jobs.models import TransformJob
from schedules.models import Schedule, ScheduledRun
print(ScheduledRun.objects.count(), ScheduledRun.objects.values("schedule").distinct().count(),
      ScheduledRun.objects.filter(state="started").count(), TransformJob.objects.count())
"""


@pytest.mark.django_db(transaction=True)
def test_each_of_many_due_schedules_runs_once_whoever_looks_at_the_same_moment(tmp_path: Path) -> None:
    env = surroundings(tmp_path)
    run(SEED, env)
    listed = " ".join(run_at_once(PREPARE, TAKE, env)).split()
    assert len(listed) == len(set(listed)) == 60
    run_at_once(PREPARE, START, env)
    assert run(COUNT, env).split() == ["60", "60", "60", "60"]
