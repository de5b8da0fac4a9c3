"""What is asked before something is stopped, put away or deleted: what it touches, and whose that is."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from jobs.models import Connection, Preset, SavedView, TransformJob
from jobs.states import JobState
from teams import tokens
from teams.models import ApiToken, Membership
from tests.cast import House
from tests.support.html import Page
from tests.support.questions import sent

pytestmark = pytest.mark.django_db


def of_alice(house: House, state: JobState = JobState.IN_PROGRESS, **fields: Any) -> TransformJob:
    return house.job(state, submitted_by=house.people["alice"], **fields)


def notices(answer: Any) -> list[str]:
    return [node.text for node in Page(answer).of_class("note")]


def test_stop_asks_and_says_whose_job_it_is_and_what_is_written(house: House) -> None:
    job = of_alice(house, name="nightly", objects_total=12, objects_done=3, counted_at=timezone.now())
    page = house.page("bob")
    (link,) = [
        candidate for candidate in Page(page.get(f"/jobs/{job.key}/")).all("a") if candidate.text == "Stop"
    ]
    question = page.get(link.get("href"))
    assert Page(question).all("h1")[0].text == "Stop nightly, submitted by alice?"
    assert "3 of 12 objects" in question.content.decode()
    job.refresh_from_db()
    assert job.stop_requested_at is None
    answer = page.post(link.get("href"), sent(question), follow=True)
    assert notices(answer)[0] == "nightly is being stopped."
    job.refresh_from_db()
    assert job.stop_requested_by == house.people["bob"]


def test_ones_own_job_is_said_to_be_ones_own(house: House) -> None:
    job = of_alice(house, name="nightly")
    heading = Page(house.page("alice").get(f"/jobs/{job.key}/stop/")).all("h1")[0].text
    assert heading == "Stop nightly, submitted by you?"


def test_a_waiting_job_is_withdrawn_after_a_question(house: House) -> None:
    job = of_alice(house, JobState.WAITING, name="nightly")
    page = house.page("bob")
    question = page.get(f"/jobs/{job.key}/stop/")
    assert Page(question).all("h1")[0].text == "Withdraw nightly, submitted by alice?"
    assert (
        notices(page.post(f"/jobs/{job.key}/stop/", sent(question), follow=True))[0]
        == "nightly is withdrawn."
    )


def test_a_job_that_has_ended_meanwhile_is_shown_instead_of_a_question(house: House) -> None:
    job = of_alice(house, JobState.COMPLETED)
    assert house.page("bob").get(f"/jobs/{job.key}/stop/")["Location"] == f"/jobs/{job.key}/"


def test_an_archived_job_is_brought_back_by_the_notices_undo(house: House) -> None:
    job = of_alice(house, JobState.COMPLETED, name="nightly")
    page = house.page("bob")
    question = page.get(f"/jobs/{job.key}/archive/")
    assert Page(question).all("h1")[0].text == "Archive nightly, submitted by alice?"
    answer = page.post(f"/jobs/{job.key}/archive/", sent(question), follow=True)
    assert notices(answer)[0] == "nightly is archived. Nothing is deleted. Undo"
    job.refresh_from_db()
    assert job.archived_at is not None
    action, form = undo(answer)
    assert notices(page.post(action, form, follow=True))[0] == "nightly is back in the list."
    job.refresh_from_db()
    assert job.archived_at is None


def undo(answer: Any) -> tuple[str, dict[str, Any]]:
    """Where the notice's Undo is sent to, and what."""
    note = Page(answer).of_class("note")[0]
    (form,) = Page.all_below(note, "form")
    fields: dict[str, list[str]] = {"action": ["restore"]}
    for node in Page.all_below(form, "input"):
        fields.setdefault(node.get("name"), []).append(node.get("value"))
    return form.get("action"), fields


