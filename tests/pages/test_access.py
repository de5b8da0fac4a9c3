"""What pages show to whom, and what a press does; test_access_matrix.py has who is let in where."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from deployments.models import Deployment
from jobs.models import Connection, RegisteredModel, TransformJob
from jobs.states import JobState
from teams.models import ApiToken, Membership, Role, User
from tests.cast import FIELDS, House, make_house
from tests.support.access_table import LEAST_ROLES, has_form
from tests.support.addresses import pages
from tests.support.html import Page

pytestmark = pytest.mark.django_db

#: What everybody may send: leaving, changing to another of one's teams, asking whether AWS answers, keeping a view.
ALLOWED_TO_ALL = {
    "/jobs/views/",
    "/signout/",
    "/team/switch/",
    "/team/tokens/",
    "/connections/engine/test/",
    "/notifications/browser/",
    "/notifications/channels/new/",
}
CONNECTION = {"name": "Production", "region": "eu-west-1"}


@pytest.fixture
def job(house: House) -> TransformJob:
    """A job that runs, so that stopping it would mean something."""
    return house.job(JobState.IN_PROGRESS)


def job_form(house: House) -> dict[str, Any]:
    return {"model": house.model.pk, **FIELDS}


def test_signing_in_leads_back_to_the_page_that_was_asked_for(house: House) -> None:
    vera = house.people["vera"]
    vera.set_password("a long enough password")
    vera.save()
    client = Client()
    page = Page(client.get("/signin/?next=/models/"))
    hidden = [node for node in page.all("input") if node.get("name") == "next"]
    assert [node.get("value") for node in hidden] == ["/models/"]
    form = {"username": "vera", "password": "a long enough password"}
    answer = client.post("/signin/", {**form, "next": "/models/"})
    assert answer.headers["Location"] == "/models/"
    assert Client().post("/signin/", {**form, "next": "https://evil.example/"}).headers["Location"] == "/"


@pytest.mark.parametrize(
    "emptied", [[], [TransformJob], [Deployment, TransformJob, RegisteredModel, Connection]]
)
def test_a_viewer_sees_no_button_and_no_link_that_would_be_refused(
    house: House, job: TransformJob, emptied: list[Any]
) -> None:
    pages_to_open = [page for page in pages(house, job) if not (emptied and page.names_a_row)]
    for rows in emptied:
        rows.objects.all().delete()
    forms = {page.path for page in pages_to_open if has_form(page.route)}
    client = house.page("vera")
    for page in pages_to_open:
        answer = client.get(page.path, follow=True)
        if answer.status_code == 200 and not answer.streaming:
            page_of_answer = Page(answer)
            assert page_of_answer.posts_to() <= ALLOWED_TO_ALL, page
            assert not page_of_answer.links() & forms, page


def test_an_operator_submits_and_stops(house: House, job: TransformJob) -> None:
    client = house.page("bob")
    answer = client.post("/jobs/new/", job_form(house))
    submitted_job = TransformJob.objects.exclude(pk=job.pk).get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/jobs/{submitted_job.key}/")
    assert submitted_job.submitted_by == house.people["bob"]
    path = f"/jobs/{job.key}/stop/"
    assert path in Page(client.get(f"/jobs/{job.key}/")).links()
    assert path in Page(client.get(path)).posts_to()
    assert client.post(path).status_code == 302
    job.refresh_from_db()
    assert job.stop_requested_by == house.people["bob"]
    assert path not in Page(client.get(f"/jobs/{job.key}/")).links()


def test_stopping_a_job_that_has_ended_says_so_on_its_page(house: House) -> None:
    ended = house.job(JobState.COMPLETED)
    answer = house.page("bob").post(f"/jobs/{ended.key}/stop/", follow=True)
    assert answer.status_code == 200
    assert "has ended already" in answer.content.decode()


def test_an_admin_alone_makes_connections(house: House) -> None:
    for name in ("vera", "bob"):
        client = house.page(name)
        assert client.post("/connections/new/", CONNECTION).status_code == 403
        assert "/connections/new/" not in Page(client.get("/connections/")).links()
    assert Connection.objects.count() == 1
    client = house.page("alice")
    assert "/connections/new/" in Page(client.get("/connections/")).links()
    assert client.post("/connections/new/", CONNECTION).status_code == 302
    assert Connection.objects.get(slug="production").team == house.team


@pytest.mark.parametrize("path", ["teams/membership", "teams/team", "teams/user", "teams/apitoken"])
def test_people_and_tokens_are_changed_by_the_installations_staff_alone(house: House, path: str) -> None:
    """A team's role, even admin, opens nothing of Django's admin, where all teams are seen."""
    before = [rows.objects.count() for rows in (Membership, User, ApiToken)]
    for name in house.people:
        for verb in ("", "add/"):
            answer = house.page(name).post(f"/admin/{path}/{verb}")
            assert answer.status_code in {302, 404}
            if answer.status_code == 302:
                assert answer.headers["Location"].startswith("/admin/login/")
    assert [rows.objects.count() for rows in (Membership, User, ApiToken)] == before


def test_a_press_without_the_csrf_token_is_refused(house: House, job: TransformJob) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(house.people["alice"], backend="django.contrib.auth.backends.ModelBackend")
    for page in pages(house, job):
        answer = strict.post(page.path)
        assert answer.status_code in ({403} if "POST" in LEAST_ROLES[page.route] else {403, 405}), page
    job.refresh_from_db()
    assert job.stop_requested_at is None


def test_a_person_of_two_teams_changes_between_them(house: House, other_house: House) -> None:
    Membership.objects.create(team=other_house.team, user=house.people["vera"], role="admin")
    mine, theirs = house.job(name="mine"), other_house.job(name="theirs")
    client = house.page("vera")
    assert b"theirs" not in client.get("/jobs/").content
    assert client.post("/team/switch/", {"team": "second"}).headers["Location"] == "/"
    assert b"theirs" in client.get("/jobs/").content
    assert client.get(f"/jobs/{theirs.key}/").status_code == 200
    assert mine.name.encode() not in client.get("/jobs/").content
    for slug in ("elsewhere", "", "first\0"):
        assert client.post("/team/switch/", {"team": slug}).status_code == 404
    assert house.page("bob").post("/team/switch/", {"team": "second"}).status_code == 404


def test_a_link_to_something_in_another_of_ones_teams_opens_it_there_and_says_so(
    house: House, other_house: House
) -> None:
    Membership.objects.create(team=other_house.team, user=house.people["vera"], role="viewer")
    theirs = other_house.job(name="theirs")
    client = house.page("vera")
    opened = client.get(f"/jobs/{theirs.key}/request/?show=json", follow=True)
    assert opened.redirect_chain == [(f"/jobs/{theirs.key}/request/?show=json", 302)]
    assert opened.status_code == 200
    assert "This belongs to Second: you are in that team now." in opened.content.decode()
    assert "viewer in Second" in Page(client.get("/team/")).all("summary")[0].get("aria-label")


def test_only_opening_a_page_changes_the_team(house: House, other_house: House) -> None:
    Membership.objects.create(team=other_house.team, user=house.people["bob"], role="admin")
    theirs = other_house.job(JobState.IN_PROGRESS, name="theirs")
    client = house.page("bob")
    path = f"/jobs/{theirs.key}/"
    assert client.get(path, headers={"HX-Request": "true"}).status_code == 404
    assert client.get(path, headers={"Sec-Fetch-Dest": "image"}).status_code == 404
    assert client.post(f"{path}stop/").status_code == 404
    assert client.get("/jobs/aaaaaaaaaaaa/").status_code == 404
    assert "operator in First" in Page(client.get("/team/")).all("summary")[0].get("aria-label")


def test_a_link_to_what_none_of_ones_teams_has_is_not_found(house: House, other_house: House) -> None:
    third = make_house("third", {"dan": Role.ADMIN})
    Membership.objects.create(team=other_house.team, user=house.people["vera"], role="admin")
    foreign = third.job(name="foreign")
    assert house.page("vera").get(f"/jobs/{foreign.key}/").status_code == 404


def test_a_link_to_a_page_that_ones_role_there_does_not_open_is_not_found(
    house: House, other_house: House
) -> None:
    bob = house.people["bob"]
    Membership.objects.create(team=other_house.team, user=bob, role="viewer")
    client = house.page("bob")
    assert client.get(f"/presets/{other_house.preset.slug}/edit/").status_code == 404
    assert "operator in First" in Page(client.get("/team/")).all("summary")[0].get("aria-label")
