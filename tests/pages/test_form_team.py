"""A form acts in the team that it was opened in, or nowhere: what comes of it after the team has changed."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jobs.states import JobState
from teams.models import Activity, KeyedRequest, Membership, Role
from tests.cast import FIELDS, House, make_house
from tests.support.html import Page

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(house: House, other_house: House) -> Client:
    """A browser of an admin of both teams, who is in the first one."""
    Membership.objects.create(team=other_house.team, user=house.people["alice"], role=Role.ADMIN)
    return house.page("alice")


def hidden_of(answer: Any, action: str) -> dict[str, str]:
    """The hidden fields of the page's form that is sent to this address; empty for the page's own address."""
    form = next(node for node in Page(answer).all("form") if node.get("action") == action)
    inputs = Page.all_below(form, "input")
    return {node.get("name"): node.get("value") for node in inputs if node.get("type") == "hidden"}


def open_link(client: Client, house: House) -> None:
    """Open a job of this team by its link, which makes the team the current one."""
    path = f"/jobs/{house.job(JobState.COMPLETED).key}/"
    assert client.get(path, follow=True).status_code == 200
    assert f"in {house.team}" in Page(client.get("/team/")).all("summary")[0].get("aria-label")


#: Where a form is opened, where it is sent, and what is filled in.
FORMS: list[tuple[str, str, dict[str, str]]] = [
    ("/team/", "/team/rename/", {"name": "Night shift"}),
    ("/team/", "/team/members/", {"username": "dora", "role": "admin"}),
    ("/team/tokens/", "/team/tokens/", {"name": "ci", "role": "admin", "days": "30"}),
    ("/connections/engine/remove/", "/connections/engine/remove/", {}),
    ("/connections/new/", "", {"name": "Production", "region": "eu-west-1"}),
    ("/jobs/new/", "", {name: str(value) for name, value in FIELDS.items()}),
]


@pytest.mark.parametrize(("opened", "action", "fields"), FORMS)
def test_a_form_of_one_team_does_nothing_in_another(
    house: House, other_house: House, alice: Client, opened: str, action: str, fields: dict[str, str]
) -> None:
    form = {**hidden_of(alice.get(opened), action), **fields}
    if opened == "/jobs/new/":
        form["model"] = str(other_house.model.pk)
    open_link(alice, other_house)
    refused = alice.post(action or opened, form)
    assert refused.status_code == 409
    assert (
        "This form was opened in First; you are now in Second. Switch back and send it again."
        in Page(refused).all("main")[0].text
    )
    assert not Activity.objects.exists()
    assert not KeyedRequest.objects.exists()


def test_the_same_form_is_done_once_its_team_is_the_current_one_again(
    house: House, other_house: House, alice: Client
) -> None:
    form = {**hidden_of(alice.get("/team/"), "/team/rename/"), "name": "Night shift"}
    open_link(alice, other_house)
    back = hidden_of(alice.post("/team/rename/", form), "/team/switch/")
    assert alice.post("/team/switch/", back).status_code == 302
    assert alice.post("/team/rename/", form).status_code == 302
    assert list(Activity.objects.values_list("team__name", "verb")) == [("Night shift", "team.renamed")]


def test_the_question_whether_to_stop_jobs_stops_none_of_another_team(
    house: House, other_house: House, alice: Client
) -> None:
    jobs = [team.job(JobState.IN_PROGRESS) for team in (house, other_house)]
    question = alice.post("/jobs/many/", {"all": "1", "action": "stop", "query": ""})
    form = {**hidden_of(question, "/jobs/many/"), "up_to": str(jobs[1].pk)}
    open_link(alice, other_house)
    assert alice.post("/jobs/many/", form).status_code == 409
    for job in jobs:
        job.refresh_from_db()
        assert job.stop_requested_at is None


def test_a_form_of_a_team_that_its_person_is_out_of_acts_in_no_other(
    house: House, other_house: House, alice: Client
) -> None:
    form = {**hidden_of(alice.get("/team/"), "/team/rename/"), "name": "Night shift"}
    Membership.objects.filter(team=house.team).delete()
    refused = alice.post("/team/rename/", form)
    assert refused.status_code == 409
    assert "in a team that you no longer belong to; you are now in Second" in Page(refused).text
    assert not Activity.objects.exists()


@pytest.mark.parametrize("slug", ["third", "nowhere", "nul\0", ""])
def test_a_team_that_the_person_is_not_in_is_not_named(alice: Client, slug: str) -> None:
    make_house("third", {"dan": Role.ADMIN})
    refused = alice.post("/team/rename/", {"name": "Night shift", "form_team": slug})
    assert refused.status_code == 409
    assert "Third" not in refused.content.decode()


def test_a_viewer_of_the_current_team_is_told_that_the_form_is_of_another(
    house: House, other_house: House, alice: Client
) -> None:
    form = hidden_of(alice.get("/connections/engine/remove/"), "/connections/engine/remove/")
    Membership.objects.filter(team=other_house.team, user=house.people["alice"]).update(role=Role.VIEWER)
    open_link(alice, other_house)
    assert alice.post("/connections/engine/remove/", form).status_code == 409


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_neither_loading_ahead_nor_another_site_changes_the_team(
    other_house: House, alice: Client, headers: dict[str, str]
) -> None:
    assert alice.get(f"/jobs/{other_house.job().key}/", headers=headers).status_code == 404
    assert "admin in First" in Page(alice.get("/team/")).all("summary")[0].get("aria-label")


def test_a_link_that_is_pressed_in_web_mail_opens_in_its_team(other_house: House, alice: Client) -> None:
    pressed = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-User": "?1"}
    answer = alice.get(f"/jobs/{other_house.job().key}/", headers=pressed, follow=True)
    assert answer.status_code == 200
    assert "you are in that team now" in answer.content.decode()
