"""/metrics says how jobs stand, to those who may know."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from jobs.models import Connection
from jobs.states import JobState
from teams.models import Role
from tests.cast import make_house

pytestmark = pytest.mark.django_db


def figures() -> dict[tuple[str, ...], float]:
    """All samples by name, team, connection, and state where there is one."""
    answer = Client().get("/metrics")
    assert answer.status_code == 200
    samples = [
        sample
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    ]
    labels = ("team", "connection", "state")
    return {
        (sample.name, *(sample.labels[label] for label in labels if label in sample.labels)): sample.value
        for sample in samples
    }


def test_jobs_are_counted_by_team_connection_and_state() -> None:
    first, second = make_house("first", {"alice": Role.ADMIN}), make_house("second", {"charlie": Role.ADMIN})
    for state in (JobState.COMPLETED, JobState.COMPLETED, JobState.FAILED):
        first.job(state)
    second.job(JobState.COMPLETED)
    assert figures() == {
        ("batchdeck_jobs", "first", "engine", "COMPLETED"): 2,
        ("batchdeck_jobs", "first", "engine", "FAILED"): 1,
        ("batchdeck_jobs", "second", "engine", "COMPLETED"): 1,
    }


def test_the_age_of_the_queue_and_of_the_last_poll_are_told() -> None:
    house = make_house("first", {"alice": Role.ADMIN})
    ago = timezone.now() - timedelta(minutes=2)
    house.job(JobState.WAITING, created_at=ago)
    house.job(JobState.WAITING)
    for _ in range(2):
        house.job(JobState.IN_PROGRESS)
    assert ("batchdeck_poll_age_seconds", "first", "engine") not in figures()
    Connection.objects.update(polled_at=ago)
    figures_now = figures()
    assert figures_now["batchdeck_jobs", "first", "engine", "WAITING"] == 2
    for name in ("batchdeck_oldest_waiting_seconds", "batchdeck_poll_age_seconds"):
        assert 120 <= figures_now[name, "first", "engine"] < 180


def test_the_number_of_queries_does_not_grow_with_connections(django_assert_num_queries: Any) -> None:
    for slug in ("first", "second", "third"):
        make_house(slug, {f"{slug}-admin": Role.ADMIN}).job(JobState.IN_PROGRESS)
    with django_assert_num_queries(3):
        assert len(figures()) == 3


def test_a_token_is_needed_where_one_is_set(settings: Any) -> None:
    settings.METRICS_TOKEN = "a-long-token"
    for header, status in (
        (None, 403),
        ("Bearer other", 403),
        ("Bearer é", 403),
        ("Bearer a-long-token", 200),
    ):
        headers = {} if header is None else {"Authorization": header}
        assert Client().get("/metrics", headers=headers, REMOTE_ADDR="192.0.2.1").status_code == status
    assert Client().get("/metrics").status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "192.0.2.1"}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.1"}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_PROTO": "https"}, 403),
    ],
)
def test_without_a_token_only_this_machine_is_answered(headers: dict[str, str], status: int) -> None:
    answer = Client().get("/metrics", **headers)  # type: ignore[arg-type]
    assert answer.status_code == status
    assert (b"BATCHDECK_METRICS_TOKEN" in answer.content) == (status == 403)
