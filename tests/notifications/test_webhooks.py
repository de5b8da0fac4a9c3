"""A team is told by webhook, once for each event, whatever the receiver does."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs.models import JobEvent
from jobs.models.job_warnings import job_warning
from jobs.states import JobState, WarningCode
from notifications import tasks
from notifications.lifecycle import collecting, posting, sending
from notifications.lifecycle.signing import signature
from notifications.models import Channel, Delivery, DeliveryAttempt, DeliveryState, NotificationEvent
from notifications.services import channels, deliveries
from teams.announcing import Announcement, announce
from tests.cast import House
from tests.notifications.conftest import end, make_due, member, reject, work
from tests.notifications.receivers import HttpReceiver, Plan

pytestmark = pytest.mark.django_db
Make = Callable[..., Channel]


def only_delivery() -> Delivery:
    return Delivery.objects.get()


def test_a_failed_job_is_told_with_its_reason_cause_and_link(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    team_channel(receiver.url, "job.failed")
    job = house.job(JobState.IN_PROGRESS, name="nightly", started_at=timezone.now() - timedelta(minutes=5))
    end(job, JobState.FAILED, reason="CapacityError: no instance", cause="no-capacity")
    work()
    (request,) = receiver.requests
    message = request.json
    assert message["type"] == "job.failed"
    data = message["data"]
    assert (data["title"], data["reason"]) == ("Failed: nightly", "CapacityError: no instance")
    assert (data["id"], data["model"], data["state"]) == (job.key, "churn", "FAILED")
    assert data["url"] == f"https://batch.example.com/jobs/{job.key}/"
    assert data["duration_seconds"] >= 300
    assert data["next_step"]
    assert only_delivery().state == DeliveryState.DELIVERED


def test_a_message_is_signed_as_the_standard_asks(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    channel = team_channel(receiver.url, "job.completed")
    end(house.job(JobState.IN_PROGRESS))
    work()
    (request,) = receiver.requests
    content = (
        f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    )
    key = base64.b64decode(channel.secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(request.headers["webhook-timestamp"]) - timezone.now().timestamp()) < 60
    assert request.headers["content-type"] == "application/json"


def test_the_signature_is_that_of_the_standards_own_example() -> None:
    """https://github.com/standard-webhooks/standard-webhooks, the vector of its libraries' tests."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    header = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert header == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_a_secret_is_replaced_messages_have_both_signatures(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    channel = team_channel(receiver.url, "job.completed")
    secret = channels.renew_secret(channel, member(house, "alice"))
    end(house.job(JobState.IN_PROGRESS))
    work()
    (request,) = receiver.requests
    id_, at = request.headers["webhook-id"], int(request.headers["webhook-timestamp"])
    signatures = [signature(text, id_, at, request.body) for text in (secret, channel.secret)]
    assert request.headers["webhook-signature"].split() == signatures
    Channel.objects.update(former_secret_until=timezone.now() - timedelta(seconds=1))
    deliveries.redeliver(only_delivery(), member(house, "alice"))
    work()
    again = receiver.requests[1]
    assert again.headers["webhook-id"] == id_
    assert len(again.headers["webhook-signature"].split()) == 1


