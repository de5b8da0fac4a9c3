"""An estimate from the team's own jobs: scaled by bytes and instances, with its range, and none from too few."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from jobs.models import InstancePrice
from jobs.services.submitting.estimates import Estimate, estimate
from jobs.states import JobState
from tests.cast import House

pytestmark = pytest.mark.django_db

MB = 1024 * 1024


def ran(house: House, seconds: float, size: int = 100 * MB, **fields: Any) -> None:
    end = timezone.now()
    values = {"started_at": end - timedelta(seconds=seconds), "ended_at": end, "bytes_total": size}
    house.job(fields.pop("state", JobState.COMPLETED), **{"objects_total": 10, **values, **fields})


def ask(house: House, **changes: Any) -> Estimate | None:
    defaults = {"model_name": "churn", "instance_type": "ml.m5.large", "instance_count": 1, "objects": 10}
    return estimate(house.connection, **{**defaults, "size": 100 * MB, **changes})


def forecast_for(house: House, **changes: Any) -> Estimate:
    forecast = ask(house, **changes)
    assert forecast is not None
    return forecast


@pytest.fixture
def history(house: House) -> House:
    for seconds in (90, 95, 100, 105, 110):
        ran(house, seconds)
    return house


def test_the_middle_and_the_range_are_those_of_like_jobs(history: House) -> None:
    forecast = forecast_for(history)
    assert (forecast.jobs, forecast.middle) == (5, 100)
    assert 90 <= forecast.low < 100 < forecast.high <= 110


@pytest.mark.parametrize(
    ("changes", "middle"),
    [
        ({"size": 200 * MB}, 200),
        ({"instance_count": 2}, 50),
        # The eleventh instance has no object to read.
        ({"instance_count": 20}, 10),
        ({"instance_count": 4, "objects": 1}, 100),
    ],
)
def test_it_grows_with_the_bytes_that_one_instance_reads(
    history: House, changes: dict[str, Any], middle: int
) -> None:
    assert forecast_for(history, **changes).middle == middle


def test_jobs_of_a_like_size_count_before_others(history: House) -> None:
    for _ in range(20):
        ran(history, 60, size=MB)
    assert forecast_for(history, size=MB).middle == 60


def test_too_few_like_jobs_give_none(house: House, other_house: House) -> None:
    for _ in range(4):
        ran(house, 100)
    for unlike in (
        {"state": JobState.FAILED},
        {"model_name": "another"},
        {"instance_type": "ml.m5.xlarge"},
        {"size": 0},
        {"plan_complete": False},
    ):
        ran(house, 100, **unlike)
    ran(other_house, 100)
    assert ask(house) is None
    ran(house, 100)
    assert forecast_for(house).jobs == 5
    assert ask(house, size=0) is None


def test_a_cost_is_told_only_where_a_price_is_known(history: House) -> None:
    assert forecast_for(history).cost is None
    InstancePrice.objects.create(
        connection=history.connection, instance_type="ml.m5.large", usd_per_hour=Decimal("0.36")
    )
    forecast = forecast_for(history, instance_count=2)
    assert (forecast.middle, forecast.cost) == (50, Decimal("0.01"))
    assert forecast.cost_low is not None
    assert forecast.cost_high is not None
    assert forecast.cost_low < forecast.cost < forecast.cost_high


def test_its_link_finds_the_jobs_that_it_is_made_from(history: House) -> None:
    ran(history, 5, model_name="another", name="unlike")
    listed = history.page("vera").get(f"/jobs/?{forecast_for(history).query}").content.decode()
    assert "job-0" in listed
    assert "unlike" not in listed
