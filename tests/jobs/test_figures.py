"""How models do: success, time and cost of recent jobs, on the list, on the model's page and in the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs.models import RegisteredModel, TransformJob
from jobs.services.connections import prices
from jobs.services.registry import figures
from jobs.states import JobState, Origin
from tests.cast import House
from tests.jobs.test_costs import M5, ran
from tests.support.html import Page

pytestmark = pytest.mark.django_db


def aged(job: TransformJob, days: int = 0, **fields: Any) -> None:
    """The job as submitted so many days ago, and ended then if it has."""
    when = timezone.now() - timedelta(days=days)
    ended = {"ended_at": when} if job.is_terminal else {}
    TransformJob.objects.filter(pk=job.pk).update(**{"created_at": when, **ended, **fields})


def figures_of(house: House) -> dict[str, Any]:
    answer = house.api("vera").get(f"/api/v1/models/{house.model.pk}/").json()
    model_figures: dict[str, Any] = answer["figures"]
    return model_figures


def test_a_model_without_jobs_has_no_figures_rather_than_zeros(house: House) -> None:
    assert figures_of(house) == {
        "jobs": 0, "last_job": None, "last_state": None, "last_created_at": None, "completed": 0, "failed": 0,
        "success_rate": None, "median_seconds": None, "cost_per_1000_records": None, "priced": 0,
    }  # fmt: skip
    assert "never ran" in house.page("vera").get("/models/").content.decode()


def test_success_is_of_recent_jobs_that_ended_by_themselves(house: House) -> None:
    for state, days in [
        (JobState.COMPLETED, 1), (JobState.COMPLETED, 89), (JobState.FAILED, 2), (JobState.REJECTED, 3),
        (JobState.STOPPED, 1), (JobState.CANCELLED, 1), (JobState.FAILED, 91), (JobState.WAITING, 5),
    ]:  # fmt: skip
        aged(house.job(state), days)
    model_figures = figures_of(house)
    assert (
        model_figures["jobs"],
        model_figures["completed"],
        model_figures["failed"],
        model_figures["success_rate"],
    ) == (
        8,
        2,
        1,
        2 / 3,
    )
    assert "67 % of 3" in Page(house.page("vera").get("/models/")).text


@pytest.mark.parametrize(("lengths", "median"), [([7], 7), ([9, 1, 5], 5), ([4, 1, 9, 2], 2)])
def test_the_median_time_is_that_of_the_middle_completed_job(
    house: House, lengths: list[int], median: int
) -> None:
    for seconds in lengths:
        ran(house, seconds)
    ran(house, 1000, state=JobState.FAILED)
    assert figures_of(house)["median_seconds"] == median


def test_records_cost_what_jobs_did_whose_cost_and_records_are_known(house: House) -> None:
    aged(ran(house, 3600), records=500)
    prices.change(house.connection, {M5: 2}, by=house.people["bob"])
    aged(ran(house, 3600), records=3000)
    aged(ran(house, 1800), records=1000)
    aged(ran(house, 1800), records=None)
    aged(ran(house, 1800), records=0)
    model_figures = figures_of(house)
    # The first one has its price since one was set.
    assert (model_figures["cost_per_1000_records"], model_figures["priced"]) == (round(5000 / 4500, 6), 3)
    assert "$1.11" in house.page("vera").get(f"/models/{house.model.pk}/").content.decode()


def test_the_last_job_is_the_one_submitted_last(house: House) -> None:
    newest = house.job(JobState.FAILED)
    aged(house.job(JobState.COMPLETED), 1)
    assert (figures_of(house)["last_job"], figures_of(house)["last_state"]) == (newest.key, "FAILED")


def test_each_model_has_its_own_figures_and_no_other_teams(house: House, other_house: House) -> None:
    second = RegisteredModel.objects.create(
        team=house.team, connection=house.connection, name="fraud", containers=[{"Image": "image:1"}]
    )
    ran(house, 10)
    ran(house, 20, model=second, model_name="fraud", state=JobState.FAILED)
    ran(other_house, 30)
    figures_by_name = {
        row["name"]: row["figures"] for row in house.api("vera").get("/api/v1/models/").json()["results"]
    }
    assert {
        name: (row["completed"], row["failed"], row["median_seconds"])
        for name, row in figures_by_name.items()
    } == {
        "churn": (1, 0, 10),
        "fraud": (0, 1, None),
    }
    assert other_house.api("charlie").get(f"/api/v1/models/{house.model.pk}/").status_code == 404


def test_causes_of_failures_are_counted_and_lead_to_the_list(house: House) -> None:
    for cause, days in [("payload-too-large", 1), ("payload-too-large", 2), ("unknown", 3), ("unknown", 120)]:
        aged(house.job(JobState.FAILED), days, cause=cause)
    aged(house.job(JobState.FAILED, origin=Origin.TRIAL), 1, cause="unknown")
    answer = house.api("vera").get(f"/api/v1/models/{house.model.pk}/").json()
    assert answer["failures"] == {"payload-too-large": 2, "unknown": 1}
    page = house.page("vera").get(f"/models/{house.model.pk}/").content.decode()
    assert "A record or file is larger than one call may be" in page
    assert "/jobs/?model=churn&amp;connection=engine&amp;cause=payload-too-large" in page


def test_counts_end_where_counting_gets_slow(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.queries.COUNTED", 2)
    for _ in range(4):
        house.job()
    assert figures.of([house.model])[house.model.pk].jobs == 3
    assert "2+" in [link.text for link in Page(house.page("vera").get("/models/")).all("a")]


@pytest.mark.parametrize(
    ("search", "matches"), [("CHU", True), ("image:1", True), ("engine churn", True), ("nothing", False)]
)
def test_models_are_found_by_name_image_and_connection(house: House, search: str, matches: bool) -> None:
    page = house.page("vera").get("/models/", {"q": search}).content.decode()
    assert (f"/models/{house.model.pk}/" in page) is matches
    assert ("No model matches" in page) is not matches
    rows = house.api("vera").get("/api/v1/models/", {"q": search}).json()["results"]
    assert [row["name"] for row in rows] == (["churn"] if matches else [])


def test_a_long_list_goes_on_on_a_second_page(house: House) -> None:
    for number in range(60):
        RegisteredModel.objects.create(
            team=house.team, connection=house.connection, name=f"m{number}", containers=[{"Image": "image:1"}]
        )
    client = house.page("vera")
    first = client.get("/models/")
    assert "50 of 61 shown" in Page(first).text
    second = Page(client.get(f"/models/?{first.context['older']}"))
    assert "11 of 61 shown" in second.text
    assert "churn" in [link.text for link in second.all("a")]
