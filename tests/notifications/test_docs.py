"""docs/notifications.md: the kinds that there are, and code that checks what is really sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from jobs.states import JobState
from notifications.kinds import EVENT_KINDS
from notifications.models import Channel
from tests.cast import House
from tests.notifications.conftest import end, work
from tests.notifications.receivers import HttpReceiver
from tests.support.engine import CHECKOUT

TEXT = (CHECKOUT / "docs" / "notifications.md").read_text()


def test_every_kind_of_event_is_in_the_table_and_no_other() -> None:
    assert re.findall(r"^\| `([a-z_.]+)` \|", TEXT, re.MULTILINE) == [kind.word for kind in EVENT_KINDS]


@pytest.mark.django_db
def test_the_code_for_receivers_accepts_what_is_sent_and_refuses_what_was_changed(
    house: House, receiver: HttpReceiver, team_channel: Callable[..., Channel]
) -> None:
    names: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)[0], names)
    is_genuine = names["is_genuine"]
    channel = team_channel(receiver.url, "job.completed")
    end(house.job(JobState.IN_PROGRESS))
    work()
    (request,) = receiver.requests
    assert is_genuine(channel.secret, request.headers, request.body)
    assert not is_genuine(channel.secret, request.headers, request.body + b" ")
    assert not is_genuine(f"{channel.secret[:-4]}AAA=", request.headers, request.body)
    old = {**request.headers, "webhook-timestamp": "1614265330"}
    assert not is_genuine(channel.secret, old, request.body)
