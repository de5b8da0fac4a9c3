"""A job's log from the real engine: paged both ways, searched, followed, told apart, and whole as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from aws.logs import GROUP, is_data_log
from jobs.models import TransformJob
from jobs.services.errors import NotPossible
from jobs.states import JobState
from results import log_reading, logs
from tests.cast import House, make_house
from tests.engine.conftest import serving_engine
from tests.engine.resources import unique
from tests.engine.transforms import Transform, transform
from tests.support.engine import EngineProcess
from tests.support.polling import until

__all__ = ["serving_engine"]
pytestmark = pytest.mark.django_db(transaction=True)

LINES = 20_000
HOSTILE = "\x1b[31mred\x1b[0m \x1b]0;title\x07<script>alert(1)</script> \u202eright\x00 {{ 7|add:1 }}"
TRACEBACK = [
    "Traceback (most recent call last):",
    '  File "/opt/ml/code/inference.py", line 8, in predict_fn',
    "    boxes = detector(tiles)",
    "torch.OutOfMemoryError: CUDA out of memory",
]


@pytest.fixture(scope="module")
def long(serving_engine: EngineProcess) -> Transform:
    """A job of one instance whose container prints 20,000 lines, then a traceback, then strange ones."""
    printed = [*TRACEBACK, "quiet again", HOSTILE, "x" * 30_000, 'with "quotes" and \\ backslash']
    orders = [f"count {LINES}", *(f"print {json.dumps(line)}" for line in printed)]
    return transform(serving_engine, {"1": "\n".join(orders).encode()}).completed()


@pytest.fixture
def serving(db: None, serving_engine: EngineProcess, settings: Any, engine_keys: Any) -> House:
    """Alice's team, connected to the engine that has the tests' own model server."""
    settings.ENGINE_URL = serving_engine.url
    settings.ENGINE_CREDENTIALS = serving_engine.data_dir / "credentials.json"
    return make_house("first", {"alice": "admin", "vera": "viewer"}, serving_engine.url)


def dashboard_job(house: House, remote: Transform, **fields: Any) -> TransformJob:
    """The dashboard's row of a job in the engine that ended a while ago."""
    ended = timezone.now() - timedelta(minutes=5)
    values = {"state": JobState.COMPLETED, "accepted_at": ended, "started_at": ended, "ended_at": ended}
    return house.job(name=remote.name, **{**values, **fields})


@pytest.fixture
def job(serving: House, long: Transform) -> TransformJob:
    return dashboard_job(serving, long)


def container_of(job: TransformJob) -> str:
    (label,) = [s.label for s in logs.page(job).streams if not s.is_data_log]
    return label


def texts(page: logs.LogPage) -> list[str]:
    return [line.text for line in page.lines]


def numbered(lines: list[str]) -> list[int]:
    return [int(text.removeprefix("line ")) for text in lines if text.startswith("line ")]


def walk_back(job: TransformJob, **query: Any) -> Iterator[logs.LogPage]:
    page = logs.page(job, **query)
    yield page
    while page.before:
        page = logs.page(job, **query, before=page.before)
        yield page


@pytest.mark.parametrize("merged", [False, True])
def test_pages_go_back_to_the_first_line_and_on_to_the_last_without_losing_or_doubling_one(
    job: TransformJob, merged: bool
) -> None:
    stream = logs.ALL if merged else container_of(job)
    pages = list(walk_back(job, stream=stream))
    assert all(len(page.lines) <= logs.PAGE for page in pages)
    backward = [text for page in reversed(pages) for text in texts(page)]
    assert numbered(backward) == list(range(1, LINES + 1))
    forward: list[str] = []
    token, more = logs.BEGINNING, True
    while more:
        page = logs.page(job, stream=stream, token=token)
        forward += texts(page)
        token, more = page.token, page.more
    assert forward == backward
    assert page.over


def test_the_latest_page_is_the_end_and_says_that_none_follows(job: TransformJob) -> None:
    page = logs.page(job, stream=container_of(job))
    assert page.lines[-1].text == 'with "quotes" and \\ backslash'
    assert (page.more, page.over) == (False, True)
    assert logs.page(job, stream=page.stream, token=page.token).lines == ()


