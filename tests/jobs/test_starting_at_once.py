"""Several workers that start jobs at the same moment: no quota is exceeded, by whatever process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.workers import run, run_at_once, surroundings

SEED = """
from django.core.management import call_command
from django.utils import timezone
from jobs.models import Quotas
from tests.cast import make_house
call_command("migrate", verbosity=0)
houses = [make_house(name, {f"admin-of-{name}": "admin"}) for name in ("first", "second")]
now = timezone.now()
allowed = {"ml.g5.xlarge": 3}
Quotas.objects.create(connection=houses[0].connection, instances_per_type=allowed, read_at=now, tried_at=now)
for house in houses:
    for number in range(6):
        house.job(instance_type="ml.g5.xlarge", name=f"job-{number}")
"""
PREPARE = """
from jobs.lifecycle.queue.starting import claim
from jobs.models import TransformJob
jobs = list(TransformJob.objects.select_related("connection").order_by("id"))
"""
ACT = """
for job in jobs:
    claim(job)
"""
COUNT = """
from jobs.models import TransformJob
print(sorted(TransformJob.objects.filter(state="SUBMITTING").values_list("team__slug", flat=True)))
"""


@pytest.mark.django_db(transaction=True)
def test_workers_that_start_jobs_of_several_teams_keep_to_the_quota_and_to_turns(tmp_path: Path) -> None:
    env = surroundings(tmp_path)
    run(SEED, env)
    run_at_once(PREPARE, ACT, env)
    assert run(COUNT, env).strip() == "['first', 'first', 'second']"
