"""CloudWatch Logs through boto3, over lines put into the engine's own store."""

from __future__ import annotations

import time
from typing import Any

import pytest

from engine.store import Store
from tests.engine.resources import refused, unique
from tests.support.engine import EngineProcess


@pytest.fixture
def logs(engine: EngineProcess) -> Any:
    return engine.client("logs")


@pytest.fixture
def group(store: Store) -> str:
    """A group with two streams of one job and one of another, ten milliseconds between lines."""
    group = f"/aws/sagemaker/{unique('group')}"
    store.logs.append(group, "job/i-1", [(number * 10, f"one {number}") for number in range(10)])
    store.logs.append(group, "job/data-log", [(number * 10 + 5, f"data {number}") for number in range(3)])
    store.logs.append(group, "other/i-1", [(1000, "ERROR elsewhere")])
    return group


def messages(page: dict[str, Any]) -> list[str]:
    return [event["message"] for event in page["events"]]


def test_groups_are_found_by_prefix_and_page(logs: Any, store: Store) -> None:
    mark = unique("/many")
    for number in range(5):
        store.logs.append(f"{mark}/{number}", "s", [])
    pages = logs.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix=mark, PaginationConfig={"PageSize": 2}
    )
    names = [group["logGroupName"] for page in pages for group in page["logGroups"]]
    assert names == [f"{mark}/{number}" for number in range(5)]


def test_streams_are_listed_by_name_prefix(logs: Any, group: str) -> None:
    page = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="job/")
    streams = page["logStreams"]
    assert [stream["logStreamName"] for stream in streams] == ["job/data-log", "job/i-1"]
    assert (streams[1]["firstEventTimestamp"], streams[1]["lastEventTimestamp"]) == (0, 90)
    assert streams[1]["arn"].endswith(f":log-group:{group}:log-stream:job/i-1")
    assert "nextToken" not in page


def test_streams_are_listed_by_their_last_event_over_pages(logs: Any, group: str) -> None:
    pages = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=group, orderBy="LastEventTime", descending=True, PaginationConfig={"PageSize": 1}
    )
    names = [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
    assert names == ["other/i-1", "job/i-1", "job/data-log"]


def test_a_group_may_be_named_by_its_arn(logs: Any, group: str) -> None:
    (log_group,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    page = logs.describe_log_streams(logGroupIdentifier=log_group["logGroupArn"])
    assert len(page["logStreams"]) == 3


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("InvalidParameterException", {"orderBy": "LastEventTime", "logStreamNamePrefix": "job/"}),
        ("InvalidParameterException", {"orderBy": "Size"}),
        ("InvalidParameterException", {"nextToken": "nonsense"}),
        ("InvalidParameterException", {"logGroupIdentifier": "too"}),
        ("ResourceNotFoundException", {"logGroupName": "no-such-group"}),
    ],
)
def test_a_listing_of_streams_that_can_not_be_is_refused(
    logs: Any, group: str, code: str, change: dict[str, Any]
) -> None:
    with refused(code):
        logs.describe_log_streams(**{"logGroupName": group, **change})


def test_events_are_followed_from_the_head_until_the_token_repeats(
    logs: Any, store: Store, group: str
) -> None:
    query = {"logGroupName": group, "logStreamName": "job/i-1", "startFromHead": True, "limit": 4}
    texts: list[str] = []
    page = logs.get_log_events(**query)
    while messages(page):
        texts += messages(page)
        page = logs.get_log_events(**query, nextToken=page["nextForwardToken"])
    assert texts == [f"one {number}" for number in range(10)]
    token = page["nextForwardToken"]
    assert logs.get_log_events(**query, nextToken=token)["nextForwardToken"] == token

    store.logs.append(group, "job/i-1", [(200, "written since")])
    assert messages(logs.get_log_events(**query, nextToken=token)) == ["written since"]


def test_without_a_word_the_latest_events_come_and_the_backward_token_leads_to_the_first(
    logs: Any, group: str
) -> None:
    query = {"logGroupName": group, "logStreamName": "job/i-1", "limit": 4}
    page = logs.get_log_events(**query)
    assert messages(page) == ["one 6", "one 7", "one 8", "one 9"]
    page = logs.get_log_events(**query, nextToken=page["nextBackwardToken"])
    assert messages(page) == ["one 2", "one 3", "one 4", "one 5"]
    page = logs.get_log_events(**query, nextToken=page["nextBackwardToken"])
    assert messages(page) == ["one 0", "one 1"]
    token = page["nextBackwardToken"]
    page = logs.get_log_events(**query, nextToken=token)
    assert messages(page) == []
    assert page["nextBackwardToken"] == token
    page = logs.get_log_events(**query, nextToken=page["nextForwardToken"])
    assert messages(page) == ["one 0", "one 1", "one 2", "one 3"]


