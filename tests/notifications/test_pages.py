"""The pages of notifications, as people use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jobs.states import JobState
from notifications.models import Channel, Delivery, NotificationRule
from tests.cast import House
from tests.notifications.conftest import end, make_due, work
from tests.notifications.receivers import HttpReceiver, Plan
from tests.support.forms import form_values
from tests.support.html import Page

pytestmark = pytest.mark.django_db
Make = Callable[..., Channel]
NEW = "/notifications/channels/new/?kind=webhook"


def test_a_person_adds_a_webhook_sends_a_test_and_reads_the_answer(
    house: House, receiver: HttpReceiver
) -> None:
    client = house.page("vera")
    fields = {"name": "My receiver", "address": receiver.url, "digest_minutes": "0"}
    answer = client.post(NEW, fields)
    channel = Channel.objects.get()
    assert (channel.owner, answer.status_code) == (house.people["vera"], 200)
    assert Page(answer).by_id("secret").text == channel.secret
    assert channel.secret not in client.get(channel.get_absolute_url()).content.decode()
    receiver.plan(Plan(500, b"<b>not now</b>"), Plan(200, b"thanks"))
    sent = client.post(f"{channel.get_absolute_url()}test/")
    work()
    page = client.get(sent.headers["Location"]).content.decode()
    assert "The receiver answered 500" in page
    assert "&lt;b&gt;not now&lt;/b&gt;" in page
    client.post(f"{sent.headers['Location']}again/")
    work()
    assert "thanks" in client.get(sent.headers["Location"]).content.decode()


def test_a_person_adds_a_rule_changes_it_and_removes_it(house: House, receiver: HttpReceiver) -> None:
    client = house.page("bob")
    client.post(NEW, {"name": "R", "address": receiver.url})
    channel = Channel.objects.get()
    path = f"{channel.get_absolute_url()}rules/new/"
    fields = {**form_values(client.get(path)), "kinds": ["job.completed"], "longer_than_minutes": "0"}
    assert client.post(path, fields).status_code == 302
    rule = NotificationRule.objects.get()
    assert (rule.kinds, rule.filter, rule.longer_than_minutes) == (["job.completed"], {"owner": "me"}, 0)
    edit = f"/notifications/rules/{rule.pk}/"
    changed = {
        **form_values(client.get(edit)),
        "kinds": ["job.failed"],
        "owner": "",
        "costs_over_usd": "2.50",
    }
    assert client.post(edit, changed).status_code == 302
    rule.refresh_from_db()
    assert (rule.kinds, rule.filter, str(rule.costs_over_usd)) == (["job.failed"], {}, "2.50")
    page = client.get(channel.get_absolute_url()).content.decode()
    assert "costs over $2.50" in page
    assert client.post(f"{edit}remove/").status_code == 302
    assert NotificationRule.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"kinds": []}, "one or more"),
        ({"longer_than_minutes": "ten"}, "whole number"),
        ({"costs_over_usd": "1e999999"}, "number from 0"),
        ({"costs_over_usd": "NaN"}, "number from 0"),
        ({"connection": "elsewhere"}, "not one of the available choices"),
        ({"tag": "x" * 500}, "characters"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_at_its_field(
    house: House, team_channel: Make, fields: dict[str, Any], word: str
) -> None:
    channel = team_channel("https://example.com/")
    path = f"{channel.get_absolute_url()}rules/new/"
    answer = house.page("alice").post(path, {"kinds": ["job.failed"], **fields})
    assert answer.status_code == 400
    assert word in answer.content.decode()
    assert NotificationRule.objects.count() == 0


def test_a_slack_address_that_is_not_typed_anew_stays(house: House) -> None:
    client = house.page("bob")
    address = "https://hooks.slack.com/services/T0/B0/secret"
    client.post("/notifications/channels/new/?kind=slack", {"name": "Ops", "address": address})
    channel = Channel.objects.get()
    fields = {**form_values(client.get(channel.get_absolute_url())), "name": "Operations", "mute": "8"}
    assert client.post(channel.get_absolute_url(), fields).status_code == 302
    channel.refresh_from_db()
    assert (channel.name, channel.address, channel.is_muted) == ("Operations", address, True)


def test_a_form_that_somebody_else_overtook_says_so(house: House, team_channel: Make) -> None:
    channel = team_channel("https://example.com/")
    client = house.page("alice")
    page = client.get(channel.get_absolute_url())
    Channel.objects.update(name="Changed meanwhile")
    answer = client.post(channel.get_absolute_url(), {**form_values(page), "name": "Mine"})
    assert answer.status_code == 400
    assert "Somebody changed this" in answer.content.decode()
    assert Channel.objects.get().name == "Changed meanwhile"


def test_the_log_is_narrowed_by_channel_and_state(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    receiver.plan(Plan(500), Plan(200))
    team_channel(receiver.url, "job.completed")
    second = team_channel(receiver.url, "job.failed")
    end(house.job(JobState.IN_PROGRESS, name="first-job"))
    work()
    make_due()
    end(house.job(JobState.IN_PROGRESS, name="second-job"), JobState.FAILED, reason="no")
    work()
    client = house.page("vera")
    everything = client.get("/notifications/deliveries/").content.decode()
    assert "first-job" in everything
    assert "second-job" in everything
    narrowed = client.get(f"/notifications/deliveries/?channel={second.key}&state=delivered").content.decode()
    assert "first-job" not in narrowed
    assert "second-job" in narrowed
    assert "No such message" in client.get("/notifications/deliveries/?state=nonsense").content.decode()


def test_410_is_told_on_the_channels_page_which_switches_it_on_again(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    receiver.plan(Plan(410))
    channel = team_channel(receiver.url, "job.completed")
    end(house.job(JobState.IN_PROGRESS))
    work()
    client = house.page("alice")
    page = client.get(channel.get_absolute_url()).content.decode()
    assert "410 Gone" in page
    assert "Send test" not in page
    client.post(f"{channel.get_absolute_url()}switch/")
    assert Channel.objects.get().is_on
    assert Delivery.objects.get().state == "failed"
