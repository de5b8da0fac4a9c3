"""Forms are done once: what a second press, a resent form and the back button come to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from jobs.models import Preset, TransformJob
from jobs.services.submitting import submission
from jobs.states import JobState
from teams import once
from teams.models import ApiToken
from tests.cast import FIELDS, House
from tests.support.html import Page
from tests.support.workers import run, run_at_once, surroundings

pytestmark = pytest.mark.django_db


def key_of(page: Any) -> str:
    """The key of the page's first form that has one."""
    nodes = [node for node in Page(page).all("input") if node.get("name") == "form_key"]
    return str(nodes[0].get("value"))


def job_form(house: House, **fields: str) -> dict[str, str]:
    """What the new-job form sends, with the key that it was drawn with."""
    page = house.page("bob").get("/jobs/new/")
    form = {name: str(value) for name, value in FIELDS.items()}
    return {**form, "model": str(house.model.pk), "form_key": key_of(page), **fields}


#: Forms that change nothing, or the session alone.
WITHOUT_KEY = {"top.html", "sign_in.html", "browse.html", "join.html", "link.html", "account.html"}
WITHOUT_KEY |= {"other_team.html"}
#: Forms of an account that ask for a password, a code or a link good once: a second press finds it done.
WITHOUT_KEY |= {"codes_person.html", "codes_set_up.html", "sign_in_code.html"}
WITHOUT_KEY |= {"confirm_address.html", "forgotten.html", "password.html"}


def test_every_form_that_changes_something_has_a_key() -> None:
    templates = Path(settings.BASE_DIR) / "templates"
    lacking = []
    for file in sorted(templates.rglob("*.html")):
        forms = re.findall(r'<form[^>]*method="post".*?</form>', file.read_text(), re.DOTALL)
        lacking += [file.name for form in forms if "form_key" not in form and file.name not in WITHOUT_KEY]
    assert lacking == []


def test_each_drawing_of_a_form_has_a_key_of_its_own(house: House) -> None:
    page = house.page("bob")
    assert key_of(page.get("/jobs/new/")) != key_of(page.get("/jobs/new/"))


def test_a_job_form_sent_twice_makes_one_job_and_leads_to_it_both_times(house: House) -> None:
    page, form = house.page("bob"), job_form(house)
    first, second = page.post("/jobs/new/", form), page.post("/jobs/new/", form)
    job = TransformJob.objects.get()
    assert first["Location"] == second["Location"] == job.get_absolute_url()


def test_a_form_without_a_key_is_done_as_before(house: House) -> None:
    form = job_form(house)
    del form["form_key"]
    for _ in range(2):
        house.page("bob").post("/jobs/new/", form)
    assert TransformJob.objects.count() == 2


def test_a_notice_is_shown_again_to_whom_it_was_lost(house: House) -> None:
    page = house.page("alice")
    form = {"name": "Night shift", "form_key": key_of(page.get("/team/"))}
    page.post("/team/rename/", form)
    page.get("/team/")
    page.post("/team/rename/", form)
    assert "The team is called Night shift." in page.get("/team/").content.decode()


def test_a_form_with_a_mistake_is_corrected_and_sent_with_the_same_key(house: House) -> None:
    page, form = house.page("bob"), job_form(house, data="not an address")
    assert page.post("/jobs/new/", form).status_code == 400
    assert page.post("/jobs/new/", {**form, "data": "s3://bucket/in/"}).status_code == 302
    assert TransformJob.objects.count() == 1


def test_a_form_that_was_changed_after_it_was_sent_asks_before_it_is_a_second_request(house: House) -> None:
    page, form = house.page("bob"), job_form(house)
    first = page.post("/jobs/new/", form)
    changed = page.post("/jobs/new/", {**form, "data": "s3://bucket/other/"})
    assert changed.status_code == 409
    assert TransformJob.objects.count() == 1
    question = Page(changed)
    assert first["Location"] in question.links()
    (again,) = [candidate for candidate in question.all("form") if candidate.get("action") == "/jobs/new/"]
    sent = {node.get("name"): node.get("value") for node in Page.all_below(again, "input")}
    assert sent["data"] == "s3://bucket/other/"
    assert page.post("/jobs/new/", sent).status_code == 302
    assert TransformJob.objects.count() == 2


def test_buttons_that_only_draw_the_form_again_use_up_no_key(house: House) -> None:
    page, form = house.page("bob"), job_form(house)
    for _ in range(2):
        assert page.post("/jobs/new/", {**form, "check": "1"}).status_code == 200
    assert page.post("/jobs/new/", form).status_code == 302


def test_a_key_of_one_person_says_nothing_to_another(house: House) -> None:
    form = job_form(house)
    house.page("bob").post("/jobs/new/", form)
    house.page("alice").post("/jobs/new/", form)
    assert TransformJob.objects.count() == 2


