"""The Logs, Metrics and Overview tabs of a job that a further attempt has finished tell of all attempts."""

from __future__ import annotations

import pytest

from jobs import queries
from jobs.models import TransformJob
from jobs.services.attempts import attempts
from tests.cast import House
from tests.engine.transforms import put
from tests.jobs.running import folder, run, serving, serving_engine, started
from tests.support.engine import EngineProcess
from tests.support.html import Page

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def repaired(serving: House, serving_engine: EngineProcess, folder: str) -> TransformJob:
    """A job of two files whose second was bad, and was finished by another attempt."""
    job = run(serving, serving_engine, folder, {"a": b"1\n", "b": b"bad\n"})
    put(serving_engine, f"{folder}/in/b", b"mended\n")
    started(attempts.finish_missing(job, by=serving.people["alice"]))
    job.refresh_from_db()
    return job


def open_page(serving: House, address: str) -> Page:
    answer = serving.page("alice").get(address)
    assert answer.status_code == 200, answer
    return Page(answer)


def test_each_attempts_log_is_read_in_the_jobs_own_page(serving: House, repaired: TransformJob) -> None:
    address = f"/jobs/{repaired.key}/logs/"
    last, first = open_page(serving, address), open_page(serving, f"{address}?attempt=1")
    assert "got 7 bytes" in last.text
    assert "got 7 bytes" not in first.text
    assert "ClientError: 400" in first.text
    for page, number in ((last, "2"), (first, "1")):
        (nav,) = [node for node in page.all("nav") if node.get("aria-label") == "Attempts"]
        links = Page.all_below(nav, "a")
        assert [link.text for link in links] == ["Attempt 1", "Attempt 2"]
        assert [link.text for link in links if link.get("aria-current")] == [f"Attempt {number}"]
        # Every link and every part that is fetched stays with the attempt.
        own = [
            node.get(name)
            for node in page.all()
            for name in ("href", "hx-get", "data-address")
            if node.get(name)
        ]
        places = [link for link in own if address in link and "?" in link]
        assert places
        assert all(f"attempt={number}" in link for link in places), places
    client = serving.page("alice")
    text = client.get(f"{address}text/?stream=all&attempt=1").getvalue().decode()
    assert "ClientError: 400" in text
    assert "got 7 bytes" not in text
    assert client.get(f"{address}?attempt=3").status_code == 404
    assert client.get(f"{address}text/?attempt=x").status_code == 404


def test_each_attempts_usage_is_read_in_the_jobs_own_page(serving: House, repaired: TransformJob) -> None:
    second = queries.attempts(repaired).last()
    assert second is not None
    for query, attempt in (("", second), ("?attempt=1", repaired)):
        page = open_page(serving, f"/jobs/{repaired.key}/metrics/{query}")
        assert page.by_id("usage").get("data-usage") == f"/api/v1/jobs/{attempt.key}/metrics/"
    own = open_page(serving, f"/jobs/{second.key}/metrics/")
    assert own.by_id("usage").get("data-usage") == f"/api/v1/jobs/{second.key}/metrics/"
    assert not [node for node in own.all("nav") if node.get("aria-label") == "Attempts"]


def test_the_timeline_and_the_duration_are_those_of_all_attempts(
    serving: House, repaired: TransformJob
) -> None:
    page = open_page(serving, f"/jobs/{repaired.key}/")
    (moves,) = page.of_class("moves")
    marks = [span.text for span in Page.all_below(moves, "span")]
    assert [marks.count(f"attempt {number}") for number in (1, 2)] == [4, 4]
    assert len(page.of_class("phases")) == 2
    (duration,) = [node.text for node in page.all("div") if node.text.startswith("Duration")]
    assert not duration.startswith("Duration 0 s"), duration
    events = serving.api("alice").get(f"/api/v1/jobs/{repaired.key}/").json()["events"]
    assert [event["attempt"] for event in events] == [1, 1, 1, 1, 2, 2, 2, 2]
