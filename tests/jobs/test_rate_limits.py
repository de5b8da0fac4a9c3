"""Limits of requests for tokens and teams, counted in the broker."""

from __future__ import annotations

import re
import secrets
from typing import Any

import pytest

from jobs.api import rate_limits
from tests.cast import House

pytestmark = pytest.mark.django_db
PATH = "/api/v1/members/"


@pytest.fixture(autouse=True)
def own_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """One window that is this test's alone: another test has a team with the same number, and a minute may end."""
    increase, mark = rate_limits._increase, secrets.token_hex(8)
    monkeypatch.setattr(rate_limits, "WINDOW", 10_000_000_000)
    monkeypatch.setattr(rate_limits, "_left_alone_until", 0.0)
    monkeypatch.setattr(rate_limits, "_increase", lambda keys: increase([f"{mark}:{key}" for key in keys]))


def test_a_token_that_sent_its_requests_is_told_when_to_go_on(house: House, settings: Any) -> None:
    settings.TOKEN_RATE, settings.TEAM_RATE = 3, 100
    client = house.api("bob")
    answers = [client.get(PATH) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert re.fullmatch('"token";q=3;w=[0-9]+, "team";q=100;w=[0-9]+', answers[0]["RateLimit-Policy"])
    remaining_counts = [re.findall("r=([0-9]+)", answer["RateLimit"]) for answer in answers]
    assert remaining_counts == [["2", "99"], ["1", "98"], ["0", "97"], ["0", "96"]]
    assert int(answers[3]["Retry-After"]) > 0
    error = answers[3].json()["error"]
    assert error["code"] == "throttled"
    assert "This token may send 3 requests a minute" in error["message"]
    assert house.api("bob").get(PATH).status_code == 200


def test_all_tokens_of_a_team_share_its_limit_and_no_others(
    house: House, other_house: House, settings: Any
) -> None:
    settings.TOKEN_RATE, settings.TEAM_RATE = 0, 2
    answers = [house.api(name).get(PATH) for name in ("bob", "alice", "vera")]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "This team" in answers[2].json()["error"]["message"]
    assert other_house.api("charlie").get(PATH).status_code == 200


def test_pages_and_their_own_calls_are_not_limited(house: House, settings: Any) -> None:
    settings.TOKEN_RATE = settings.TEAM_RATE = 1
    client = house.page("bob")
    answers = [client.get(PATH) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert "RateLimit" not in answers[0].headers


def test_nothing_is_limited_while_the_broker_does_not_answer(house: House, settings: Any) -> None:
    settings.TOKEN_RATE, settings.REDIS_URL = 1, "redis://127.0.0.1:9/0"
    client = house.api("bob")
    assert [client.get(PATH).status_code for _ in range(3)] == [200, 200, 200]
