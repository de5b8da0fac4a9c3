"""Every page: whole markup, nothing inline, all it refers to is there, and its own look when something is wrong."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pytest
from django.contrib.staticfiles import finders
from django.db import transaction
from django.test import Client, RequestFactory, override_settings
from django.urls import get_resolver
from pytest_django import DjangoDbBlocker

from deployments.models import Deployment
from jobs.models import Connection, JobEvent, PlannedObject, RegisteredModel, TransformJob
from jobs.states import JobState
from teams import links, members
from teams.models import Role, User
from tests.cast import House
from tests.jobs.conftest import make_first_house, write_engine_keys
from tests.support.addresses import pages
from tests.support.html import Page

# The first test opens all pages for the others, which takes minutes on a machine that is busy with other work.
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]
POLICY = {
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
}


def filled(house: House) -> list[str]:
    """A job in every state, with a plan, warnings and a timeline; the addresses of its pages."""
    for state in JobState:
        job = house.job(
            state, state_reason="A <b>reason</b>.", objects_total=2, objects_done=1, bytes_total=9
        )
        JobEvent.objects.create(job=job, to_state=state, reason="So it went.", by=house.people["bob"])
        for position in range(2):
            key = f"in/<{position}>.csv"
            PlannedObject.objects.create(
                job=job, position=position, key=key, output_key=f"out/{key}.out", size=5, done=not position
            )
    warned = house.job(
        JobState.COMPLETED, warnings=[{"code": "outputs-missing", "text": "1 of 2 outputs are missing."}]
    )
    Connection.objects.update(last_error="The engine cannot be reached.")
    paths = [page.path for job in TransformJob.objects.all() for page in pages(house, job)]
    return sorted({*paths, f"/jobs/{warned.key}/", "/jobs/new/?as=json", "/jobs/?state=failed&name=x"})


class Answers(NamedTuple):
    """The answers of the product's pages by path, and those of `special_pages` by name."""

    pages: dict[str, Any]
    special_pages: dict[str, Any]


