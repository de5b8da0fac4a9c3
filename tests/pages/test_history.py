"""The list of jobs: many at once without a script, the archive, and what a wrong address says."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from jobs.models import TransformJob
from jobs.pages.history import PAGE
from jobs.services.listing.display import for_display
from jobs.states import JobState
from tests.cast import House
from tests.support.html import Page
from tests.support.questions import sent

pytestmark = pytest.mark.django_db


def listed_names(page: Page) -> list[str]:
    (table,) = page.all("table")
    return [link.get("aria-label") for link in Page.all_below(table, "a") if link.get("class") != "by"]


def messages(page: Page) -> list[str]:
    return [node.text for node in page.of_class("note")]


def test_ticked_jobs_are_stopped_by_a_plain_form(house: House) -> None:
    jobs = [house.job(JobState.IN_PROGRESS), house.job(JobState.WAITING), house.job(JobState.FAILED)]
    client = house.page("bob")
    page = Page(client.get("/jobs/?name=job"))
    boxes = [node.get("value") for node in page.all("input") if node.get("name") == "job"]
    assert set(boxes) == {job.key for job in jobs}
    question = client.post("/jobs/many/", {"action": "stop", "job": boxes, "query": "name=job"})
    answer = client.post("/jobs/many/", sent(question), follow=True)
    assert answer.redirect_chain == [("/jobs/?name=job", 302)]
    assert messages(Page(answer)) == ["2 jobs are stopped. 1 job had already ended."]


def test_all_that_match_are_acted_on_after_a_question(house: House) -> None:
    for _ in range(PAGE + 3):
        house.job(JobState.FAILED)
    house.job(JobState.COMPLETED)
    client = house.page("bob")
    first = {"action": "archive", "all": "1", "query": "state=failed"}
    question = client.post("/jobs/many/", first)
    assert Page(question).all("h1")[0].text == f"Archive {PAGE + 3} jobs, submitted by alice?"
    assert not TransformJob.objects.exclude(archived_at=None).exists()
    later = house.job(JobState.FAILED, name="came-later")
    answer = Page(client.post("/jobs/many/", sent(question), follow=True))
    assert messages(answer) == [f"{PAGE + 3} jobs are archived. Undo"]
    assert listed_names(answer) == [later.name]


def test_more_than_can_be_run_again_at_once_are_refused_before_the_question(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.services.listing.bulk_actions.MOST", 2)
    for _ in range(3):
        house.job(JobState.FAILED)
    form = {"action": "retry", "all": "1", "query": "state=failed"}
    answer = Page(house.page("bob").post("/jobs/many/", form, follow=True))
    assert messages(answer) == ["More than 2 jobs match, and one request takes no more; narrow the filter."]
    assert TransformJob.objects.count() == 3


def test_pressing_without_a_choice_says_what_to_do(house: House) -> None:
    house.job(JobState.FAILED)
    client = house.page("bob")
    assert messages(Page(client.post("/jobs/many/", {"action": "stop"}, follow=True))) == [
        "No job was chosen: tick some, or choose all that match."
    ]
    nothing = client.post("/jobs/many/", {"action": "stop", "all": "1"}, follow=True)
    assert messages(Page(nothing)) == ["None of the jobs that match is in a state for this."]
    for body in (
        {"action": "explode", "job": "a"},
        {"action": "stop", "job": "\0"},
        {"action": "stop", "all": "1", "query": "name=%00"},
        {"action": "stop", "all": "1", "query": "state=asleep"},
    ):
        assert client.post("/jobs/many/", body, follow=True).status_code == 200


def test_a_viewer_sees_no_boxes_and_is_refused(house: House) -> None:
    job = house.job(JobState.FAILED)
    client = house.page("vera")
    page = Page(client.get("/jobs/"))
    assert not [node for node in page.all("input") if node.get("name") in {"job", "all"}]
    for path in ("/jobs/many/", f"/jobs/{job.key}/archive/", f"/jobs/{job.key}/restore/"):
        assert client.post(path, {"action": "archive", "job": job.key}).status_code == 403


def test_an_archived_job_is_hidden_from_every_list_but_keeps_its_page(house: House) -> None:
    job = house.job(JobState.COMPLETED, name="put-away")
    house.job(JobState.COMPLETED, name="kept")
    client = house.page("bob")
    # The next page says that it is archived.
    client.post(f"/jobs/{job.key}/archive/", follow=True)
    for path in ("/", "/jobs/", f"/models/{house.model.pk}/"):
        assert "put-away" not in client.get(path).content.decode(), path
    assert "Bring back" in client.get(f"/jobs/{job.key}/").content.decode()
    assert len(listed_names(Page(client.get("/jobs/?archived=any")))) == 2
    client.post(f"/jobs/{job.key}/restore/")
    assert len(listed_names(Page(client.get("/jobs/")))) == 2


def test_a_job_that_was_made_to_be_shown_cannot_be_saved(house: House) -> None:
    job = house.job(JobState.WAITING)
    (shown_job,) = for_display([job])
    with pytest.raises(TypeError, match="cannot be saved"):
        shown_job.save()
    job.save()


def test_a_filter_that_cannot_be_used_is_named_and_the_others_count(house: House) -> None:
    house.job(JobState.FAILED, name="nightly")
    house.job(JobState.FAILED, name="weekly")
    page = Page(house.page("vera").get("/jobs/?state=asleep&name=night&archived=perhaps"))
    assert listed_names(page) == ["nightly"]
    notes = " ".join(messages(page))
    assert "state: It must be made of" in notes
    assert "archived: It must be true" in notes


@pytest.mark.parametrize("sort", ["-submitted", "submitted", "name", "-duration"])
def test_the_pages_of_a_list_are_the_same_on_the_way_back(
    house: House, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    monkeypatch.setattr("jobs.pages.history.PAGE", 3)
    for number in range(8):
        house.job(JobState.COMPLETED, name=f"job-{number % 5}-{number}", duration_seconds=number % 3)
    client = house.page("vera")
    pages, address = [], f"/jobs/?sort={sort}"
    for rel, times in (("next", 2), ("prev", 2)):
        for _ in range(times):
            page = Page(client.get(address))
            pages.append(listed_names(page))
            (address,) = [link.get("href") for link in page.all("a") if link.get("rel") == rel]
    pages.append(listed_names(Page(client.get(address))))
    assert [len(page) for page in pages] == [3, 3, 2, 3, 3]
    assert len({name for page in pages[:3] for name in page}) == 8
    assert pages[3:] == pages[1::-1]


def test_a_failed_row_says_why_and_what_its_kind_usually_takes(house: House) -> None:
    for seconds in (60, 120, 600):
        started = timezone.now() - timedelta(seconds=seconds)
        house.job(
            JobState.COMPLETED,
            model=house.model,
            started_at=started,
            ended_at=started + timedelta(seconds=seconds),
        )
    house.job(JobState.FAILED, model=house.model, name="broken", cause="out-of-memory")
    page = Page(house.page("vera").get("/jobs/?state=failed&cols=progress,typical"))
    (row,) = [node for node in page.all("tr") if node.get("data-row")]
    assert "Memory ran out" in row.text
    assert row.text.endswith("2:00")


def test_the_list_adds_up_what_its_jobs_have_cost(house: House) -> None:
    for cost in ("1.25", "0.50"):
        house.job(JobState.COMPLETED, cost_usd=Decimal(cost))
    house.job(JobState.COMPLETED, cost_usd=Decimal(2), name="other")
    text = Page(house.page("vera").get("/jobs/?name=job")).all("footer")[0].text
    assert "$1.75 in these 2" in text
    assert "$3.75 in these 3" in Page(house.page("vera").get("/jobs/")).all("footer")[0].text


def test_ticked_jobs_are_cloned_with_the_change_of_the_question(house: House) -> None:
    job = house.job(JobState.COMPLETED)
    client = house.page("bob")
    question = client.post("/jobs/many/", {"action": "clone", "job": [job.key], "query": ""})
    form = {**sent(question), "set_field": "max_payload", "set_value": "20"}
    assert messages(Page(client.post("/jobs/many/", form, follow=True))) == ["1 job is cloned."]
    assert TransformJob.objects.get(parent=job).spec["max_payload"] == 20
    wrong = {
        **sent(client.post("/jobs/many/", {"action": "clone", "job": [job.key]})),
        "set_field": "max_payload",
        "set_value": "much",
    }
    assert messages(Page(client.post("/jobs/many/", wrong, follow=True))) == [
        "max_payload Enter a whole number."
    ]
