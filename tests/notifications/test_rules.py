"""Which events a rule chooses, for whom, and how many messages come of many."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from jobs.models import Connection, TransformJob
from jobs.states import JobState
from notifications.models import Channel, Delivery, DeliveryState
from notifications.services import channels, deliveries, rules
from teams.announcing import Announcement, announce
from teams.models import Membership
from tests.cast import House
from tests.notifications.conftest import end, make_due, member, work
from tests.notifications.receivers import HttpReceiver

pytestmark = pytest.mark.django_db
Make = Callable[..., Channel]


def told_of(receiver: HttpReceiver) -> set[str]:
    return {request.json["data"]["name"] for request in receiver.requests}


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ({"model": "churn"}, {"model_name": "another"}),
        ({"owner": "bob"}, {"submitted_by": None}),
        ({"tag": "stage=prod"}, {"spec": {"tags": {"stage": "test"}}}),
        ({"longer_than_minutes": 10}, {"started_at": timedelta(minutes=2)}),
        ({"costs_over_usd": 1.5}, {"price_per_hour": Decimal("0.1"), "cost_usd": Decimal("1.5")}),
    ],
)
def test_a_rule_chooses_the_jobs_that_match_and_no_others(
    house: House, receiver: HttpReceiver, team_channel: Make, rule: dict[str, Any], fields: dict[str, Any]
) -> None:
    team_channel(receiver.url, "job.completed", rule=rule)
    fitting = {
        "submitted_by": house.people["bob"],
        "spec": {"tags": {"stage": "prod"}},
        "started_at": timedelta(minutes=30),
        "instance_seconds": 1800,
        "price_per_hour": Decimal("4"),
        "cost_usd": Decimal("2.0"),
    }
    for name, more in (("fits", {}), ("differs", fields)):
        columns = {**fitting, **more}
        columns["started_at"] = timezone.now() - columns["started_at"]
        end(house.job(JobState.IN_PROGRESS, name=name, **columns))
    work()
    assert told_of(receiver) == {"fits"}


def test_a_rule_for_a_connection_and_one_for_a_preset(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    second = Connection.objects.create(
        team=house.team, slug="second", name="Second", kind=Connection.Kind.AWS, region="eu-west-1"
    )
    team_channel(receiver.url, "job.completed", rule={"connection": "second", "preset": "nightly"})
    for name, connection, preset in (
        ("neither", house.connection, None),
        ("connection-alone", second, None),
        ("both", second, house.preset),
    ):
        end(house.job(JobState.IN_PROGRESS, name=name, connection=connection, preset=preset))
    work()
    assert told_of(receiver) == {"both"}


@pytest.mark.parametrize(
    ("words", "expected_names"),
    [
        ("tumours", {"tumours/staging", "tumours/production"}),
        ("tumours/production", {"tumours/production"}),
        ("tum", set()),
        ("", {"tumours/staging", "tumours/production", "tumours-2/production", "none"}),
    ],
)
def test_a_rule_for_a_deployment_or_a_stage_is_told_of_its_jobs_and_of_its_promotions(
    house: House, receiver: HttpReceiver, team_channel: Make, words: str, expected_names: set[str]
) -> None:
    team_channel(receiver.url, "job.completed", "promotion.failed", rule={"deployment": words})
    for name in ("tumours/staging", "tumours/production", "tumours-2/production", ""):
        end(house.job(JobState.IN_PROGRESS, name=name.replace("/", "-") or "none", deployment=name))
        deployment, _, stage = name.partition("/")
        facts = {"deployment": deployment, "stage": stage} if name else {}
        announce(Announcement(house.team, "promotion.failed", f"promotion-{name}", "No.", facts=facts))
    work()
    messages = [request.json["data"] for request in receiver.requests]
    jobs = {facts["name"] for facts in messages if "name" in facts}
    assert jobs == {name.replace("/", "-") for name in expected_names}
    beside = {f"{facts.get('deployment')}/{facts.get('stage')}" for facts in messages if "name" not in facts}
    assert beside == {name if "/" in name else "None/None" for name in expected_names}


def test_another_teams_jobs_are_not_told(
    house: House, other_house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    team_channel(receiver.url, "job.completed")
    end(other_house.job(JobState.IN_PROGRESS, name="theirs"))
    end(house.job(JobState.IN_PROGRESS, name="ours"))
    work()
    assert told_of(receiver) == {"ours"}


def test_who_left_the_team_is_told_nothing_more(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    team_channel(receiver.url, "job.completed", by="bob", for_team=False)
    end(house.job(JobState.IN_PROGRESS, name="before"))
    from notifications import tasks

    tasks.reconcile()
    Membership.objects.filter(user=house.people["bob"]).delete()
    end(house.job(JobState.IN_PROGRESS, name="after"))
    work()
    assert receiver.requests == []
    assert Delivery.objects.get().attempts.get().problem == "Its owner is not in the team any more."


def test_two_rules_of_a_channel_that_choose_one_event_send_it_once(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    channel = team_channel(receiver.url, "job.completed")
    rules.create(channel, member(house, "alice"), {"kinds": ["job.completed"], "model": "churn"})
    end(house.job(JobState.IN_PROGRESS))
    work()
    assert len(receiver.requests) == 1


def test_a_flood_of_ends_is_two_messages_to_a_channel_with_a_digest(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    team_channel(receiver.url, "job.completed", "job.failed", digest_minutes=5)
    end(house.job(JobState.IN_PROGRESS, name="first"))
    work()
    assert told_of(receiver) == {"first"}
    jobs = [house.job(JobState.IN_PROGRESS, name=f"flood-{number}") for number in range(500)]
    for number, job in enumerate(jobs):
        end(job, JobState.FAILED if number % 5 == 0 else JobState.COMPLETED)
    work()
    assert len(receiver.requests) == 1
    Channel.objects.update(last_sent_at=timezone.now() - timedelta(minutes=6))
    work()
    work()
    assert len(receiver.requests) == 2
    digest = receiver.requests[1].json
    assert digest["type"] == "digest"
    assert digest["data"]["title"] == "500 events: 400 completed, 100 failed"
    assert digest["data"]["counts"] == {"job.completed": 400, "job.failed": 100}
    assert len(digest["data"]["events"]) == 20
    states = Delivery.objects.values_list("state", flat=True)
    assert sorted(set(states)) == ["combined", "delivered"]
    assert Delivery.objects.get(kind="digest").parts.count() == 500


def test_a_digest_that_could_not_be_sent_is_tried_again_by_itself(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    from tests.notifications.receivers import Plan

    receiver.plan(Plan(500), Plan(200))
    team_channel(receiver.url, "job.completed", digest_minutes=5)
    for _ in range(3):
        end(house.job(JobState.IN_PROGRESS))
    work()
    make_due()
    work()
    assert [request.json["type"] for request in receiver.requests] == ["digest", "digest"]
    assert Delivery.objects.get(kind="digest").state == DeliveryState.DELIVERED


def test_what_happens_while_a_channel_is_muted_is_not_sent_later(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    channel = team_channel(receiver.url, "job.completed")
    alice = member(house, "alice")
    channels.change(channel, alice, {"muted_until": timezone.now() + timedelta(hours=1)})
    end(house.job(JobState.IN_PROGRESS, name="quiet"))
    work()
    assert Delivery.objects.get().state == DeliveryState.MUTED
    channels.change(channel, alice, {"muted_until": None})
    end(house.job(JobState.IN_PROGRESS, name="loud"))
    work()
    assert told_of(receiver) == {"loud"}


def test_a_browser_is_told_once_for_all_its_pages(house: House) -> None:
    bob = member(house, "bob")
    channel = channels.browser_channel(bob)
    assert channels.browser_channel(bob) == channel
    rules.create(channel, bob, {"kinds": ["job.completed"], "owner": "me"})
    client = house.page("bob")
    start = client.get("/notifications/news/").json()["last"]
    job = house.job(JobState.IN_PROGRESS, submitted_by=house.people["bob"], name="mine")
    end(job)
    work()
    for _ in range(2):
        answer = client.get(f"/notifications/news/?after={start}").json()
        assert [row["title"] for row in answer["news"]] == ["Completed: mine"]
        assert answer["news"][0]["path"] == job.get_absolute_url()
    assert client.get(f"/notifications/news/?after={answer['last']}").json()["news"] == []
    assert Delivery.objects.get().state == DeliveryState.DELIVERED
    assert deliveries.browser_news(member(house, "alice"), 0) == []
    assert TransformJob.objects.count() == 1
