"""The pages of help, as a person sees them."""

from __future__ import annotations

import pytest

from deployments.form_stages import NEW_DEPLOYMENT
from deployments.forms import DeploymentForm
from jobs.forms.connection import ConnectionForm
from jobs.forms.job import JobForm
from jobs.forms.model import ModelForm
from notifications.forms.channel import NewChannelForm
from notifications.forms.rule import RuleForm
from notifications.models import ChannelKind
from schedules.forms.schedule import ScheduleForm
from tests.cast import House
from tests.help.test_documents import unexplained
from tests.support.html import Page

pytestmark = pytest.mark.django_db


def test_the_index_has_every_document_and_each_opens(house: House) -> None:
    client = house.page("vera")
    index = Page(client.get("/help/"))
    links = sorted(link for link in index.links() if link.startswith("/help/") and link != "/help/")
    assert len(links) > 30
    for link in links:
        answer = client.get(link)
        assert answer.status_code == 200, link
        assert len(Page(answer).all("h1")) == 1, link


def test_search_shows_sections_with_all_words_and_marks_them(house: House) -> None:
    page = Page(house.page("vera").get("/help/", {"q": "time zone cron"}))
    assert "/help/schedules/#times" in page.links()
    marked = {mark.text.lower() for mark in page.all("mark")}
    assert {"time", "zone"} <= marked
    assert "No section has" not in page.text


def test_a_heading_with_the_word_is_before_a_text_with_it(house: House) -> None:
    page = Page(house.page("vera").get("/help/", {"q": "placeholder dates"}))
    addresses = [
        Page.all_below(row, "a")[0].get("href")
        for row in Page.all_below(page.of_class("help-found")[0], "li")
    ]
    assert addresses[0] == "/help/schedules/#dates-in-paths"


@pytest.mark.parametrize("text", ["zzzz", "<b>", "(", "a\\", "*", "   ", "x" * 400, "é\u202e"])
def test_odd_words_find_nothing_and_break_nothing(house: House, text: str) -> None:
    answer = house.page("vera").get("/help/", {"q": text})
    assert answer.status_code == 200
    page = Page(answer)
    assert "Using it" in page.text or page.of_class("help-found")


def test_a_page_that_is_not_there_is_a_404(house: House) -> None:
    for address in ("/help/nothing/", "/help/decisions/", "/help/..%2Fsettings/"):
        assert house.page("vera").get(address).status_code == 404


def test_nobody_reads_help_without_signing_in(client: object) -> None:
    answer = client.get("/help/schedules/")  # type: ignore[attr-defined]
    assert answer.status_code == 302
    assert answer.url.startswith("/signin/")


def test_each_page_leads_to_the_help_about_it(house: House) -> None:
    client = house.page("alice")
    for address, expected in (
        ("/schedules/", "/help/schedules/"),
        ("/jobs/new/", "/help/jobs/#a-new-job"),
        ("/connections/", "/help/connections/"),
        ("/", "/help/"),
    ):
        page = Page(client.get(address))
        keys = page.by_id("keys")
        assert Page.all_below(keys, "a")[0].get("href") == expected
        assert expected in page.links()


def test_the_forms_explain_each_field(house: House) -> None:
    team = house.team
    forms = {
        "job": JobForm(team),
        "model": ModelForm(team),
        "connection": ConnectionForm(),
        "schedule": ScheduleForm(team),
        "deployment": DeploymentForm(team, NEW_DEPLOYMENT),
    }
    forms |= {kind: NewChannelForm(kind) for kind in ChannelKind}
    fields = {name: form.fields for name, form in forms.items()} | {"rule": RuleForm.base_fields}
    assert {name: unexplained(of) for name, of in fields.items() if unexplained(of)} == {}


def test_a_field_links_to_its_explanation_beside_its_label(house: House) -> None:
    page = Page(house.page("alice").get("/connections/new/"))
    link = next(
        node for node in page.of_class("to-help") if node.get("href") == "/help/connections/#external-id"
    )
    assert "Help on external id" in link.text
