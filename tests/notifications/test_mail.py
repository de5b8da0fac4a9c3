"""Mail: sent, queued while the server is down, and off where there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jobs.services.errors import InvalidFields
from jobs.states import JobState
from notifications.models import Channel, Delivery, DeliveryState
from notifications.services import channels
from tests.cast import House
from tests.notifications.conftest import end, make_due, member, work
from tests.notifications.receivers import MailSink

pytestmark = pytest.mark.django_db
Make = Callable[..., Channel]


def test_a_person_is_told_by_mail_of_their_own_job_with_its_link(
    house: House, sink: MailSink, team_channel: Make
) -> None:
    rule = {"owner": "me"}
    team_channel("bob@example.com", "job.failed", kind="email", by="bob", for_team=False, rule=rule)
    end(house.job(JobState.IN_PROGRESS, name="of-alice"), JobState.FAILED, reason="no")
    job = house.job(JobState.IN_PROGRESS, name="of-bob", submitted_by=house.people["bob"])
    end(job, JobState.FAILED, reason="ClientError: the input\nis empty")
    work()
    (mail,) = sink.mails
    assert mail["To"] == "bob@example.com"
    assert mail["Subject"] == "[Batchdeck] Failed: of-bob"
    text = mail.get_content()
    assert "ClientError: the input" in text
    assert "Model: churn" in text
    assert f"https://batch.example.com/jobs/{job.key}/" in text


def test_while_the_mail_server_is_down_mails_wait(
    house: House, sink: MailSink, team_channel: Make, settings: Any
) -> None:
    team_channel("team@example.com", "job.completed", kind="email")
    port = sink.port
    sink.stop()
    end(house.job(JobState.IN_PROGRESS))
    work()
    delivery = Delivery.objects.get()
    assert delivery.state == DeliveryState.WAITING
    assert "could not be reached" in delivery.attempts.get().problem
    again = MailSink(port)
    try:
        make_due()
        work()
        assert len(again.mails) == 1
        assert Delivery.objects.get().state == DeliveryState.DELIVERED
    finally:
        again.stop()


def test_a_mailbox_that_the_server_refuses_for_good_is_not_tried_again(
    house: House, sink: MailSink, team_channel: Make
) -> None:
    sink.refused = [b"nobody@"]
    team_channel("nobody@example.com", "job.completed", kind="email")
    end(house.job(JobState.IN_PROGRESS))
    work()
    delivery = Delivery.objects.get()
    assert delivery.state == DeliveryState.FAILED
    assert delivery.attempts.get().problem == "The mail server refused the recipient (550)."


def test_without_a_mail_server_no_channel_for_mail_can_be_made_and_the_page_says_so(house: House) -> None:
    with pytest.raises(InvalidFields, match="not set up"):
        channels.create(member(house, "bob"), kind="email", name="Mine", address="bob@example.com")
    page = house.page("bob").get("/notifications/").content.decode()
    assert "E-mail is off" in page
    assert "kind=email" not in page


def test_a_line_end_in_a_title_adds_no_header(house: House, sink: MailSink, team_channel: Make) -> None:
    team_channel("team@example.com", "job.completed", kind="email")
    job = house.job(JobState.IN_PROGRESS, name="a\r\nBcc: everybody@example.com")
    end(job)
    work()
    (mail,) = sink.mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == "[Batchdeck] Completed: a Bcc: everybody@example.com"
