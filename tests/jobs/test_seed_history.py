"""The made-up history: spread as a real one is, in teams of its own, and never among real jobs by mistake."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from jobs.models import TransformJob
from jobs.states import JobState
from teams.models import Membership, Team
from tests.cast import House

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_jobs_are_spread_and_can_be_found_like_real_ones(house: House) -> None:
    call_command("seed_history", "--jobs", "2000", "--teams", "4", "--join", "vera", verbosity=0)
    counts = [
        TransformJob.objects.filter(team=team).count()
        for team in Team.objects.filter(slug__startswith="seed-")
    ]
    assert sum(counts) == 2000
    assert counts[0] == max(counts) > 2 * min(counts)
    states = set(TransformJob.objects.values_list("state", flat=True))
    assert {JobState.COMPLETED, JobState.FAILED, JobState.STOPPED, JobState.IN_PROGRESS} <= states
    assert Membership.objects.filter(user=house.people["vera"], team__slug="seed-01", role="admin").exists()
    client = house.page("vera")
    client.post("/team/switch/", {"team": "seed-01"})
    for query in (
        "",
        "cause=wrong-columns",
        "text=churn",
        "path=s3://predictions",
        "tag=team",
        "owner=seed-01-ada",
        "sort=-duration",
    ):
        assert b'class="cut ends strong"' in client.get(f"/jobs/?{query}").content, query
    job = TransformJob.objects.filter(team__slug="seed-01", state=JobState.FAILED).first()
    assert job is not None
    assert client.get(f"/jobs/{job.key}/").status_code == 200


def test_a_database_with_real_jobs_is_refused_unless_told(house: House) -> None:
    house.job()
    with pytest.raises(CommandError, match="real jobs"):
        call_command("seed_history", "--jobs", "10", "--teams", "1")
    with pytest.raises(CommandError, match="nobody"):
        call_command("seed_history", "--jobs", "10", "--teams", "1", "--beside-real-jobs", "--join", "nina")
    with pytest.raises(CommandError, match="--jobs"):
        call_command("seed_history", "--jobs", "0")
    assert TransformJob.objects.count() == 1