@pytest.fixture(scope="module")
def answers(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Answers:
    """Every page of a team that has jobs, opened once for all tests of this module; no row stays in the database."""
    keys = write_engine_keys(tmp_path_factory.mktemp("keys"))
    with django_db_blocker.unblock(), override_settings(ENGINE_CREDENTIALS=keys), transaction.atomic():
        house = make_first_house()
        answers = Answers(opened(house, filled(house)), special_pages(house))
        transaction.set_rollback(True)
    return answers


def opened(house: House, paths: list[str]) -> dict[str, Any]:
    """What an admin's browser gets at these addresses, without those that only take a press, files and JSON."""
    client = house.page("alice")
    answers = {path: client.get(path, follow=True) for path in paths}
    return {path: answer for path, answer in answers.items() if answer.status_code != 405 and is_page(answer)}


def is_page(answer: Any) -> bool:
    """Whether an answer is a page of HTML."""
    return not answer.streaming and answer["Content-Type"].startswith("text/html")


def invitation(house: House) -> str:
    """The path of an invitation's link."""
    user = User.objects.create_user("invited", password="invited-has-a-pass")
    return members.invite(house.team, user.username, Role.VIEWER, by=house.people["alice"]).link


def special_pages(house: House) -> dict[str, Any]:
    """The pages outside the product's own addresses: signing in, errors, forms with mistakes."""
    client = house.page("alice")
    return {
        "sign-in": Client().get("/signin/"),
        "wrong password": Client().post("/signin/", {"username": "alice", "password": "x"}),
        "invalid link": Client().get("/signin/link/nothing/"),
        "link": Client().get(links.create(house.people["alice"])),
        "invitation": Client().get(invitation(house)),
        "account": client.get("/account/"),
        "wrong new password": client.post("/account/", {"new_password1": "x", "new_password2": "y"}),
        "404": client.get("/nowhere/"),
        "404 signed out": Client().get("/nowhere/"),
        "403": house.page("vera").get("/jobs/new/"),
        "403 csrf": Client(enforce_csrf_checks=True).post("/signin/", {}),
        "400": client.get("/", HTTP_HOST="evil.example"),
        "500": get_resolver().resolve_error_handler(500)(RequestFactory().get("/")),
        "job form": client.post("/jobs/new/", {}),
        "raw form": client.post("/jobs/new/?as=json", {"request": "{"}),
        "model form": client.post("/models/new/", {"name": " "}),
        "connection form": client.post("/connections/new/", {}),
        "api docs": client.get("/api/v1/docs/"),
    }


def check_markup(page: Page, where: str) -> None:
    """Unique ids, a name for every field and button; and on a whole page one heading of the first rank and a title."""
    if page.all("html"):
        assert len(page.all("h1")) == 1, where
        assert page.all("title")[0].text, where
    ids = [node.get("id") for node in page.all() if node.get("id")]
    assert len(ids) == len(set(ids)), where
    labelled = {node.get("for") for node in page.all("label")}
    for node in page.all("input", "select", "textarea"):
        if node.get("type") != "hidden":
            assert node.get("id") in labelled or node.get("aria-label"), f"{where}: {node.attributes}"
        for name in node.get("aria-describedby").split():
            assert name in ids, f"{where}: {name}"
    for node in page.all("button", "a"):
        assert node.text or node.get("aria-label"), f"{where}: {node.attributes}"
    for node in page.all("a"):
        target = node.get("href")
        assert not target.startswith("#") or target[1:] in ids, f"{where}: {target}"


def check_nothing_inline(page: Page, where: str) -> None:
    """The content security policy would switch off, in silence, whatever this finds."""
    for node in page.all():
        assert node.tag != "style", where
        assert node.tag != "script" or (node.get("src") and not node.text), where
        bad = [name for name in node.attributes if name == "style" or name.startswith(("on", "hx-on"))]
        assert not bad, f"{where}: {node.tag} {bad}"
        assert not node.get("href").lower().startswith("javascript:"), where


def check_references(page: Page, where: str) -> None:
    """Static files that are there, icons that the sprite has, parts of the page itself, nothing from other hosts."""
    for node in page.all("script", "link", "img", "use"):
        target = node.get("src") or node.get("href")
        if target.startswith("data:"):
            continue
        if target.startswith("#"):
            assert page.by_id(target[1:]), f"{where}: {target}"
            continue
        assert target.startswith(("/static/", "/api/v1/docs/?script")), f"{where}: {target}"
        if target.startswith("/static/"):
            file, _, icon = target.removeprefix("/static/").partition("#")
            file_path = finders.find(file)
            assert file_path, f"{where}: {target}"
            if icon:
                with open(file_path) as sprite:
                    assert f'id="{icon}"' in sprite.read(), f"{where}: {target}"


def test_every_page_of_an_empty_team_opens(house: House) -> None:
    house.job()
    named = [page for page in pages(house, TransformJob.objects.get()) if not page.names_a_row]
    for rows in (Deployment, TransformJob, RegisteredModel, Connection):
        rows.objects.all().delete()
    for path, answer in opened(house, [page.path for page in named]).items():
        assert answer.status_code == 200, path
        check_markup(Page(answer), path)


def test_every_page_opens_with_jobs_in_every_state(answers: Answers) -> None:
    for path, answer in answers.pages.items():
        missing = any(
            part in path
            for part in ("/preview/", "/download/", "/results/input/", "/picture/", "/compare/rows.csv")
        )
        assert answer.status_code == (404 if missing else 200), path
        check_markup(Page(answer), path)
        assert b"<b>reason</b>" not in answer.content, path


def test_every_other_page_is_whole_too(answers: Answers) -> None:
    for where, answer in answers.special_pages.items():
        if where != "api docs":
            check_markup(Page(answer), where)


def test_no_page_has_a_script_a_style_or_a_handler_of_its_own(answers: Answers) -> None:
    for where, answer in {**answers.pages, **answers.special_pages}.items():
        check_nothing_inline(Page(answer), where)


def test_everything_a_page_refers_to_is_there(answers: Answers) -> None:
    for where, answer in {**answers.pages, **answers.special_pages}.items():
        check_references(Page(answer), where)


def test_a_post_below_the_api_that_misses_its_slash_is_told_so(house: House) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/api/v1/jobs", {"data": "x"}, "application/json")
    assert answer.status_code == 404
    assert "every address ends in a slash" in answer.json()["error"]["message"]
    assert "This page is too old" in client.post("/jobs/new/").content.decode()


def test_every_link_inside_the_product_leads_somewhere(house: House) -> None:
    client = house.page("alice")
    links = set()
    for answer in opened(house, filled(house)).values():
        links |= {node.get("href") for node in Page(answer).all("a")}
    for link in sorted(link for link in links if link.startswith("/")):
        away = "/outputs/preview/" in link or "/outputs/download/" in link or "/picture/" in link
        # S3 does not answer here. The question about bad records leads back to the files, which say so.
        is_question = "/bad-records/?file=" in link
        assert client.get(link, follow=is_question).status_code == (502 if away else 200), link


def test_every_answer_carries_the_strict_policy_and_is_not_sniffed_or_framed(answers: Answers) -> None:
    for where, answer in {**answers.pages, **answers.special_pages}.items():
        if where == "500":
            continue  # Made by the error handler alone, without the middleware that sets headers.
        assert set(answer.headers["Content-Security-Policy"].split("; ")) == POLICY, where
        assert answer.headers["X-Content-Type-Options"] == "nosniff", where
        assert answer.headers["X-Frame-Options"] == "DENY", where
        assert answer.headers["Referrer-Policy"] == "same-origin", where


@pytest.mark.parametrize(
    ("where", "status", "words"),
    [
        ("404", 404, "There is nothing here"),
        ("403", 403, "This needs the role operator; you are viewer in First."),
        ("403 csrf", 403, "Open the page again"),
        ("400", 400, "could not be understood"),
        ("500", 500, "Something broke"),
    ],
)
def test_errors_have_the_products_own_look(answers: Answers, where: str, status: int, words: str) -> None:
    answer = answers.special_pages[where]
    page = Page(answer)
    assert answer.status_code == status
    assert words in page.all("body")[0].text
    assert page.of_class("brand")
    assert "/" in page.links()
    assert [link.get("href") for link in page.all("link") if "batchdeck.css" in link.get("href")]


def test_a_missing_row_is_named_and_a_missing_address_names_no_class_of_ours(house: House) -> None:
    client = house.page("vera")
    assert "There is no such job in this team." in client.get("/jobs/aaaaaaaaaaaa/").content.decode()
    assert not re.search(r"Http404|Resolver404|\btried\b", client.get("/nowhere/").content.decode())


def test_a_fault_while_a_page_is_made_answers_500_without_its_details(house: House) -> None:
    broken = house.job(warnings=5)
    client = house.page("vera")
    client.raise_request_exception = False
    answer = client.get(f"/jobs/{broken.key}/")
    assert answer.status_code == 500
    assert "Something broke" in answer.content.decode()
    assert "Traceback" not in answer.content.decode()
    assert set(answer.headers["Content-Security-Policy"].split("; ")) == POLICY


@pytest.mark.parametrize(
    "path", ["/jobs/?name=%00", "/jobs/?model=a%00", "/jobs/?connection=%00", "/jobs/a%00/"]
)
def test_a_nul_in_an_address_is_refused(house: House, path: str) -> None:
    """PostgreSQL cannot look for one; SQLite can, so the answer must not depend on asking."""
    assert house.page("vera").get(path).status_code in {400, 404}


def test_the_old_address_of_results_leads_to_the_tab(house: House) -> None:
    job = house.job(JobState.COMPLETED)
    answer = house.page("vera").get(f"/jobs/{job.key}/outputs/?after=a%2Fb")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/jobs/{job.key}/results/?after=a%2Fb")
