"""Prices out of AWS's list, over HTTP from a server that speaks its documented protocol."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from aws import Rejected, Target, pricing
from jobs import tasks
from jobs.lifecycle.after import pricing as reading
from jobs.models import Connection
from jobs.services.connections import prices
from tests.cast import House
from tests.jobs.test_costs import C5, M5, cost_of, ran, to_aws
from tests.support.price_list import PriceList, product

pytestmark = pytest.mark.django_db
READ = "/api/v1/connections/engine/prices/read/"


@pytest.fixture(scope="module")
def server() -> Iterator[PriceList]:
    """One for all tests, since clients are kept for a process."""
    server = PriceList()
    yield server
    server.stop()


@pytest.fixture
def aws(server: PriceList, monkeypatch: pytest.MonkeyPatch) -> PriceList:
    """The list of Ireland: two types on two pages, among what is no instance of batch transform."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    server.products = [
        product(f"EU-Tsform:{M5}", "0.1280000000"),
        product(f"EU-Host:{M5}", "0.9990000000", kind="Hosting"),
        product(f"EU-Host:{M5}", "0.7770000000"),
        product(f"EU-Tsform:{C5}", "0.2300000000"),
        "no JSON",
        product("EU-Tsform:ml.p3.2xlarge", "0.0000000000"),
        product("EU-Tsform:ml.g5.xlarge", "1.5", unit="Quantity"),
        product("EU-Tsform:ml.c4.xlarge", "1.5", pricePerUnit={"CNY": "9"}),
    ]
    server.error, server.asked = None, []
    return server


@pytest.fixture
def ireland(house: House) -> House:
    to_aws(house)
    Connection.objects.update(region="eu-west-1")
    house.connection.refresh_from_db()
    return house


def test_prices_are_read_page_by_page_and_what_is_no_price_is_passed_over(aws: PriceList) -> None:
    assert pricing.hourly(Target("eu-west-1")) == {M5: Decimal("0.128"), C5: Decimal("0.23")}
    assert len(aws.asked) > 2
    assert aws.signed_for == {"eu-central-1"}


def test_two_prices_for_one_type_are_none(aws: PriceList) -> None:
    double = product(f"EU-Tsform:{M5}", "0.1")
    term = next(iter(double["terms"]["OnDemand"].values()))
    term["priceDimensions"]["other"] = {"unit": "Hrs", "pricePerUnit": {"USD": "0.2"}}
    aws.products = [double]
    assert pricing.hourly(Target("eu-west-1")) == {}


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1"])
def test_regions_whose_accounts_aws_does_not_answer_are_told_so(aws: PriceList, region: str) -> None:
    with pytest.raises(Rejected, match="Set the prices by hand"):
        pricing.hourly(Target(region))
    assert aws.asked == []


def test_a_list_that_is_read_leaves_prices_set_by_hand_and_prices_jobs_that_ended(
    aws: PriceList, ireland: House
) -> None:
    job = ran(ireland, instance_type=C5)
    prices.change(ireland.connection, {M5: 0.05}, by=ireland.people["bob"])
    answer = ireland.api("bob").post(READ).json()
    prices_by_type = {row["instance_type"]: (row["usd_per_hour"], row["source"]) for row in answer["results"]}
    assert prices_by_type == {M5: (0.05, "hand"), C5: (0.23, "aws")}
    assert (answer["read_error"], answer["read_at"] is not None) == ("", True)
    assert cost_of(ireland, job)["amount"] == 0.23
    page = ireland.page("bob").post("/connections/engine/prices/read/", follow=True).content.decode()
    assert "AWS names 2 prices in eu-west-1." in page
    assert "AWS price list" in page


def test_a_price_taken_away_by_hand_is_aws_again(aws: PriceList, ireland: House) -> None:
    prices.change(ireland.connection, {M5: 0.05}, by=ireland.people["bob"])
    tasks.read_prices(ireland.connection.pk)
    assert reading.due_connections() == []
    prices.change(ireland.connection, {M5: None}, by=ireland.people["bob"])
    assert reading.due_connections() == [ireland.connection.pk]
    tasks.read_prices(ireland.connection.pk)
    assert ireland.connection.prices.get(instance_type=M5).usd_per_hour == Decimal("0.128")


def test_a_list_that_may_not_be_read_is_told_and_does_not_make_the_connection_look_broken(
    aws: PriceList, ireland: House
) -> None:
    aws.error = (400, "AccessDeniedException", "User: bob is not authorized to perform: pricing:GetProducts")
    answer = ireland.api("bob").post(READ)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert "not authorized to perform: pricing:GetProducts" in answer.json()["error"]["message"]
    ireland.connection.refresh_from_db()
    assert "not authorized" in ireland.connection.prices_error
    assert ireland.connection.last_error == ""
    page = ireland.page("vera").get("/connections/engine/prices/").content.decode()
    assert "not authorized to perform" in page
    tasks.read_prices(ireland.connection.pk)
    assert ireland.connection.prices.count() == 0


def test_the_list_is_read_once_a_day_and_never_for_an_engine(aws: PriceList, house: House) -> None:
    assert reading.due_connections() == []
    tasks.read_prices(house.connection.pk)
    assert aws.asked == []
    to_aws(house)
    assert reading.due_connections() == [house.connection.pk]
    tasks.read_prices(house.connection.pk)
    assert reading.due_connections() == []
    Connection.objects.update(prices_read_at=timezone.now() - timedelta(hours=25))
    assert reading.due_connections() == [house.connection.pk]


def test_a_region_without_prices_says_so(aws: PriceList, ireland: House) -> None:
    aws.products = []
    tasks.read_prices(ireland.connection.pk)
    ireland.connection.refresh_from_db()
    assert ireland.connection.prices_error == "AWS names no prices of batch transform in eu-west-1."
