"""What a job's page offers when outputs are missing, and what it tells once further attempts were made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jobs.models import TransformJob
from jobs.services.attempts import attempts
from jobs.services.submitting import job_options
from jobs.states import JobState, Origin
from tests.cast import FIELDS, House
from tests.pages.polls import poll, settled
from tests.pages.requests import EVERYTHING, errors_beside, through_api
from tests.support.html import Node, Page

pytestmark = pytest.mark.django_db


def partly(house: House, state: JobState = JobState.FAILED, **fields: Any) -> TransformJob:
    """A job of three objects, of which the first is written."""
    job = house.job(state, **{"objects_total": 3, "objects_done": 1, **fields})
    for position, name in enumerate("abc"):
        job.planned.create(
            position=position, key=f"in/{name}", output_key=f"out/{name}.out", size=1, done=position == 0
        )
    return job


def buttons(house: House, job: TransformJob, name: str = "bob") -> dict[str, str]:
    """The words on the buttons of the job's head, with where they lead."""
    page = Page(house.page(name).get(f"/jobs/{job.key}/"))
    (head,) = page.of_class("head")
    targets = {link.text: link.get("href") for link in Page.all_below(head, "a")}
    for form in Page.all_below(head, "form"):
        (button,) = Page.all_below(form, "button")
        targets[button.text] = form.get("action")
    return targets


def rows(page: Page) -> list[str]:
    """The names of the input objects that the files tab lists."""
    (table,) = [node for node in page.all("table") if "Input" in node.text]
    return [Page.all_below(row, "td")[1].text for row in _body(table)]


def _body(table: Node) -> list[Node]:
    return [row for row in Page.all_below(table, "tr") if Page.all_below(row, "td")]


def test_a_job_with_missing_outputs_offers_to_finish_them(house: House) -> None:
    job = partly(house)
    assert buttons(house, job) == {
        "Finish 2 missing": f"/jobs/{job.key}/finish/",
        "Run again": f"/jobs/{job.key}/retry/",
        "Clone and edit": f"/jobs/new/?from={job.key}",
        "Compare": f"/jobs/compare/?job={job.key}",
        "Archive": f"/jobs/{job.key}/archive/",
    }
    assert buttons(house, job, "vera") == {"Compare": f"/jobs/compare/?job={job.key}"}


@pytest.mark.parametrize(
    ("state", "fields", "offered"),
    [
        (JobState.STOPPED, {}, {"Finish 2 missing", "Run again", "Clone and edit", "Compare", "Archive"}),
        (
            JobState.COMPLETED,
            {},
            {"Finish 2 missing", "Run again", "Clone and edit", "Tune…", "Compare", "Archive"},
        ),
        (JobState.FAILED, {"objects_total": None}, {"Run again", "Clone and edit", "Compare", "Archive"}),
        (JobState.FAILED, {"plan_complete": False}, {"Run again", "Clone and edit", "Compare", "Archive"}),
        (JobState.REJECTED, {}, {"Run again", "Clone and edit", "Compare", "Archive"}),
        (JobState.IN_PROGRESS, {}, {"Stop", "Clone and edit"}),
    ],
)
def test_only_what_can_be_done_is_offered(
    house: House, state: JobState, fields: dict[str, Any], offered: set[str]
) -> None:
    assert set(buttons(house, partly(house, state, **fields))) == offered


@pytest.mark.parametrize(
    ("state", "reason", "first"),
    [
        (JobState.FAILED, "ClientError: The embedded engine has no runtime for image nonsense", False),
        (JobState.FAILED, "ClientError: Unable to parse data as csv", False),
        (JobState.FAILED, "InternalServerError: We encountered an internal error.", True),
        (JobState.STOPPED, "", True),
    ],
)
def test_finishing_is_the_main_button_only_where_it_may_end_otherwise(
    house: House, state: JobState, reason: str, first: bool
) -> None:
    page = Page(house.page("bob").get(f"/jobs/{partly(house, state, state_reason=reason).key}/"))
    (head,) = page.of_class("head")
    (button,) = [
        candidate for candidate in Page.all_below(head, "button") if candidate.text.startswith("Finish")
    ]
    assert ("go" in button.get("class").split()) == first


def test_the_files_that_have_no_output_come_first_and_can_be_shown_alone(house: House) -> None:
    job = partly(house)
    client = house.page("vera")
    assert rows(Page(client.get(f"/jobs/{job.key}/files/"))) == ["in/b", "in/c", "in/a"]
    assert rows(Page(client.get(f"/jobs/{job.key}/files/?only=missing"))) == ["in/b", "in/c"]


