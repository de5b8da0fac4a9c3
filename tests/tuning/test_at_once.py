"""Several people of a team who begin tunings at the same moment: no more are under way than a team may have."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.conftest import serving_engine
from tests.engine.resources import unique
from tests.engine.transforms import BUCKET, put
from tests.support.engine import EngineProcess
from tests.support.workers import run, run_at_once, surroundings

__all__ = ["serving_engine"]

SEED = """
import os
from django.core.management import call_command
from tests.cast import make_house
call_command("migrate", verbosity=0)
make_house("first", {"alice": "admin"}, os.environ["BATCHDECK_ENGINE_URL"])
"""
PREPARE = """
import sys
from jobs.models import Connection
from jobs.services.errors import NotPossible
from teams.models import User
from tuning import services
place = sys.argv[1]
spec = {"model_name": "churn", "data": f"{place}in/", "output_path": f"{place}out/", "instance_type": "ml.m5.large",
        "instance_count": 1, "split_type": "Line"}
request = services.TuningRequest(Connection.objects.select_related("team").get(), spec)
alice = User.objects.get()
"""
ACT = """
for _ in range(3):
    try:
        print(services.begin(request, by=alice).key)
    except NotPossible as error:
        assert "under way" in str(error)
"""
COUNT = """
from tuning.models import Combination, Tuning
print(Tuning.objects.count(), Combination.objects.values("tuning").distinct().count())
"""


@pytest.mark.timeout(900)
@pytest.mark.django_db(transaction=True)
def test_a_team_has_no_more_tunings_under_way_whoever_begins_them_at_once(
    tmp_path: Path, serving_engine: EngineProcess
) -> None:
    folder = unique("at-once")
    put(serving_engine, f"{folder}/in/a.csv", b"1\n2\n")
    env = surroundings(
        tmp_path,
        BATCHDECK_ENGINE_URL=serving_engine.url,
        BATCHDECK_ENGINE_CREDENTIALS=str(serving_engine.data_dir / "credentials.json"),
        REDIS_URL="redis://127.0.0.1:9/0",
    )
    run(SEED, env)
    begun = " ".join(run_at_once(PREPARE, ACT, env, f"s3://{BUCKET}/{folder}/")).split()
    assert len(set(begun)) == len(begun) == 3
    assert run(COUNT, env).split() == ["3", "3"]
