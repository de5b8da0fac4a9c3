"""A job's states: guarded moves, and a timeline that tells of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jobs import queries
from jobs.lifecycle.creating import create_job
from jobs.models import TransformJob
from jobs.models.job_end import job_ended
from jobs.states import ACTIVE, FROM_SAGEMAKER, MEANING, MOVES, TERMINAL, JobState
from tests.cast import House

pytestmark = pytest.mark.django_db


def test_every_state_has_a_meaning_and_is_either_active_or_terminal() -> None:
    assert set(MEANING) == set(MOVES) == set(JobState) == ACTIVE | TERMINAL
    assert not ACTIVE & TERMINAL
    assert set(FROM_SAGEMAKER.values()) < set(JobState)


def test_of_two_who_move_a_job_one_wins(house: House) -> None:
    first = house.job()
    second = TransformJob.objects.get(pk=first.pk)
    assert first.move(JobState.SUBMITTING, from_={JobState.WAITING})
    assert not second.move(JobState.CANCELLED, from_={JobState.WAITING})
    second.refresh_from_db()
    assert second.state == JobState.SUBMITTING


def test_a_move_is_told_in_the_timeline(house: House) -> None:
    job = house.job()
    alice = house.people["alice"]
    job.move(JobState.CANCELLED, from_={JobState.WAITING}, reason="Not needed.", by=alice)
    event = queries.timeline(job)[-1]
    assert (event.from_state, event.to_state, event.reason) == ("WAITING", "CANCELLED", "Not needed.")
    assert event.by == alice


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_nothing_follows_a_terminal_state(house: House, state: JobState) -> None:
    job = house.job(state)
    with pytest.raises(ValueError, match="may not become"):
        job.move(JobState.IN_PROGRESS, from_={state})


@pytest.fixture
def ended() -> Iterator[list[tuple[int, str]]]:
    """The ends that were published: a job's row id, and its state."""
    ends: list[tuple[int, str]] = []

    def note(job_id: int, state: str, **_: Any) -> None:
        ends.append((job_id, state))

    job_ended.connect(note)
    yield ends
    job_ended.disconnect(note)


@pytest.mark.parametrize(
    ("state", "end"), [(state, end) for state in sorted(ACTIVE) for end in sorted(MOVES[state] & TERMINAL)]
)
def test_every_end_is_published_once_it_is_committed(
    house: House,
    ended: list[tuple[int, str]],
    django_capture_on_commit_callbacks: Any,
    state: JobState,
    end: JobState,
) -> None:
    job = house.job(state)
    with django_capture_on_commit_callbacks(execute=True):
        assert job.move(end, from_={state})
        assert not job.move(end, from_={state})
        assert ended == []
    assert ended == [(job.pk, end)]


def test_no_other_move_is_published_as_an_end(
    house: House, ended: list[tuple[int, str]], django_capture_on_commit_callbacks: Any
) -> None:
    job = house.job()
    with django_capture_on_commit_callbacks(execute=True):
        assert job.move(JobState.SUBMITTING, from_={JobState.WAITING})
    assert ended == []


def test_a_job_that_is_found_when_it_has_ended_is_published_too(
    house: House, ended: list[tuple[int, str]], django_capture_on_commit_callbacks: Any
) -> None:
    spec = house.job().spec
    with django_capture_on_commit_callbacks(execute=True):
        job = create_job(
            house.connection, spec, reason="Found.", name="outside", state=JobState.STOPPED, external=True
        )
    assert ended == [(job.pk, JobState.STOPPED)]


def test_the_list_version_changes_with_any_job(house: House) -> None:
    versions = [queries.jobs_version(house.team)]
    job = house.job()
    versions.append(queries.jobs_version(house.team))
    job.move(JobState.SUBMITTING, from_={JobState.WAITING})
    versions.append(queries.jobs_version(house.team))
    assert len(set(versions)) == 3
