"""What jobs cost: prices set by hand, the running meter, the last figure, and why some have none."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from jobs import costs
from jobs.lifecycle.after import costing
from jobs.lifecycle.queue import starting
from jobs.models import Connection, InstancePrice, TransformJob
from jobs.services.connections import prices
from jobs.services.submitting import sample
from jobs.states import JobState
from tests.cast import House
from tests.jobs.following import follow
from tests.support.html import Page
from tests.support.questions import sent

pytestmark = pytest.mark.django_db
M5, C5 = "ml.m5.large", "ml.c5.xlarge"
PRICES = "/api/v1/connections/engine/prices/"


def to_aws(house: House) -> Connection:
    """The house's connection, as if it were one to AWS; nobody asks it anything."""
    Connection.objects.filter(pk=house.connection.pk).update(kind=Connection.Kind.AWS, endpoint_url="")
    house.connection.refresh_from_db()
    return house.connection


def ran(house: House, seconds: int = 3600, **fields: Any) -> TransformJob:
    """A job that ended just now after so many seconds, with the figures it would have."""
    ended = fields.pop("ended_at", timezone.now())
    job = house.job(
        fields.pop("state", JobState.COMPLETED),
        started_at=ended - timedelta(seconds=seconds),
        ended_at=ended,
        **fields,
    )
    TransformJob.objects.filter(pk=job.pk).update(**costing.final_columns(job, job.started_at, job.ended_at))
    return TransformJob.objects.get(pk=job.pk)


def cost_of(house: House, job: TransformJob) -> dict[str, Any]:
    answer: dict[str, Any] = house.api("vera").get(f"/api/v1/jobs/{job.key}/").json()["cost"]
    return answer


def test_a_begun_second_of_every_instance_is_billed() -> None:
    start = timezone.now()
    assert costs.instance_seconds(start, start + timedelta(seconds=10, milliseconds=1), 3) == 33
    assert costs.instance_seconds(start, start - timedelta(seconds=5), 3) == 0
    assert costs.amount(33, Decimal("0.115")) == Decimal("0.001054")


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0", "$0.00"), ("0.0004", "< $0.001"), ("0.0421", "$0.042"), ("0.1", "$0.10"), ("1234.5", "$1,234.50")],
)
def test_amounts_are_said_with_the_digits_that_tell(amount: str, text: str) -> None:
    assert costs.dollars(Decimal(amount)) == text
    assert costs.rate(Decimal("0.1150")) == "$0.115"
    assert costs.rate(Decimal(2)) == "$2.00"


def test_a_real_job_ends_with_its_cost(real: House) -> None:
    sample.load(real.connection, by=real.people["alice"])
    prices.change(real.connection, {M5: "36.5"}, by=real.people["alice"])
    job = sample.run(real.team, by=real.people["bob"])
    assert cost_of(real, job) == {
        "amount": None, "currency": "USD", "instance_seconds": None, "price": None, "final": False,
        "reason": "not_started",
    }  # fmt: skip
    starting.start(job.pk)
    job = follow(job)
    assert job.started_at is not None
    assert job.ended_at is not None
    seconds = costs.instance_seconds(job.started_at, job.ended_at, job.instance_count)
    cost = cost_of(real, job)
    assert (cost["instance_seconds"], cost["price"], cost["final"]) == (seconds, 36.5, True)
    assert cost["amount"] == float(costs.amount(seconds, Decimal("36.5")))


def test_the_meter_of_a_running_job_goes_by_the_price_of_now(house: House) -> None:
    started = timezone.now() - timedelta(minutes=30)
    job = house.job(JobState.IN_PROGRESS, started_at=started, instance_count=2)
    assert cost_of(house, job)["reason"] == "not_billed"
    for price in (1.0, 2.0):
        prices.change(house.connection, {M5: price}, by=house.people["bob"])
        cost = cost_of(house, job)
        assert cost["amount"] == pytest.approx(price, rel=0.01)
        assert (cost["price"], cost["final"], cost["reason"]) == (price, False, None)
    page = house.page("vera").get(f"/jobs/{job.key}/").content.decode()
    assert "$2.00" in page
    assert "so far" in page


def test_a_later_price_does_not_rewrite_what_was(house: House) -> None:
    prices.change(house.connection, {M5: 1}, by=house.people["bob"])
    job = ran(house)
    for changes in ({M5: 9}, {M5: None}, {M5: 8}):
        prices.change(house.connection, changes, by=house.people["bob"])
        assert cost_of(house, job) == {
            "amount": 1.0, "currency": "USD", "instance_seconds": 3600, "price": 1.0, "final": True, "reason": None,
        }  # fmt: skip