def test_a_search_finds_a_line_in_the_middle_of_all(job: TransformJob) -> None:
    page = logs.page(job, stream=logs.ALL, search="line 010000")
    assert texts(page) == ["line 010000"]
    assert texts(logs.page(job, stream=logs.ALL, search='"quotes" and \\')) == [
        'with "quotes" and \\ backslash'
    ]
    assert texts(logs.page(job, stream=logs.ALL, search="LINE 010000")) == []


def test_what_a_search_finds_opens_among_its_neighbours(job: TransformJob) -> None:
    (hit,) = logs.page(job, stream=logs.ALL, search="line 010000").lines
    around = logs.page(job, stream=hit.stream, at=hit.id)
    numbers = numbered(texts(around))
    assert numbers == list(range(10_000 - logs.CONTEXT, 10_000 - logs.CONTEXT + logs.PAGE))
    assert around.lines[logs.CONTEXT].id == hit.id
    before = logs.page(job, stream=hit.stream, before=around.before)
    assert numbered(texts(before))[-1] == numbers[0] - 1
    after = logs.page(job, stream=hit.stream, token=around.token)
    assert numbered(texts(after))[0] == numbers[-1] + 1


def test_a_search_with_many_hits_is_paged_and_jumped_through_both_ways(job: TransformJob) -> None:
    stream = container_of(job)
    pages = list(walk_back(job, stream=stream, search="line 01"))
    assert sorted(n for page in pages for n in numbered(texts(page))) == list(range(10_000, 20_000))
    first, _ = logs.jump(job, stream=stream, search="00 ")
    assert first == ""
    place = ""
    places = []
    for _ in range(3):
        place, _ = logs.jump(job, stream=stream, search="5000", token=place)
        places.append(place)
    hits = logs.page(job, stream=stream, search="5000").lines
    assert [line.text for line in hits] == ["line 005000", "line 015000"]
    assert places == [hits[0].id, hits[1].id, ""]
    back, _ = logs.jump(job, stream=stream, search="5000", before=hits[1].id)
    assert back == hits[0].id


def test_a_line_has_its_number_and_a_hit_its_place_among_all(job: TransformJob) -> None:
    stream = container_of(job)
    lines = [line for page in list(walk_back(job, stream=stream))[::-1] for line in page.lines]
    for place in (0, 1, 499, 10_000, len(lines) - 1):
        assert logs.line_number(job, stream=stream, line_id=lines[place].id) == place + 1
    hits = logs.page(job, stream=stream, search="5000").lines
    for number, hit in enumerate(hits, start=1):
        counted = logs.count_hits(job, stream=stream, search="5000", errors=False, at=hit.id)
        assert counted == logs.HitCount(number, 2, more=False)
    # A line that is no hit, and the errors by their first lines.
    assert logs.count_hits(job, stream=stream, search="5000", errors=False, at=lines[0].id).number == 0
    error, _ = logs.jump(job, stream=stream, errors=True)
    assert logs.count_hits(job, stream=stream, search="", errors=True, at=error) == logs.HitCount(
        1, 1, more=False
    )