def test_an_empty_stream_gives_a_token_that_waits_for_its_first_event(
    logs: Any, store: Store, group: str
) -> None:
    store.logs.append(group, "job/empty", [])
    query = {"logGroupName": group, "logStreamName": "job/empty"}
    token = logs.get_log_events(**query)["nextForwardToken"]
    assert logs.get_log_events(**query, nextToken=token)["nextForwardToken"] == token
    store.logs.append(group, "job/empty", [(1, "first")])
    assert messages(logs.get_log_events(**query, nextToken=token)) == ["first"]


def test_a_time_range_has_its_start_and_not_its_end(logs: Any, group: str) -> None:
    page = logs.get_log_events(logGroupName=group, logStreamName="job/i-1", startTime=20, endTime=40)
    assert messages(page) == ["one 2", "one 3"]


def test_a_page_holds_a_mebibyte(logs: Any, store: Store, group: str) -> None:
    store.logs.append(group, "job/big", [(number, str(number) * 200_000) for number in range(10)])
    query = {"logGroupName": group, "logStreamName": "job/big"}
    assert [text[0] for text in messages(logs.get_log_events(**query, startFromHead=True))] == list("01234")
    assert [text[0] for text in messages(logs.get_log_events(**query))] == list("56789")


def test_an_unknown_stream_or_group_is_not_found(logs: Any, group: str) -> None:
    with refused("ResourceNotFoundException", "The specified log stream does not exist."):
        logs.get_log_events(logGroupName=group, logStreamName="nope")
    with refused("ResourceNotFoundException", "The specified log group does not exist."):
        logs.get_log_events(logGroupName="nope", logStreamName="nope")
    with refused("ResourceNotFoundException", "The specified log stream does not exist."):
        logs.filter_log_events(logGroupName=group, logStreamNames=["job/i-1", "nope"])


@pytest.mark.parametrize("token", ["nonsense", "f/1", f"f/{9:020}{'9' * 36}", f"x/{0:056}"])
def test_an_event_token_nobody_gave_out_is_refused(logs: Any, group: str, token: str) -> None:
    with refused("InvalidParameterException", "nextToken"):
        logs.get_log_events(logGroupName=group, logStreamName="job/i-1", nextToken=token)


def test_a_filter_reads_the_streams_of_a_job_as_one_in_time(logs: Any, group: str) -> None:
    page = logs.filter_log_events(logGroupName=group, logStreamNamePrefix="job/", endTime=20)
    assert messages(page) == ["one 0", "data 0", "one 1", "data 1", "one 2"]
    assert page["events"][1]["logStreamName"] == "job/data-log"
    assert len({event["eventId"] for event in page["events"]}) == 5


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", 14),
        ("one", 10),
        ("ONE", 0),
        ('"data 1"', 1),
        ("data 1", 1),
        ("one -3 -4", 8),
        ("?data ?ERROR", 4),
        ("?data one", 10),
        ('-"one"', 4),
    ],
)
def test_text_patterns_choose_events(logs: Any, group: str, pattern: str, expected: int) -> None:
    assert len(logs.filter_log_events(logGroupName=group, filterPattern=pattern)["events"]) == expected


@pytest.mark.parametrize("pattern", ["{ $.level = 3 }", "[a, b]", '"unclosed', "%re%"])
def test_patterns_that_are_not_for_text_are_refused(logs: Any, group: str, pattern: str) -> None:
    with refused("InvalidParameterException"):
        logs.filter_log_events(logGroupName=group, filterPattern=pattern)


def test_the_paginator_of_a_filter_meets_every_match_once(logs: Any, group: str) -> None:
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, filterPattern="?one ?data", PaginationConfig={"PageSize": 4}
    )
    sizes_and_messages = [messages(page) for page in pages]
    assert max(len(page) for page in sizes_and_messages) == 4
    assert len({message for page in sizes_and_messages for message in page}) == 13