def test_bulk_stop_names_the_jobs_and_how_many_are_whose(house: House) -> None:
    theirs = [of_alice(house, name=f"nightly-{number}") for number in range(2)]
    mine = house.job(JobState.WAITING, name="mine", submitted_by=house.people["bob"])
    ended = of_alice(house, JobState.FAILED, name="over")
    page = house.page("bob")
    keys = [job.key for job in (*theirs, mine, ended)]
    question = page.post("/jobs/many/", {"action": "stop", "job": keys})
    text = Page(question).text
    assert Page(question).all("h1")[0].text == "Stop 3 jobs?"
    assert "2 by alice, 1 by you" in text
    assert "1 of the ticked jobs is not in a state for this" in text
    assert [f"nightly-{number}" in text for number in range(2)] == [True, True]
    assert not TransformJob.objects.filter(stop_requested_at__isnull=False).exists()
    assert "3 jobs are stopped." in notices(page.post("/jobs/many/", sent(question), follow=True))[0]
    assert TransformJob.objects.filter(stop_requested_by=house.people["bob"]).count() == 2


def test_bulk_archive_is_undone_by_its_notice(house: House) -> None:
    jobs = [of_alice(house, JobState.COMPLETED) for _ in range(3)]
    page = house.page("bob")
    question = page.post("/jobs/many/", {"action": "archive", "job": [job.key for job in jobs]})
    assert Page(question).all("h1")[0].text == "Archive 3 jobs, submitted by alice?"
    answer = page.post("/jobs/many/", sent(question), follow=True)
    assert notices(answer)[0] == "3 jobs are archived. Undo"
    action, form = undo(answer)
    assert notices(page.post(action, form, follow=True))[0] == "3 jobs are back in the list."
    assert not TransformJob.objects.exclude(archived_at=None).exists()


def test_bringing_ticked_jobs_back_needs_no_question(house: House) -> None:
    job = of_alice(house, JobState.COMPLETED, archived_at=timezone.now())
    answer = house.page("bob").post("/jobs/many/", {"action": "restore", "job": job.key}, follow=True)
    assert notices(answer)[0] == "1 job is back in the list."


def test_a_preset_is_deleted_after_a_question_that_says_who_made_it(house: House) -> None:
    path = f"/presets/{house.preset.slug}/delete/"
    question = house.page("alice").get(path)
    assert Page(question).all("h1")[0].text == "Delete the preset Nightly scoring, made by bob?"
    assert Preset.objects.exists()
    house.page("alice").post(path, sent(question))
    assert not Preset.objects.exists()


def test_a_connection_is_removed_after_a_question_that_counts_its_jobs(house: House) -> None:
    of_alice(house, JobState.COMPLETED)
    path = f"/connections/{house.connection.slug}/remove/"
    question = house.page("alice").get(path)
    facts = dict(
        zip(
            (node.text for node in Page(question).all("dt")),
            (node.text for node in Page(question).all("dd")),
            strict=False,
        )
    )
    assert (facts["Jobs"], facts["Models"]) == ("1", "1")
    house.page("alice").post(path, sent(question))
    assert Connection.objects.get().removed_at is not None


def test_a_view_is_deleted_after_a_question(house: House) -> None:
    page = house.page("bob")
    page.post("/jobs/views/", {"name": "Failures", "query": "state=failed", "shared": "1"})
    view = SavedView.objects.get()
    path = f"/jobs/views/{view.slug}/"
    question = page.post(path, {"action": "delete"})
    assert Page(question).all("h1")[0].text == "Delete the view Failures, made by you?"
    assert SavedView.objects.exists()
    page.post(path, sent(question))
    assert not SavedView.objects.exists()


def test_a_token_is_revoked_and_a_member_removed_after_questions(house: House) -> None:
    page = house.page("alice")
    token, _ = tokens.create(team=house.team, user=house.people["bob"], name="ci")
    question = page.get(f"/team/tokens/{token.pk}/revoke/")
    assert Page(question).all("h1")[0].text == "Revoke the token ci, made by bob?"
    page.post(f"/team/tokens/{token.pk}/revoke/", sent(question))
    assert ApiToken.objects.get().revoked_at is not None
    member = Membership.objects.get(user=house.people["vera"])
    question = page.get(f"/team/members/{member.pk}/remove/")
    assert Page(question).all("h1")[0].text == "Remove vera from First?"
    page.post(f"/team/members/{member.pk}/remove/", sent(question))
    assert not Membership.objects.filter(user=house.people["vera"]).exists()