def test_the_first_jobs_page_tells_of_all_attempts_and_is_polled_while_one_runs(house: House) -> None:
    first = partly(house)
    client = house.page("bob")
    path = f"/jobs/{first.key}/"
    assert client.post(f"{path}retry/", {"outputs": "replace"}).headers["Location"] == path
    second = TransformJob.objects.get(root=first)
    page = Page(client.get(path))
    assert page.by_id("job").get("hx-get") == path
    assert "Attempt 2 is on its way; 1 of 3 outputs are written so far." in page.by_id("job").text
    assert {"Finish 2 missing", "Run again"}.isdisjoint(buttons(house, first))
    etag = settled(client, path)
    first.planned.update(done=True)
    TransformJob.objects.filter(pk=second.pk).update(
        state=JobState.COMPLETED, objects_total=3, objects_done=3
    )
    assert poll(client, path, etag).status_code == 200
    page = Page(client.get(path))
    assert page.by_id("job").get("hx-get") == ""
    assert "All 3 outputs are written, over 2 attempts." in page.by_id("job").text
    assert "3 of 3 outputs written over 2 attempts" in page.by_id("job").text
    (head,) = page.of_class("head")
    assert "Completed" in head.text
    assert "Failed" not in head.text
    assert f"/jobs/{second.key}/" in page.links()
    assert f"/jobs/{first.key}/" in Page(client.get(f"/jobs/{second.key}/")).links()


def test_a_press_that_comes_too_late_is_answered_on_the_page(house: House) -> None:
    first = partly(house)
    attempts.retry(first, by=house.people["bob"])
    for verb in ("finish", "retry"):
        answer = house.page("bob").post(f"/jobs/{first.key}/{verb}/", follow=True)
        assert "is not done yet" in answer.content.decode()
    assert TransformJob.objects.count() == 2


def fields_of(page: Page) -> dict[str, str]:
    """What a browser would send of the form as it is."""
    sent = {}
    for node in page.all("input", "select", "textarea"):
        if node.tag == "select":
            chosen = [option for option in Page.all_below(node, "option") if "selected" in option.attributes]
            sent[node.get("name")] = chosen[0].get("value") if chosen else ""
        else:
            sent[node.get("name")] = node.get("value") if node.tag == "input" else _lines(node)
    return sent


def _lines(area: Node) -> str:
    # The parser folds white space; no value of these tests holds any.
    return "\n".join(area.text.split())


@pytest.mark.parametrize("fields", [FIELDS, EVERYTHING], ids=["few", "all"])
def test_a_clone_makes_the_same_request_if_nothing_is_edited(house: House, fields: dict[str, Any]) -> None:
    waits = {"priority": -3, "fallback_instance_types": ["ml.c5.xlarge", "ml.c5.2xlarge"]}
    source = through_api(house, {"connection": "engine", "model": "churn", **waits, **fields})
    client = house.page("bob")
    path = f"/jobs/new/?from={source.key}"
    answer = client.post(path, fields_of(Page(client.get(path))))
    assert answer.status_code == 302, errors_beside(answer)
    clone = TransformJob.objects.exclude(pk=source.pk).get()
    spec_without_name = {name: value for name, value in source.spec.items() if name != "name"}
    assert json.dumps(clone.spec, sort_keys=True) == json.dumps(spec_without_name, sort_keys=True)
    assert job_options.non_default_options(clone) == waits
    assert (clone.origin, clone.parent, clone.root, clone.attempt) == (Origin.CLONE, source, None, 1)
    assert f"/jobs/{source.key}/" in Page(client.get(f"/jobs/{clone.key}/")).links()


def test_a_clone_is_what_the_form_shows_when_it_is_edited(house: House) -> None:
    source = house.job(JobState.FAILED)
    client = house.page("bob")
    path = f"/jobs/new/?from={source.key}"
    client.post(path, {**fields_of(Page(client.get(path))), "instance_count": "7", "content_type": ""})
    clone = TransformJob.objects.exclude(pk=source.pk).get()
    changed = {**source.spec, "instance_count": 7}
    del changed["content_type"]
    assert clone.spec == changed


def test_a_clone_can_be_edited_as_json_too(house: House) -> None:
    source = through_api(house, {"connection": "engine", "model": "churn", **EVERYTHING})
    client = house.page("bob")
    path = f"/jobs/new/?as=json&from={source.key}"
    assert client.post(path, fields_of(Page(client.get(path)))).status_code == 302
    clone = TransformJob.objects.exclude(pk=source.pk).get()
    assert clone.spec == {name: value for name, value in source.spec.items() if name != "name"}
    assert clone.parent == source


def test_another_teams_job_is_not_cloned(house: House, other_house: House) -> None:
    theirs = other_house.job()
    for key in (theirs.key, "nothing", "a\0b"):
        answer = house.page("bob").get("/jobs/new/", {"from": key})
        assert answer.status_code in (400, 404)
