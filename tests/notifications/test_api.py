"""Channels, rules and deliveries through the API: who may what, and what no answer says."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs.states import JobState
from notifications.models import Channel, Delivery, NotificationRule
from notifications.services import channels
from teams.models import Activity
from tests.cast import House
from tests.notifications.conftest import end, member, work
from tests.notifications.receivers import HttpReceiver, Plan

pytestmark = pytest.mark.django_db
Make = Callable[..., Channel]
ROOT = "/api/v1/notifications/"
JSON = "application/json"
BODY = {"kind": "webhook", "name": "Mine", "address": "https://example.com/hook?key=1"}


def test_a_script_makes_a_channel_and_a_rule_and_is_told(house: House, receiver: HttpReceiver) -> None:
    api = house.api("bob")
    creation = api.post(f"{ROOT}channels/", {**BODY, "address": receiver.url}, JSON)
    assert creation.status_code == 201
    channel = creation.json()
    assert (channel["owner"], channel["is_on"], channel["digest_minutes"]) == ("bob", True, 0)
    rule = api.post(f"{ROOT}rules/", {"channel": channel["id"], "kinds": ["job.completed"]}, JSON)
    assert rule.status_code == 201
    end(house.job(JobState.IN_PROGRESS))
    work()
    (listed,) = api.get(f"{ROOT}deliveries/?channel={channel['id']}&state=delivered").json()["results"]
    detail = api.get(f"{ROOT}deliveries/{listed['id']}/").json()
    assert detail["payload"] == receiver.requests[0].json
    assert [(row["code"], row["answer"]) for row in detail["attempts"]] == [(200, "ok")]
    again = api.post(f"{ROOT}deliveries/{listed['id']}/redeliver/")
    assert again.status_code == 202
    work()
    assert receiver.requests[1].headers["webhook-id"] == receiver.requests[0].headers["webhook-id"]


def test_a_test_is_sent_whatever_the_rules_digest_and_mute_are(house: House, receiver: HttpReceiver) -> None:
    api = house.api("vera")
    key = api.post(f"{ROOT}channels/", {**BODY, "address": receiver.url, "digest_minutes": 60}, JSON).json()[
        "id"
    ]
    until = (timezone.now() + timedelta(hours=1)).isoformat()
    assert api.patch(f"{ROOT}channels/{key}/", {"muted_until": until}, JSON).status_code == 200
    assert api.post(f"{ROOT}channels/{key}/test/").status_code == 202
    assert api.post(f"{ROOT}channels/{key}/test/").status_code == 409
    work()
    assert [request.json["type"] for request in receiver.requests] == ["test"]


def test_a_test_that_fails_is_not_repeated(house: House, receiver: HttpReceiver, team_channel: Make) -> None:
    receiver.plan(Plan(500, b"broken"))
    channel = team_channel(receiver.url)
    channels.send_test(channel, member(house, "alice"))
    work()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts.get().answer) == ("failed", "broken")


def test_the_secret_is_in_the_answer_that_makes_it_and_nowhere_else(house: House) -> None:
    api = house.api("alice")
    creation = api.post(f"{ROOT}channels/", {**BODY, "for_team": True}, JSON)
    first = Channel.objects.get().secret
    key = creation.json()["id"]
    answer = api.post(f"{ROOT}channels/{key}/secret/")
    secret = answer.json()["secret"]
    assert secret.startswith("whsec_")
    assert answer.headers["Cache-Control"] == "no-store"
    channel = Channel.objects.get()
    assert (channel.secret, channel.former_secret) == (secret, first)
    texts = [creation.content.decode(), api.get(f"{ROOT}channels/{key}/").content.decode()]
    texts += [
        api.get(f"{ROOT}channels/").content.decode(),
        house.page("alice").get(f"/notifications/channels/{key}/").content.decode(),
    ]
    texts += [json.dumps([row.detail, row.object_label]) for row in Activity.objects.all()]
    assert not any(word in text for text in texts for word in (secret, first))


def test_a_slack_address_is_shown_without_its_secret_path(house: House) -> None:
    api = house.api("bob")
    body = {**BODY, "kind": "slack", "address": "https://hooks.slack.com/services/T0/B0/secret"}
    channel = api.post(f"{ROOT}channels/", body, JSON).json()
    assert channel["address"] == "https://hooks.slack.com/…"
    page = house.page("bob").get(f"/notifications/channels/{channel['id']}/").content.decode()
    assert "B0/secret" not in page
    assert Channel.objects.get().address.endswith("B0/secret")


def test_only_admins_make_and_change_the_teams_channels_and_all_read_them(
    house: House, team_channel: Make
) -> None:
    channel = team_channel("https://example.com/", "job.failed")
    path, rule = f"{ROOT}channels/{channel.key}/", channel.rules.get()
    for name in ("bob", "vera"):
        api = house.api(name)
        assert api.get(path).status_code == 200
        assert api.get(f"{ROOT}rules/{rule.pk}/").status_code == 200
        assert api.post(f"{ROOT}channels/", {**BODY, "for_team": True}, JSON).status_code == 403
        assert api.patch(path, {"name": "x"}, JSON).status_code == 403
        assert api.post(f"{path}test/").status_code == 403
        assert api.post(f"{path}secret/").status_code == 403
        assert api.delete(path).status_code == 403
        assert (
            api.post(f"{ROOT}rules/", {"channel": channel.key, "kinds": ["job.failed"]}, JSON).status_code
            == 403
        )
        assert api.patch(f"{ROOT}rules/{rule.pk}/", {"kinds": ["job.failed"]}, JSON).status_code == 403
        assert api.delete(f"{ROOT}rules/{rule.pk}/").status_code == 403
    assert (Channel.objects.count(), NotificationRule.objects.count()) == (1, 1)


def test_nobody_sees_a_channel_of_another_person_or_team(house: House, other_house: House) -> None:
    key = house.api("bob").post(f"{ROOT}channels/", BODY, JSON).json()["id"]
    bob = channels.visible(member(house, "bob")).get()
    delivery = channels.send_test(bob, member(house, "bob"))
    for api in (house.api("alice"), other_house.api("charlie")):
        for method, path in (
            ("get", f"channels/{key}/"),
            ("patch", f"channels/{key}/"),
            ("delete", f"channels/{key}/"),
            ("post", f"channels/{key}/test/"),
            ("post", f"channels/{key}/secret/"),
            ("get", f"deliveries/{delivery.key}/"),
            ("post", f"deliveries/{delivery.key}/redeliver/"),
        ):
            assert getattr(api, method)(f"{ROOT}{path}", {}, content_type=JSON).status_code == 404
        assert api.get(f"{ROOT}channels/").json()["results"] == []
        assert api.get(f"{ROOT}deliveries/").json()["results"] == []
        refused = api.post(f"{ROOT}rules/", {"channel": key, "kinds": ["job.failed"]}, JSON)
        assert set(refused.json()["error"]["fields"]) == {"channel"}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("channels/", {**BODY, "kind": "pigeon"}, "kind"),
        ("channels/", {**BODY, "name": " "}, "name"),
        ("channels/", {**BODY, "address": "https://10.0.0.1/"}, "address"),
        ("channels/", {**BODY, "address": 5}, "address"),
        ("channels/", {**BODY, "digest_minutes": -1}, "digest_minutes"),
        ("channels/", {**BODY, "secret": "mine"}, "secret"),
        ("channels/", {"kind": "browser", "name": "B", "for_team": True}, "kind"),
        ("rules/", {"kinds": []}, "kinds"),
        ("rules/", {"kinds": ["job.exploded"]}, "kinds.0"),
        ("rules/", {"kinds": ["job.failed"], "longer_than_minutes": -5}, "longer_than_minutes"),
        ("rules/", {"kinds": ["job.failed"], "costs_over_usd": "much"}, "costs_over_usd"),
        ("rules/", {"kinds": ["job.failed"], "owner": 5}, "owner"),
    ],
)
def test_bad_input_names_the_field_and_saves_nothing(
    house: House, path: str, body: dict[str, Any], field: str
) -> None:
    channel = channels.create(member(house, "alice"), kind="webhook", name="A", address=BODY["address"])
    channel_or_rule = {"channel": channel.key, **body} if path == "rules/" else body
    answer = house.api("alice").post(f"{ROOT}{path}", channel_or_rule, JSON)
    assert answer.status_code == 400
    assert any(name.startswith(field.partition(".")[0]) for name in answer.json()["error"]["fields"])
    assert (Channel.objects.count(), NotificationRule.objects.count()) == (1, 0)


def test_a_create_that_is_sent_twice_with_a_key_makes_one_channel(house: House) -> None:
    api = house.api("bob")
    first, second = (
        api.post(f"{ROOT}channels/", BODY, JSON, headers={"Idempotency-Key": "k-1"}) for _ in range(2)
    )
    assert first.json() == second.json()
    assert Channel.objects.count() == 1


def test_a_channel_is_switched_off_and_on_again(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    channel = team_channel(receiver.url, "job.completed")
    api, path = house.api("alice"), f"{ROOT}channels/{channel.key}/"
    off = api.patch(path, {"is_on": False}, JSON).json()
    assert (off["is_on"], off["disabled_reason"]) == (False, "alice switched it off.")
    assert api.post(f"{path}test/").status_code == 409
    end(house.job(JobState.IN_PROGRESS))
    work()
    assert api.patch(path, {"is_on": True}, JSON).json()["is_on"] is True
    end(house.job(JobState.IN_PROGRESS, name="after"))
    work()
    assert [request.json["data"]["name"] for request in receiver.requests] == ["after"]


def test_removing_a_channel_removes_what_waits(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    receiver.plan(Plan(500))
    channel = team_channel(receiver.url, "job.completed")
    end(house.job(JobState.IN_PROGRESS))
    work()
    assert house.api("alice").delete(f"{ROOT}channels/{channel.key}/").status_code == 204
    assert Delivery.objects.count() == 0
