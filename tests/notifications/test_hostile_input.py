"""Any input to forms and bodies is taken or refused, and never an error of ours."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifications.models import Channel
from notifications.services import channels
from tests.cast import House
from tests.notifications.conftest import member

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/notifications/"
#: The database is shared by the examples of a test, which each leave a row at most.
EXAMPLES = settings(
    max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)

TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "",
            "me",
            "https://example.com/",
            "https://[",
            "http://a\x00b",
            "1e999999",
            "NaN",
            "-0",
            "9" * 30,
            "\ud800",
        ]
    ),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)


def answers_of(client: Client, path: str, body: Any) -> int:
    client.raise_request_exception = False
    answer = client.post(path, body, "application/json")
    assert answer.status_code in {201, 400}, (answer.status_code, body)
    return int(answer.status_code)


@pytest.fixture
def channel(house: House) -> Channel:
    return channels.create(member(house, "alice"), kind="webhook", name="A", address="https://example.com/")


@pytest.fixture
def api(house: House) -> Client:
    return house.api("alice")


@EXAMPLES
@given(
    fields=st.fixed_dictionaries(
        {},
        optional={
            "kind": st.one_of(st.sampled_from(["webhook", "slack", "email", "browser"]), VALUES),
            "name": VALUES,
            "address": VALUES,
            "for_team": VALUES,
            "digest_minutes": VALUES,
        },
    )
)
def test_bodies_of_channels(house: House, api: Client, fields: dict[str, Any]) -> None:
    answers_of(api, f"{ROOT}channels/", fields)


@EXAMPLES
@given(
    fields=st.fixed_dictionaries(
        {"kinds": st.one_of(st.just(["job.failed"]), VALUES)},
        optional=dict.fromkeys(
            ["connection", "model", "preset", "tag", "owner", "longer_than_minutes", "costs_over_usd"], VALUES
        ),
    )
)
def test_bodies_of_rules(house: House, api: Client, channel: Channel, fields: dict[str, Any]) -> None:
    answers_of(api, f"{ROOT}rules/", {**fields, "channel": channel.key})
    channel.rules.all().delete()


@EXAMPLES
@given(
    changes=st.dictionaries(
        st.sampled_from(["name", "address", "digest_minutes", "muted_until", "is_on"]), VALUES, max_size=3
    )
)
def test_changes_of_channels(house: House, api: Client, channel: Channel, changes: dict[str, Any]) -> None:
    api.raise_request_exception = False
    answer = api.patch(f"{ROOT}channels/{channel.key}/", changes, "application/json")
    assert answer.status_code in {200, 400}, (answer.status_code, changes)


@EXAMPLES
@given(
    fields=st.dictionaries(
        st.sampled_from(
            [
                "name",
                "address",
                "digest_minutes",
                "mute",
                "kinds",
                "owner",
                "tag",
                "longer_than_minutes",
                "costs_over_usd",
            ]
        ),
        TEXTS.filter(lambda text: text.isprintable() or "\x00" in text),
    )
)
def test_forms(house: House, channel: Channel, fields: dict[str, str]) -> None:
    client = house.page("alice")
    client.raise_request_exception = False
    for path in (
        "/notifications/channels/new/",
        channel.get_absolute_url(),
        f"{channel.get_absolute_url()}rules/new/",
    ):
        answer = client.post(path, fields)
        assert answer.status_code in {200, 302, 400}, (answer.status_code, path, fields)