def test_an_event_is_written_once_however_often_timelines_are_read(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    team_channel(receiver.url, "job.completed")
    end(house.job(JobState.IN_PROGRESS))
    for _ in range(3):
        work()
    assert len(receiver.requests) == 1
    assert NotificationEvent.objects.count() == 1


def test_an_end_that_no_signal_told_of_is_found_in_the_timeline(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    """The process was killed after the commit, and beat stood still for hours."""
    team_channel(receiver.url, "job.completed")
    collecting.collect()
    job = house.job(JobState.IN_PROGRESS)
    end(job)
    Channel.objects.get().rules.update(created_at=timezone.now() - timedelta(days=1))
    Channel.objects.update(on_since=timezone.now() - timedelta(days=1))
    JobEvent.objects.filter(job=job).update(at=timezone.now() - timedelta(hours=3))
    work()
    assert len(receiver.requests) == 1


def test_the_position_passes_entries_only_when_they_are_settled(house: House) -> None:
    collecting.collect()
    first = collecting._position().position
    job = house.job(JobState.IN_PROGRESS)
    end(job)
    collecting.collect()
    assert collecting._position().position == first
    JobEvent.objects.update(at=timezone.now() - timedelta(minutes=5))
    collecting.collect()
    assert collecting._position().position == JobEvent.objects.latest("pk").pk


@pytest.mark.parametrize("code", [500, 429, 404, 301])
def test_what_is_not_a_2xx_is_tried_again_until_it_is(
    house: House, receiver: HttpReceiver, team_channel: Make, code: int
) -> None:
    receiver.plan(Plan(code, b"not now", {"Location": "http://127.0.0.1:1/"}), Plan(204, b""))
    team_channel(receiver.url, "job.completed")
    end(house.job(JobState.IN_PROGRESS))
    work()
    delivery = only_delivery()
    assert (delivery.state, delivery.tries) == (DeliveryState.WAITING, 1)
    assert delivery.next_try_at is not None
    assert timedelta(seconds=2) < delivery.next_try_at - timezone.now() < timedelta(seconds=10)
    work()
    assert len(receiver.requests) == 1
    make_due()
    work()
    assert only_delivery().state == DeliveryState.DELIVERED
    codes = list(only_delivery().attempts.values_list("code", "answer"))
    assert codes == [(code, "not now"), (204, "")]
    assert receiver.requests[0].headers["webhook-id"] == receiver.requests[1].headers["webhook-id"]


def test_tries_end_after_some_days_and_say_so(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    receiver.plan(Plan(500))
    team_channel(receiver.url, "job.completed")
    end(house.job(JobState.IN_PROGRESS))
    pauses = []
    for _ in range(len(sending.PAUSES)):
        work()
        pauses.append(only_delivery().next_try_at - timezone.now())  # type: ignore[operator]
        make_due()
    assert timedelta(days=2) < sum(pauses, timedelta()) < timedelta(days=5)
    assert all(later > earlier for earlier, later in zip(pauses, pauses[2:], strict=False))
    work()
    assert only_delivery().state == DeliveryState.FAILED
    assert only_delivery().attempts.count() == len(sending.PAUSES) + 1


def test_410_switches_the_channel_off_and_nothing_more_is_sent(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    receiver.plan(Plan(410))
    team_channel(receiver.url, "job.completed")
    for _ in range(2):
        end(house.job(JobState.IN_PROGRESS))
        work()
    channel = Channel.objects.get()
    assert not channel.is_on
    assert "410" in channel.disabled_reason
    assert len(receiver.requests) == 1
    assert only_delivery().state == DeliveryState.FAILED


def test_a_receiver_that_never_answers_costs_a_bounded_time(
    house: House, receiver: HttpReceiver, team_channel: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting.post, "__defaults__", (0.5,))
    receiver.plan(Plan(hang=True), Plan(drip=0.05))
    team_channel(receiver.url, "job.completed")
    end(house.job(JobState.IN_PROGRESS))
    for _ in range(2):
        work()
        make_due()
    problems = list(only_delivery().attempts.values_list("problem", flat=True))
    assert problems[0] == "There was no whole answer within 0.5 seconds."
    assert len(problems) == 2


def test_a_dead_receiver_does_not_hold_the_others_up(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    dead = HttpReceiver()
    dead.stop()
    team_channel(dead.url, "job.completed")
    team_channel(receiver.url, "job.completed")
    for _ in range(12):
        end(house.job(JobState.IN_PROGRESS))
    work()
    assert len(receiver.requests) == 12
    first = Channel.objects.earliest("pk")
    # Of the dead receiver's messages a few were tried, then it is left alone for a while.
    assert 0 < first.failures <= sending.OF_A_CHANNEL
    assert first.retry_at is not None


def test_the_first_success_sends_what_waited(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    receiver.plan(Plan(500), Plan(500), Plan(500), Plan(500), Plan(200))
    team_channel(receiver.url, "job.completed")
    for _ in range(9):
        end(house.job(JobState.IN_PROGRESS))
    work()
    assert Delivery.objects.filter(state=DeliveryState.DELIVERED).count() == 0
    Channel.objects.update(retry_at=None)
    work()
    assert Delivery.objects.exclude(state=DeliveryState.DELIVERED).count() == 0


def test_a_worker_that_died_while_sending_is_replaced(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    team_channel(receiver.url, "job.completed")
    end(house.job(JobState.IN_PROGRESS))
    tasks.reconcile()
    assert len(sending._claim()) == 1
    work()
    assert receiver.requests == []
    Delivery.objects.update(sending_until=timezone.now() - timedelta(seconds=1))
    work()
    assert len(receiver.requests) == 1


def test_a_long_answer_is_stored_in_part_and_read_in_part(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    receiver.plan(Plan(500, b"\0\xff" + b"x" * 5_000_000))
    team_channel(receiver.url, "job.completed")
    end(house.job(JobState.IN_PROGRESS))
    work()
    answer = only_delivery().attempts.get().answer
    assert len(answer) == 1024
    assert answer.startswith("\ufffd\ufffdxxx")


@pytest.mark.parametrize("path", ["/services/T0/B0/very-secret", "/services/T0/B0/very-secret/"])
def test_an_answer_that_repeats_what_was_sent_shows_no_secret_in_the_log(
    house: House, receiver: HttpReceiver, team_channel: Make, path: str
) -> None:
    receiver.plan(Plan(404, echo=True))
    signed = team_channel(receiver.url, "job.completed")
    team_channel(f"http://127.0.0.1:{receiver.port}{path}?a=1", "job.completed", kind="slack")
    end(house.job(JobState.IN_PROGRESS))
    work()
    rows = house.api("vera").get("/api/v1/notifications/deliveries/").json()["results"]
    assert len(rows) == 2
    for row in rows:
        text = house.api("vera").get(f"/api/v1/notifications/deliveries/{row['id']}/").content.decode()
        text += house.page("vera").get(f"/notifications/deliveries/{row['id']}/").content.decode()
        assert "Cannot POST" in text
        assert "very-secret" not in text
        assert signed.secret.removeprefix("whsec_") not in text
    assert "very-secret" not in str(list(Delivery.objects.values()) + list(DeliveryAttempt.objects.values()))


def test_slack_gets_one_text_with_what_slack_would_read_as_marks_escaped(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    team_channel(receiver.url, "job.rejected", kind="slack")
    reject(house.job(name="nightly"), "ValidationException: <b> & more")
    work()
    text = receiver.requests[0].json["text"]
    job_url = Delivery.objects.get().payload["data"]["url"]
    assert text.startswith(f"*<{job_url}|Rejected: nightly>*\nValidationException: &lt;b&gt; &amp; more")


KINDS: list[tuple[str, dict[str, Any]]] = [
    ("job.stopped", {"state": JobState.STOPPED, "reason": "Stopped by Bob."}),
    (
        "job.warnings",
        {
            "state": JobState.COMPLETED,
            "warnings": [job_warning(WarningCode.OUTPUTS_MISSING, "1 is missing.")],
        },
    ),
]


@pytest.mark.parametrize(("kind", "how"), KINDS)
def test_each_end_is_an_event_of_its_own_kind(
    house: House, receiver: HttpReceiver, team_channel: Make, kind: str, how: dict[str, Any]
) -> None:
    team_channel(receiver.url, kind)
    values = dict(how)
    end(house.job(JobState.IN_PROGRESS), values.pop("state"), **values)
    end(house.job(JobState.IN_PROGRESS), JobState.FAILED, reason="no")
    work()
    assert [request.json["type"] for request in receiver.requests] == [kind]
    assert receiver.requests[0].json["data"]["reason"] == how.get("reason", "1 is missing.")


def test_a_warning_of_a_running_job_is_told_as_at_risk(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    team_channel(receiver.url, "job.at_risk")
    job = house.job(JobState.IN_PROGRESS)
    job.note("It is stopped in 2 min, when its 10 min are over.", JobEvent.Kind.WARNING)
    job.note("Something else.")
    work()
    (request,) = receiver.requests
    assert request.json["data"]["reason"] == "It is stopped in 2 min, when its 10 min are over."


def test_a_failure_whose_log_is_still_to_be_read_waits_a_minute_for_its_cause(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    team_channel(receiver.url, "job.failed")
    job = house.job(JobState.IN_PROGRESS)
    end(job, JobState.FAILED, reason="AlgorithmError", explain_at=timezone.now())
    work()
    assert receiver.requests == []
    type(job).objects.update(failure={"log_read": True}, cause="unknown")
    work()
    assert len(receiver.requests) == 1


def test_old_jobs_that_are_found_in_sagemaker_are_no_news(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    team_channel(receiver.url, "job.completed")
    for age in (timedelta(days=3), timedelta(minutes=1)):
        job = house.job(JobState.COMPLETED, ended_at=timezone.now() - age, external=True)
        JobEvent.objects.create(job=job, to_state=JobState.COMPLETED, reason="Found in SageMaker.")
    work()
    assert len(receiver.requests) == 1


def test_what_another_app_announces_is_told_once(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    team_channel(receiver.url, "stage.waiting")
    for _ in range(2):
        announce(
            Announcement(
                house.team,
                "stage.waiting",
                "promotion:7:waiting",
                "Churn waits for approval in production.",
                path="/deployments/churn/",
                facts={"stage": "production"},
            )
        )
    work()
    (request,) = receiver.requests
    assert request.json["type"] == "stage.waiting"
    assert request.json["data"]["stage"] == "production"
    assert request.json["data"]["url"] == "https://batch.example.com/deployments/churn/"


def test_nothing_is_written_for_a_team_without_rules(house: House) -> None:
    end(house.job(JobState.IN_PROGRESS))
    work()
    assert NotificationEvent.objects.count() == 0