def test_a_second_press_while_the_first_is_worked_on_does_nothing_and_can_ask_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("teams.form_keys.PATIENCE", 0.0)
    page, form, write = house.page("bob"), job_form(house), submission._write
    early: list[Any] = []

    def write_late(*args: Any) -> Any:
        early.append(page.post("/jobs/new/", form))
        return write(*args)

    monkeypatch.setattr(submission, "_write", write_late)
    first = page.post("/jobs/new/", form)
    assert early[0].status_code == 409
    assert "still being worked on" in early[0].content.decode()
    (again,) = [
        candidate for candidate in Page(early[0]).all("form") if candidate.get("action") == "/jobs/new/"
    ]
    sent = {node.get("name"): node.get("value") for node in Page.all_below(again, "input")}
    assert page.post("/jobs/new/", sent)["Location"] == first["Location"]
    assert TransformJob.objects.count() == 1


@pytest.mark.parametrize("verb", ["stop", "retry", "archive"])
def test_each_verb_of_a_job_sent_twice_is_done_once_without_a_complaint(house: House, verb: str) -> None:
    job = house.job(JobState.WAITING if verb == "stop" else JobState.FAILED)
    page = house.page("bob")
    form = {"form_key": key_of(page.get("/jobs/new/")), "outputs": "replace"}
    first, second = (page.post(f"/jobs/{job.key}/{verb}/", form) for _ in range(2))
    assert second["Location"] == first["Location"]
    assert page.get(f"/jobs/{job.key}/").content.decode().count("already") == 0
    assert TransformJob.objects.count() == (2 if verb == "retry" else 1)


def test_a_preset_is_saved_once(house: House) -> None:
    page = house.page("bob")
    form = {"preset_name": "Nightly", "form_key": key_of(page.get("/presets/new/"))}
    for _ in range(2):
        page.post("/presets/new/", form)
    assert Preset.objects.count() == 1


def test_a_token_is_made_once_and_its_secret_is_stored_nowhere(house: House) -> None:
    page = house.page("bob")
    form = {"name": "ci", "role": "viewer", "days": "30", "form_key": key_of(page.get("/team/tokens/"))}
    first, second = (page.post("/team/tokens/", form) for _ in range(2))
    secret = re.search(r"bd_[\w-]{20,}", first.content.decode())
    assert secret is not None
    assert secret[0] not in second.content.decode()
    assert "shown only once" in second.content.decode()
    assert ApiToken.objects.count() == 1
    assert once.KeyedRequest.objects.get().answer == {}


def test_a_token_is_made_once_whatever_header_comes_with_the_form(house: House) -> None:
    page = house.page("bob")
    form = {"name": "ci", "role": "viewer", "days": "30", "form_key": key_of(page.get("/team/tokens/"))}
    for _ in range(2):
        page.post("/team/tokens/", form, headers={"HX-Request": "true"})
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize("address", ["/jobs/new/preflight/", "/jobs/new/fields/"])
def test_what_is_read_of_a_form_while_it_is_filled_in_waits_for_no_press(house: House, address: str) -> None:
    page, form = house.page("bob"), job_form(house)
    job = page.post("/jobs/new/", form)
    assert page.post(address, {**form, "request_json": "{}"}).status_code == 200
    assert page.post("/jobs/new/", form)["Location"] == job["Location"]


SEED = """
from django.core.management import call_command
from tests.cast import make_house
call_command("migrate", verbosity=0)
make_house("first", {"bob": "operator"})
"""
PREPARE = """
from tests.cast import FIELDS
from django.test import Client
from jobs.models import RegisteredModel
from teams.models import User
page = Client(HTTP_HOST="localhost")
page.force_login(User.objects.get(), backend="django.contrib.auth.backends.ModelBackend")
model = RegisteredModel.objects.get()
form = {**FIELDS, "model": model.pk, "form_key": "0123456789abcdef"}
"""
ACT = """
print(page.post("/jobs/new/", form)["Location"])
"""
COUNT = """
from jobs.models import TransformJob
print(*[job.get_absolute_url() for job in TransformJob.objects.all()])
"""


@pytest.mark.django_db(transaction=True)
def test_of_processes_that_are_sent_one_form_at_once_one_makes_the_job_and_all_lead_to_it(
    tmp_path: Path,
) -> None:
    env = surroundings(tmp_path, REDIS_URL="redis://127.0.0.1:9/0")
    run(SEED, env)
    printed = run_at_once(PREPARE, ACT, env, count=3)
    (place,) = run(COUNT, env).split()
    assert {line.splitlines()[-1] for line in printed} == {place}
