"""How templates say states, sizes, durations and times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from jobs.models import Connection, TransformJob
from jobs.models.connection import ConnectionKind
from jobs.pages.sentences import sentence
from jobs.states import JobState
from jobs.templatetags import deck

AT = datetime(2024, 3, 5, 14, 7, 9, tzinfo=UTC)


@pytest.mark.parametrize("state", JobState)
def test_each_state_is_told_by_word_shape_and_colour(state: JobState) -> None:
    badge = deck.status(TransformJob(state=state))
    assert state.label in badge
    assert "<use href=" in badge
    assert 'class="st ' in badge


def test_a_completed_job_with_warnings_is_not_simply_completed() -> None:
    job = TransformJob(
        state=JobState.COMPLETED,
        warnings=[{"code": "outputs-missing", "text": "1 of 2 outputs are missing."}],
    )
    assert "Warnings" in deck.status(job)
    assert "Completed with warnings" in deck.status(job, "lg")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "unknown"),
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KB"),
        (150 * 1024, "150 KB"),
        (5 * 1024**3, "5.0 GB"),
        (5000 * 1024**4, "5000 TB"),
    ],
)
def test_sizes(count: int | None, text: str) -> None:
    assert deck.filesize(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1:00"),
        (185, "3:05"),
        (3750, "1:02:30"),
        (-5, "0 s"),
        (0.58, "0.6 s"),
        (9.97, "9 s"),
        (0.01, "0.1 s"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert deck.duration(AT, AT + timedelta(seconds=seconds)) == text
    assert deck.duration(None, AT) == ""


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=2), "just now"),
        (timedelta(seconds=-40), "just now"),
        (timedelta(seconds=90), "1 min ago"),
        (timedelta(minutes=59, seconds=30), "59 min ago"),
        (timedelta(hours=23, minutes=30), "23 h ago"),
        (timedelta(hours=30), "1 day ago"),
        (timedelta(days=30, hours=1), "30 days ago"),
    ],
)
def test_times_are_told_as_distance_with_the_exact_one_for_machines(ago: timedelta, text: str) -> None:
    at = timezone.now() - ago
    markup = deck.when(at)
    assert f">{text}</time>" in markup
    assert f'datetime="{at.isoformat()}"' in markup
    assert deck.when(None) == ""


def test_long_ago_is_told_as_a_date() -> None:
    assert ">05 Mar 2024</time>" in deck.when(AT)


def test_a_time_of_day_names_its_zone_with_its_date_beside() -> None:
    assert deck.clock(AT) == (
        '<time datetime="2024-03-05T14:07:09+00:00" title="2024-03-05 14:07:09 UTC">14:07:09 UTC</time>'
    )
    assert deck.clock(None) == ""


def test_a_long_path_keeps_its_end() -> None:
    cut = deck.middle("bucket/a/very/long/folder/with/the/part-0001.csv", 24)
    assert len(cut) == 24
    assert cut.startswith("bucket")
    assert cut.endswith("part-0001.csv")
    assert deck.middle("short", 24) == "short"
    assert deck.path_only("s3://bucket/in/") == "bucket/in/"


@pytest.mark.parametrize(
    ("reason", "lines"),
    [
        ("1 of 1 jobs running on Engine; 2nd in line.", ["2nd in line", "1 of 1 jobs running on Engine."]),
        (
            "2 of 2 ml.m5.large in use; 3rd in line, as teams take turns.",
            ["3rd in line, as teams take turns", "2 of 2 ml.m5.large in use."],
        ),
        ("The service is throttled; it is tried again.", ["The service is throttled; it is tried again."]),
        ("", [""]),
    ],
)
def test_a_narrow_cell_has_the_place_in_line_first(reason: str, lines: list[str]) -> None:
    assert deck.waiting_lines(reason) == lines


@pytest.mark.parametrize(
    ("kind", "service"), [(ConnectionKind.ENGINE, "The engine"), (ConnectionKind.AWS, "SageMaker")]
)
def test_a_job_s_sentence_names_the_service_that_has_it(kind: ConnectionKind, service: str) -> None:
    job = TransformJob(state=JobState.STOPPING, connection=Connection(kind=kind))
    assert sentence(job) == f"{service} is stopping it."