def test_a_filter_reads_newest_first_and_its_token_keeps_the_direction(
    logs: Any, store: Store, group: str
) -> None:
    base = 1_800_000_000_000
    for number in range(500):
        store.logs.append(group, f"back/i-{number % 2}", [(base + number // 10, f"line {number}")])
    query = {"logGroupName": group, "logStreamNamePrefix": "back/", "startTime": base, "limit": 7}
    page = logs.filter_log_events(**query, startFromHead=False)
    texts = messages(page)
    assert len(texts) == 7
    while "nextToken" in page:
        page = logs.filter_log_events(**query, nextToken=page["nextToken"])
        texts += messages(page)
    assert texts == [f"line {number}" for number in range(499, -1, -1)]


def test_newest_first_matches_a_pattern_and_ends_at_the_end_time(logs: Any, store: Store, group: str) -> None:
    base = 1_800_000_000_000
    store.logs.append(group, "back/i-1", [(base + n, "odd" if n % 2 else "even") for n in range(20)])
    page = logs.filter_log_events(
        logGroupName=group, logStreamNamePrefix="back/", filterPattern="even", startFromHead=False,
        startTime=base, endTime=base + 8,
    )  # fmt: skip
    assert [event["timestamp"] - base for event in page["events"]] == [8, 6, 4, 2, 0]


def test_events_from_before_2024_are_not_read_newest_first(logs: Any, group: str) -> None:
    with refused("InvalidParameterException", "2024"):
        logs.filter_log_events(logGroupName=group, startFromHead=False, startTime=0)


def test_few_matches_among_very_many_lines_are_found_over_short_pages(
    logs: Any, store: Store, group: str
) -> None:
    lines = [(number, "needle" if number == 44_999 else "hay") for number in range(45_000)]
    store.logs.append(group, "job/long", lines)
    pages = list(
        logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, logStreamNames=["job/long"], filterPattern="needle"
        )
    )
    assert [message for page in pages for message in messages(page)] == ["needle"]
    assert len(pages) > 1


@pytest.fixture
def stream(logs: Any) -> dict[str, str]:
    """The names of a new group and a new stream, as arguments."""
    names = {"logGroupName": unique("/own"), "logStreamName": "steps/[1]"}
    logs.create_log_group(logGroupName=names["logGroupName"])
    logs.create_log_stream(**names)
    return names


def test_written_events_are_read_in_order(logs: Any, stream: dict[str, str]) -> None:
    now = int(time.time() * 1000)
    events = [{"timestamp": now + number, "message": f"step {number}"} for number in range(3)]
    assert "rejectedLogEventsInfo" not in logs.put_log_events(**stream, logEvents=events)
    assert messages(logs.get_log_events(**stream, startFromHead=True)) == ["step 0", "step 1", "step 2"]


def test_what_exists_is_not_created_again(logs: Any, stream: dict[str, str]) -> None:
    with refused("ResourceAlreadyExistsException", "log group already exists"):
        logs.create_log_group(logGroupName=stream["logGroupName"])
    with refused("ResourceAlreadyExistsException", "log stream already exists"):
        logs.create_log_stream(**stream)
    with refused("ResourceNotFoundException", "log group does not exist"):
        logs.create_log_stream(logGroupName=unique("/never"), logStreamName="s")
    with refused("ResourceNotFoundException", "log stream does not exist"):
        logs.put_log_events(
            logGroupName=stream["logGroupName"],
            logStreamName="never",
            logEvents=[{"timestamp": 0, "message": "x"}],
        )


def test_events_that_are_too_old_or_too_new_are_named_and_not_stored(
    logs: Any, stream: dict[str, str]
) -> None:
    day, now = 86_400_000, int(time.time() * 1000)
    old = [
        {"timestamp": now - 14 * day - 60_000, "message": "old"},
        {"timestamp": now - 14 * day + 60_000, "message": "a"},
    ]
    assert logs.put_log_events(**stream, logEvents=old)["rejectedLogEventsInfo"] == {
        "tooOldLogEventEndIndex": 1
    }
    new = [{"timestamp": now, "message": "b"}, {"timestamp": now + 3 * 3_600_000, "message": "new"}]
    assert logs.put_log_events(**stream, logEvents=new)["rejectedLogEventsInfo"] == {
        "tooNewLogEventStartIndex": 1
    }
    assert messages(logs.get_log_events(**stream, startFromHead=True)) == ["a", "b"]


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([(5, "b"), (4, "a")], "chronological order"),
        ([(0, "a"), (86_400_001, "b")], "24 hours"),
        ([(0, "x" * 1_048_551)], "1048577 bytes exceeds limit of 1048576"),
    ],
    ids=["order", "span", "size"],
)
def test_a_batch_that_can_not_be_is_refused_whole(
    logs: Any, stream: dict[str, str], events: list[tuple[int, str]], words: str
) -> None:
    now = int(time.time() * 1000)
    batch = [{"timestamp": now + at, "message": message} for at, message in events]
    with refused("InvalidParameterException", words):
        logs.put_log_events(**stream, logEvents=batch)
    assert not messages(logs.get_log_events(**stream, startFromHead=True))
