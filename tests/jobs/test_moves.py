"""A job's states: guarded moves, and a timeline that tells of each."""

from __future__ import annotations

import pytest

from jobs import queries
from jobs.models import TransformJob
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


def test_the_list_version_changes_with_any_job(house: House) -> None:
    versions = [queries.jobs_version(house.team)]
    job = house.job()
    versions.append(queries.jobs_version(house.team))
    job.move(JobState.SUBMITTING, from_={JobState.WAITING})
    versions.append(queries.jobs_version(house.team))
    assert len(set(versions)) == 3
