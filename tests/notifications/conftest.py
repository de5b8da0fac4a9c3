"""Two teams, and receivers of messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from django.utils import timezone

from jobs.models import JobEvent, TransformJob
from jobs.states import JobState
from notifications import tasks
from notifications.models import Channel, Delivery
from notifications.services import channels, rules
from teams.models import Membership
from tests.cast import House
from tests.jobs.conftest import engine_keys, house, other_house
from tests.notifications.receivers import HttpReceiver, MailSink

__all__ = ["engine_keys", "house", "other_house"]


@pytest.fixture(autouse=True)
def webhook_settings(settings: Any) -> None:
    """The operator allows this machine, plain HTTP and any port."""
    settings.WEBHOOK_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.WEBHOOK_HTTP = True
    settings.WEBHOOK_PORTS = [range(1, 65536)]
    settings.PUBLIC_URL = "https://batch.example.com"


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    server = HttpReceiver()
    yield server
    server.stop()


@pytest.fixture
def sink(settings: Any) -> Iterator[MailSink]:
    """A mail server, which the settings name."""
    server = MailSink()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_IS_SET_UP = True
    yield server
    server.stop()


def member(house: House, name: str) -> Membership:
    return Membership.objects.select_related("team", "user").get(team=house.team, user=house.people[name])


@pytest.fixture
def team_channel(house: House) -> Callable[..., Channel]:
    """Makes a channel of the team with a rule for the given kinds of events."""

    def make(address: str, *kinds: str, kind: str = "webhook", by: str = "alice", **values: Any) -> Channel:
        for_team = values.pop("for_team", True)
        rule = values.pop("rule", {})
        channel = channels.create(
            member(house, by), kind=kind, name="Receiver", address=address, for_team=for_team, **values
        )
        if kinds:
            rules.create(channel, member(house, by), {"kinds": list(kinds), **rule})
        return channel

    return make


def end(job: TransformJob, state: JobState = JobState.COMPLETED, **fields: Any) -> None:
    """Move a running job to its end, as the poller does."""
    values = {"ended_at": timezone.now(), **fields}
    assert job.move(state, from_={JobState.IN_PROGRESS, JobState.STOPPING}, **values)


def reject(job: TransformJob, reason: str) -> None:
    assert job.move(JobState.SUBMITTING, from_={JobState.WAITING})
    assert job.move(JobState.REJECTED, from_={JobState.SUBMITTING}, reason=reason)


def work() -> None:
    """One round of beat and of a worker."""
    tasks.reconcile()
    tasks.send_messages()


def make_due() -> None:
    """Let the time of the next try come."""
    Delivery.objects.filter(next_try_at__isnull=False).update(next_try_at=timezone.now())
    Channel.objects.update(retry_at=None)


def newest_entry(job: TransformJob) -> JobEvent:
    return JobEvent.objects.filter(job=job).latest("pk")