def test_a_line_far_from_the_beginning_has_no_number_rather_than_a_wrong_one(
    job: TransformJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_COUNTED", 500)
    stream = container_of(job)
    end = logs.page(job, stream=stream).lines[-1].id
    assert logs.line_number(job, stream=stream, line_id=end) is None
    counted = logs.count_hits(job, stream=stream, search="line", errors=False, at=end)
    assert counted.more
    assert counted.number == 0
    assert counted.total < LINES


def test_errors_only_keeps_a_traceback_whole_and_the_jump_goes_to_its_first_line(job: TransformJob) -> None:
    page = logs.page(job, stream=logs.ALL, errors=True)
    assert texts(page) == TRACEBACK
    assert {line.level for line in page.lines} == {"error"}
    first, _ = logs.jump(job, stream=logs.ALL, errors=True)
    assert first == page.lines[0].id
    assert logs.jump(job, stream=logs.ALL, errors=True, token=first) == ("", "")
    assert logs.jump(job, stream=logs.ALL, errors=True, before=page.lines[-1].id)[0] == first
    counts = logs.count_errors(job)
    assert (counts.by_stream, counts.more) == ({container_of(job): 1}, False)


def test_terminal_codes_and_invisible_characters_are_taken_out(job: TransformJob) -> None:
    (line,) = logs.page(job, stream=logs.ALL, search="<script>").lines
    assert line.text == "red <script>alert(1)</script> right {{ 7|add:1 }}"


def test_errors_of_objects_are_told_by_stream(serving: House, serving_engine: EngineProcess) -> None:
    remote = transform(serving_engine, {"1": b"bad\n", "2": b"good\n", "3": b"bad\n"}, instances=2)
    remote.failed()
    job = dashboard_job(serving, remote, state=JobState.FAILED)
    page = logs.page(job, stream=logs.ALL, errors=True)
    assert {text.split(":")[0].rsplit("/")[-1] for text in texts(page)} == {"1", "3"}
    assert not [text for text in texts(page) if "[sagemaker logs]" in text]
    counts = logs.count_errors(job).by_stream
    assert sum(counts.values()) == 2
    assert all(label.endswith("data-log") for label in counts)
    assert [line.at for line in page.lines] == sorted(line.at for line in page.lines)


def followed(job: TransformJob, stream: str, search: str, poll: Callable[[], None]) -> tuple[list[str], int]:
    """What a reader sees who opens the page and follows it to the end, and how often they ask.

    `poll` gives the row the state of the engine's job, as the poller of the connection does.
    """
    page = logs.page(job, stream=stream, search=search)
    lines_in_order, polls = texts(page), 0
    earlier = page
    while earlier.before:
        earlier = logs.page(job, stream=stream, search=search, before=earlier.before)
        lines_in_order = texts(earlier) + lines_in_order
    while not page.over:
        page = logs.since(job, stream=stream, search=search, token=page.token)
        lines_in_order += texts(page)
        polls += 1
        poll()
        job.refresh_from_db()
    return lines_in_order, polls


@pytest.mark.parametrize("stream", ["one", "all", "search"])
def test_following_a_running_job_shows_each_line_once(
    serving: House, serving_engine: EngineProcess, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = "\n".join(["count 1000"] * 8)
    remote = transform(
        serving_engine, {str(n): orders.encode() for n in range(4)}, environment={"DELAY": "0.3"}, instances=2
    )
    # The data log may be the first stream, before any container wrote a line.
    until(lambda: any(not is_data_log(name) for name in remote.streams), "a container's stream", 60)
    now = timezone.now()
    job = dashboard_job(
        serving, remote, state=JobState.IN_PROGRESS, accepted_at=now, started_at=now, ended_at=None
    )
    monkeypatch.setattr(logs, "_QUIET", logs._SETTLED_ENGINE)

    def poll() -> None:
        if not job.is_terminal and remote.status != "InProgress":
            job.move(JobState.COMPLETED, from_={JobState.IN_PROGRESS}, ended_at=timezone.now())

    label = (
        logs.ALL if stream != "one" else next(s.label for s in logs.page(job).streams if not s.is_data_log)
    )
    lines_in_order, polls = followed(job, label, "line 00" if stream == "search" else "", poll)
    written = [texts_of_stream(serving_engine, name) for name in remote.streams]
    if stream == "one":
        assert lines_in_order in written
    else:
        written_numbers = sorted(numbered([line for lines in written for line in lines]))
        assert len(written_numbers) == 32_000
        assert sorted(numbered(lines_in_order)) == written_numbers
    assert polls > 1


def texts_of_stream(engine: EngineProcess, name: str) -> list[str]:
    pages: list[str] = []
    token: dict[str, str] = {}
    while True:
        answer = engine.client("logs").get_log_events(
            logGroupName=GROUP, logStreamName=name, startFromHead=True, **token
        )
        if not answer["events"]:
            return pages
        pages += [event["message"] for event in answer["events"]]
        token = {"nextToken": answer["nextForwardToken"]}


def test_a_search_that_takes_many_calls_goes_on_where_it_stopped(
    job: TransformJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_reading, "CALLS", 1)
    page = logs.page(job, stream=logs.ALL, token=logs.BEGINNING, search="line 019999")
    pages_read = 1
    while not page.lines and page.more:
        page = logs.page(job, stream=logs.ALL, token=page.token, search="line 019999")
        pages_read += 1
    assert texts(page) == ["line 019999"]


def test_a_page_of_very_long_lines_is_short(serving: House, serving_engine: EngineProcess) -> None:
    huge = json.dumps("y" * 200_000)
    remote = transform(serving_engine, {"1": "\n".join([f"print {huge}"] * 12).encode()}).completed()
    job = dashboard_job(serving, remote)
    pages = list(walk_back(job, stream=container_of(job)))
    assert all(sum(len(text) for text in texts(page)) <= log_reading.PAGE_BYTES for page in pages)
    assert sum(text.count("y") for page in pages for text in texts(page)) >= 12 * 200_000


def test_the_text_of_all_streams_or_of_a_search_is_sent_whole(job: TransformJob) -> None:
    whole = "".join(logs.text_file(job, stream=logs.ALL).parts).splitlines()
    parts_of_lines = [line.split(" ", 2) for line in whole]
    assert numbered([text for _, _, text in parts_of_lines]) == list(range(1, LINES + 1))
    assert [at for at, _, _ in parts_of_lines] == sorted(at for at, _, _ in parts_of_lines)
    assert {stream for _, stream, _ in parts_of_lines} == {stream.label for stream in logs.page(job).streams}
    matching_lines = "".join(
        logs.text_file(job, stream=container_of(job), search="line 0100").parts
    ).splitlines()
    assert numbered([line.split(" ", 1)[1] for line in matching_lines]) == list(range(10_000, 10_100))


@pytest.mark.parametrize("place", ["nonsense", "1-2-3", "-", "9" * 40 + "-1"])
def test_a_place_that_no_line_has_is_refused(job: TransformJob, place: str) -> None:
    for parameter in ("token", "before", "at"):
        with pytest.raises(NotPossible, match="place"):
            logs.page(job, stream=logs.ALL, **{parameter: place})


def test_a_job_whose_log_cloudwatch_let_go_says_so(serving: House) -> None:
    ended = timezone.now() - timedelta(days=90)
    values = {"accepted_at": ended, "started_at": ended, "ended_at": ended}
    gone = serving.job(JobState.COMPLETED, name=unique("gone"), **values)
    assert "no longer has this job's log" in logs.page(gone).note
    never = serving.job(JobState.FAILED, name=unique("never"), **{**values, "started_at": None})
    assert "none of its instances came to run" in logs.page(never).note


def test_the_api_pages_searches_and_sends_the_whole(serving: House, job: TransformJob) -> None:
    api = serving.api("vera")
    address = f"/api/v1/jobs/{job.key}/logs/"
    last = api.get(address, {"stream": "all"}).json()
    assert len(last["results"]) == 500
    assert last["results"][0]["level"] in ("", "error")
    earlier = api.get(address, {"stream": "all", "before": last["before"]}).json()
    assert earlier["results"][-1]["at"] <= last["results"][0]["at"]
    (hit,) = api.get(address, {"stream": "all", "search": "line 010000"}).json()["results"]
    assert hit["text"] == "line 010000"
    around = api.get(address, {"stream": hit["stream"], "at": hit["id"]}).json()
    assert hit in around["results"]
    errors = api.get(address, {"stream": "all", "errors": "true"}).json()["results"]
    assert [line["text"] for line in errors] == TRACEBACK
    text = api.get(f"{address}text/", {"errors": "true"})
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert len(b"".join(text.streaming_content).splitlines()) == len(TRACEBACK)
    assert api.get(f"{address}text/", {"stream": "nowhere"}).status_code == 404
    assert api.get(address, {"stream": "nowhere"}).status_code == 404
    for place in ("nonsense", "~AAAAAAAAAA", "1700000000000-~AAAAAAAAAA"):
        for name in ("token", "before", "at"):
            answer = api.get(address, {"stream": "all", name: place})
            assert answer.status_code == 400, (name, place)
            assert set(answer.json()["error"]["fields"]) == {name}