def test_a_job_that_ended_without_a_price_gets_the_first_that_is_set(house: House) -> None:
    to_aws(house)
    mine, other_type = ran(house, 1000, instance_count=3), ran(house, instance_type=C5)
    assert cost_of(house, mine)["reason"] == "no_price"
    prices.change(house.connection, {M5: "0.115"}, by=house.people["bob"])
    assert cost_of(house, mine)["amount"] == float(costs.amount(3000, Decimal("0.115")))
    assert cost_of(house, other_type)["reason"] == "no_price"


def test_what_is_not_known_is_never_zero(house: House) -> None:
    never_ran = house.job(JobState.REJECTED, ended_at=timezone.now())
    # As when SageMaker forgot the job: it started, and its end is ours.
    lost = house.job(JobState.FAILED, started_at=timezone.now(), ended_at=timezone.now())
    engines = ran(house)
    for job, reason, word in [
        (never_ran, "nothing_ran", "nothing ran"),
        (lost, "time_unknown", "Unknown"),
        (engines, "not_billed", "Not billed"),
    ]:
        assert (cost_of(house, job)["amount"], cost_of(house, job)["reason"]) == (None, reason)
        page = house.page("vera").get(f"/jobs/{job.key}/").content.decode()
        assert word in page
        assert "$0" not in page


def test_the_list_reads_all_prices_by_one_query(house: House, django_assert_max_num_queries: Any) -> None:
    prices.change(house.connection, {M5: 1, C5: 2}, by=house.people["bob"])
    client, counts = house.api("vera"), []
    # The first request writes down that the token is in use.
    client.get("/api/v1/jobs/")
    for _ in range(2):
        for kind in (M5, C5) * 3:
            house.job(JobState.IN_PROGRESS, started_at=timezone.now(), instance_type=kind)
        with django_assert_max_num_queries(20) as captured:
            rows = client.get("/api/v1/jobs/").json()["results"]
        assert {row["cost"]["price"] for row in rows} == {1.0, 2.0}
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_prices_are_set_listed_and_taken_away(house: House) -> None:
    answer = house.api("bob").patch(PRICES, {M5: 0.115, C5: "0.204"}, "application/json")
    assert answer.status_code == 200
    assert [
        (row["instance_type"], row["usd_per_hour"], row["source"]) for row in answer.json()["results"]
    ] == [
        (C5, 0.204, "hand"),
        (M5, 0.115, "hand"),
    ]
    answer = house.api("bob").patch(PRICES, {C5: None}, "application/json")
    assert [row["instance_type"] for row in answer.json()["results"]] == [M5]
    assert house.api("vera").get(PRICES).json() == answer.json()


@pytest.mark.parametrize(
    "changes",
    [
        {M5: -1},
        {M5: "x"},
        {M5: True},
        {M5: 10_001},
        {M5: "NaN"},
        {M5: 0.1234567},
        {M5: []},
        {"m5": 1},
        {"": 1},
    ],
)
def test_a_price_that_cannot_be_used_is_named_and_nothing_is_saved(
    house: House, changes: dict[str, Any]
) -> None:
    answer = house.api("bob").patch(PRICES, {C5: 1, **changes}, "application/json")
    assert answer.status_code == 400
    assert set(answer.json()["error"]["fields"]) == set(changes)
    assert not InstancePrice.objects.exists()


def test_an_engine_has_no_price_list_to_read(house: House) -> None:
    answer = house.api("bob").post(f"{PRICES}read/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")


def test_the_prices_page_sets_a_price_and_takes_it_away(house: House) -> None:
    bob, page = house.page("bob"), "/connections/engine/prices/"
    press = f"{page}set/"
    answer = bob.post(press, {"instance_type": M5, "usd_per_hour": "0.115"}, follow=True)
    assert "$0.115" in answer.content.decode()
    answer = bob.post(press, {"instance_type": "m5", "usd_per_hour": "-1"})
    assert answer.status_code == 400
    assert "It must be an instance type" in answer.content.decode()
    assert "It must be US dollars an hour" in answer.content.decode()
    question = bob.post(press, {"remove": M5})
    assert Page(question).all("h1")[0].text == f"Remove the price of {M5} on Engine?"
    assert "$0.115" in Page(question).text
    assert InstancePrice.objects.exists()
    answer = bob.post(press, sent(question), follow=True)
    assert not InstancePrice.objects.exists()
    assert "has no price yet" in answer.content.decode()
    viewer = house.page("vera")
    assert "<form" not in viewer.get(page).content.decode().split("<main")[1].split("</main>")[0]
    assert viewer.post(press, {"instance_type": M5, "usd_per_hour": "1"}).status_code == 403
