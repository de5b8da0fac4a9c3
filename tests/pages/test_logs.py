"""The Logs tab: it shows hostile lines as text, appends what is new, jumps, and keeps the log out of its polls."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs.models import TransformJob
from jobs.states import JobState
from results import logs
from tests.cast import House, make_house
from tests.engine.conftest import serving_engine
from tests.engine.transforms import Transform, transform
from tests.pages.polls import poll
from tests.support.engine import EngineProcess
from tests.support.html import Page

__all__ = ["serving_engine"]
pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)</script>"
PRINTED = ["needle", SCRIPT, "z" * 5_000, "ValueError: bad column", f"{SCRIPT} {{{{ job }}}} {{% debug %}}"]


@pytest.fixture(scope="module")
def remote(serving_engine: EngineProcess) -> Transform:
    orders = ["count 700", *(f"print {json.dumps(line)}" for line in PRINTED)]
    return transform(serving_engine, {"1": "\n".join(orders).encode()}).completed()


@pytest.fixture
def serving(db: None, serving_engine: EngineProcess, settings: Any, engine_keys: Any) -> House:
    """Alice's team, connected to the engine that has the tests' own model server."""
    settings.ENGINE_URL = serving_engine.url
    settings.ENGINE_CREDENTIALS = serving_engine.data_dir / "credentials.json"
    return make_house("first", {"alice": "admin", "vera": "viewer"}, serving_engine.url)


@pytest.fixture
def job(serving: House, remote: Transform) -> TransformJob:
    ended = timezone.now() - timedelta(minutes=5)
    values = {"accepted_at": ended, "started_at": ended, "ended_at": ended}
    return serving.job(JobState.COMPLETED, name=remote.name, **values)


def open_log(house: House, job: TransformJob, part: str = "", **query: str) -> Page:
    answer = house.page("vera").get(f"/jobs/{job.key}/logs/{part}", query, follow=True)
    assert answer.status_code == 200
    return Page(answer)


def lines(page: Page) -> list[str]:
    return [node.text for node in page.of_class("tx")]


def test_lines_are_text_whatever_they_hold_and_long_ones_are_folded(
    serving: House, job: TransformJob
) -> None:
    page = open_log(serving, job, stream="all")
    assert any(text.startswith(SCRIPT) and "{% debug %}" in text for text in lines(page))
    assert not [node for node in page.all("script") if "alert" in node.text]
    (folded,) = [node for node in page.all("details") if node.get("class") == "long"]
    assert folded.text.replace(" ", "").count("z") == 5_000


def test_a_search_marks_what_it_found_and_its_link_opens_the_line_in_place(
    serving: House, job: TransformJob
) -> None:
    page = open_log(serving, job, stream="all", search=SCRIPT)
    assert len(lines(page)) == 2
    assert {node.text for node in page.all("mark")} == {SCRIPT}
    (link, _) = page.of_class("ts")
    opened = serving.page("vera").get(link.get("href"))
    assert "line 000700" in opened.content.decode()
    assert Page(opened).by_id("here").text.endswith(SCRIPT)


def test_the_first_error_is_one_press_away_and_older_lines_one_link(
    serving: House, job: TransformJob
) -> None:
    page = open_log(serving, job, "jump/", stream="all")
    assert "ValueError: bad column" in page.by_id("here").text
    last = open_log(serving, job, stream="all")
    (older,) = [node.get("href") for node in last.all("a") if "before=" in node.get("href")]
    earlier = Page(serving.page("vera").get(older))
    assert lines(earlier)[-1] < lines(last)[0]
    nothing = open_log(serving, job, "jump/", stream="all", search="nowhere")
    assert "There is no line with “nowhere” in this log." in nothing.by_id("main").text


def test_lines_are_numbered_from_the_logs_beginning(serving: House, job: TransformJob) -> None:
    client = serving.page("vera")
    end = open_log(serving, job, stream="all").by_id("log-lines")
    number = client.get(end.get("data-number"))
    assert number.headers["Content-Type"] == "text/plain"
    (older,) = [
        node.get("href")
        for node in open_log(serving, job, stream="all").all("a")
        if "before=" in node.get("href")
    ]
    beginning = Page(client.get(older))
    assert beginning.by_id("log-lines").get("start") == "1"
    assert int(number.content) == len(lines(beginning)) + 1
    # Lines of a search have no numbers: they would be those of the whole log.
    hits = open_log(serving, job, stream="all", search="needle").by_id("log-lines")
    assert (hits.get("start"), hits.get("data-number")) == ("", "")


def test_a_hit_says_which_of_all_it_is(serving: House, job: TransformJob) -> None:
    client = serving.page("vera")
    page = open_log(serving, job, "jump/", stream="all", search=SCRIPT)
    (hits,) = page.of_class("hits")
    assert poll(client, hits.get("hx-get")).content.decode().split() == ["Hit", "1", "of", "2"]
    error = open_log(serving, job, "jump/", stream="all")
    (hits,) = error.of_class("hits")
    assert poll(client, hits.get("hx-get")).content.decode().split() == ["Error", "1", "of", "1"]
    alone = client.get(hits.get("hx-get"))
    assert (alone.status_code, alone.headers["Location"]) == (302, f"/jobs/{job.key}/logs/")


def test_the_number_of_no_line_is_not_found(serving: House, job: TransformJob) -> None:
    client = serving.page("vera")
    assert client.get(f"/jobs/{job.key}/logs/number/", {"at": "nonsense"}).status_code == 404
    assert client.get(f"/jobs/{job.key}/logs/number/").headers["Location"] == f"/jobs/{job.key}/logs/"


def test_what_is_asked_for_again_is_the_job_and_not_its_log(serving: House, job: TransformJob) -> None:
    TransformJob.objects.update(state=JobState.IN_PROGRESS, ended_at=None)
    poll = serving.page("vera").get(f"/jobs/{job.key}/logs/", headers={"HX-Request": "true"})
    assert Page(poll).all()[0].get("id") == "job"
    assert not Page(poll).of_class("tx")


def test_what_came_since_is_sent_alone_with_the_next_token(serving: House, job: TransformJob) -> None:
    stream = logs.page(job).stream
    (needle,) = logs.page(job, stream=stream, search="needle").lines
    answer = serving.page("vera").get(
        f"/jobs/{job.key}/logs/since/", {"stream": stream, "token": needle.id}, headers={"HX-Request": "true"}
    )
    page = Page(answer)
    assert len(page.of_class("tx")) == len(PRINTED) - 1
    address = page.by_id("log-follow").get("data-address")
    assert "token=" in address
    assert needle.id not in address
    assert "data-over" in answer.content.decode()


def test_streams_tell_which_have_errors(serving: House, job: TransformJob) -> None:
    answer = serving.page("vera").get(
        f"/jobs/{job.key}/logs/streams/", {"stream": "all"}, headers={"HX-Request": "true"}
    )
    assert [node.text for node in Page(answer).of_class("n")] == ["1 1 errors", "1 1 errors"]


def test_the_download_is_a_text_file_of_what_matches(serving: House, job: TransformJob) -> None:
    answer = serving.page("vera").get(f"/jobs/{job.key}/logs/text/", {"search": "needle"})
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert f"{job.name}-all.log" in answer.headers["Content-Disposition"]
    assert b"".join(answer.streaming_content).endswith(b" needle\n")


def test_another_team_finds_none_of_it(serving: House, job: TransformJob) -> None:
    other_house = make_house("second", {"charlie": "admin"}, serving.connection.endpoint_url)
    for part in ("", "since/", "streams/", "jump/", "text/"):
        assert other_house.page("charlie").get(f"/jobs/{job.key}/logs/{part}").status_code == 404
    assert other_house.api("charlie").get(f"/api/v1/jobs/{job.key}/logs/text/").status_code == 404


@pytest.mark.parametrize("query", [{"stream": "nowhere"}, {"at": "x"}, {"token": "1-x"}, {"before": "x~y"}])
def test_a_stream_or_place_that_there_is_not_is_not_found(
    serving: House, job: TransformJob, query: dict[str, str]
) -> None:
    assert serving.page("vera").get(f"/jobs/{job.key}/logs/", query).status_code == 404


def test_an_engine_that_is_away_is_named_with_a_way_to_try_again(house: House) -> None:
    job = house.job(JobState.COMPLETED)
    page = house.page("vera").get(f"/jobs/{job.key}/logs/").content.decode()
    assert "cannot be reached" in page
    assert "Try again" in page
    for part in ("jump/", "text/"):
        answer = house.page("vera").get(f"/jobs/{job.key}/logs/{part}", follow=True)
        assert answer.status_code == 200


def start(house: House, job: TransformJob) -> Any:
    return poll(house.page("vera"), f"/jobs/{job.key}/logs/start/")


def test_the_page_of_a_waiting_job_asks_until_there_is_a_log(serving: House, remote: Transform) -> None:
    waiting = serving.job(JobState.WAITING, name=remote.name)
    (section,) = [
        candidate
        for candidate in open_log(serving, waiting).all("section")
        if candidate.get("id") == "no-log"
    ]
    assert section.text.strip() == "No log yet: the job has not been started."
    assert section.get("hx-get") == f"/jobs/{waiting.key}/logs/start/"
    answer = start(serving, waiting)
    assert "No log yet" in answer.content.decode()
    assert "HX-Refresh" not in answer.headers
    now = timezone.now()
    TransformJob.objects.filter(pk=waiting.pk).update(state=JobState.IN_PROGRESS, accepted_at=now)
    assert start(serving, waiting).headers["HX-Refresh"] == "true"


@pytest.mark.parametrize(
    ("state", "ran", "sentence"),
    [
        (JobState.CANCELLED, False, "This job has no log: it never came to run."),
        (JobState.REJECTED, False, "This job has no log: it never came to run."),
        (JobState.STOPPED, True, "This job has no log: none of its instances came to run."),
        (JobState.FAILED, True, "This job has no log: none of its instances came to run."),
    ],
)
def test_a_job_that_ended_without_a_log_says_so_and_is_asked_no_more(
    serving: House, state: JobState, ran: bool, sentence: str
) -> None:
    ended = timezone.now() - timedelta(minutes=1)
    job = serving.job(state, ended_at=ended, accepted_at=ended if ran else None)
    answer = start(serving, job)
    assert sentence in answer.content.decode()
    assert "hx-get" not in answer.content.decode()


def test_the_log_of_a_job_that_has_just_ended_may_still_come(serving: House) -> None:
    now = timezone.now()
    answer = start(serving, serving.job(JobState.FAILED, ended_at=now, accepted_at=now))
    assert "its last lines may come" in answer.content.decode()
    assert "hx-get" in answer.content.decode()
