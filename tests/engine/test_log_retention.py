"""Log events go: with their stream or group when a client deletes it, and by themselves when they are old."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from engine.runner.retention import delete_old_events
from engine.store import Store
from tests.engine.resources import unique
from tests.support.engine import EngineProcess

DAY = 86_400_000


def written(store: Store, group: str, stream: str, ages: list[float]) -> None:
    """Have events of those ages, in days, in a stream."""
    now = int(time.time() * 1000)
    store.logs.append(group, stream, [(now - int(age * DAY), f"{age} days old") for age in ages])


def messages(store: Store, group: str, stream: str) -> list[str]:
    return [event.message for event in store.logs.events(group, stream)]


def test_a_stream_goes_with_its_events(engine: EngineProcess, store: Store) -> None:
    group, logs = f"/group/{unique('g')}", engine.client("logs")
    written(store, group, "large", [1.0] * 5000)
    written(store, group, "other", [1.0])
    logs.delete_log_stream(logGroupName=group, logStreamName="large")
    names = [row["logStreamName"] for row in logs.describe_log_streams(logGroupName=group)["logStreams"]]
    assert names == ["other"]
    assert messages(store, group, "large") == []
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*log stream does not exist"):
        logs.delete_log_stream(logGroupName=group, logStreamName="large")


def test_a_group_goes_with_its_streams(engine: EngineProcess, store: Store) -> None:
    group, logs = f"/group/{unique('g')}", engine.client("logs")
    written(store, group, "one", [1.0])
    logs.delete_log_group(logGroupName=group)
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []
    assert messages(store, group, "one") == []


def test_a_retention_policy_is_shown_and_taken_back(engine: EngineProcess, store: Store) -> None:
    group, logs = f"/group/{unique('g')}", engine.client("logs")
    written(store, group, "one", [1.0])

    def described() -> dict[str, Any]:
        return dict(logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0])

    assert "retentionInDays" not in described()
    logs.put_retention_policy(logGroupName=group, retentionInDays=30)
    assert described()["retentionInDays"] == 30
    logs.delete_retention_policy(logGroupName=group)
    assert "retentionInDays" not in described()
    with pytest.raises(ClientError, match=r"InvalidParameterException.*must be one of 1, 3, 5"):
        logs.put_retention_policy(logGroupName=group, retentionInDays=2)


async def test_old_events_go_by_the_groups_policy_or_the_engines_setting(tmp_path: Path) -> None:
    store = Store(tmp_path / "engine.sqlite3")
    for group in ("with policy", "without"):
        written(store, group, "stream", [100, 10, 1])
    store.logs.set_retention("with policy", 7)
    await delete_old_events(store, 90, time.time())
    assert messages(store, "with policy", "stream") == ["1 days old"]
    assert messages(store, "without", "stream") == ["10 days old", "1 days old"]
    (stream,) = store.logs.streams("with policy")
    assert stream.first_event is not None
    assert stream.first_event > time.time() * 1000 - 2 * DAY
    await delete_old_events(store, 0, time.time())
    assert messages(store, "without", "stream") == ["10 days old", "1 days old"]
    store.close()
