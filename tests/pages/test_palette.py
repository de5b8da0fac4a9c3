"""The command palette: what each person may open, by a few letters."""

from __future__ import annotations

import pytest

from jobs.states import JobState
from tests.cast import House
from tests.support.html import Page

pytestmark = pytest.mark.django_db


def entries(house: House, person: str, text: str, *, in_help: bool = False) -> dict[str, str]:
    """Addresses of the entries by their titles; those of help alone, or all others."""
    page = Page(house.page(person).get("/palette/", {"q": text}))
    return {
        Page.all_below(row, "span")[1].text: str(row.get("data-url"))
        for row in page.all("li")
        if row.get("data-url") and row.get("data-url").startswith("/help/") is in_help
    }


def test_jobs_models_pages_and_actions_are_found_by_their_words(house: House, other_house: House) -> None:
    job = house.job(JobState.FAILED, name="nightly-churn")
    other_house.job(JobState.FAILED, name="theirs-churn")
    assert entries(house, "bob", "churn") == {
        "nightly-churn": f"/jobs/{job.key}/",
        "churn": f"/models/{house.model.pk}/",
    }
    assert entries(house, "bob", "new job")["New job"] == "/jobs/new/"
    assert entries(house, "bob", "FAILED 24")["Jobs that failed in 24 h"].startswith("/jobs/?state=failed")


def test_nobody_is_offered_what_the_role_does_not_allow(house: House) -> None:
    assert entries(house, "vera", "new") == {}
    assert "New connection" not in entries(house, "bob", "new")
    assert "New connection" in entries(house, "alice", "new")


def test_headings_of_help_are_found_by_their_words(house: House) -> None:
    assert entries(house, "vera", "dates in path", in_help=True) == {
        "Dates in paths": "/help/schedules/#dates-in-paths"
    }
    assert entries(house, "vera", "help", in_help=True) == {"Help": "/help/"}
    assert entries(house, "vera", "zzz", in_help=True) == {}


def test_every_entry_opens(house: House) -> None:
    house.job(JobState.COMPLETED)
    client = house.page("alice")
    for title, address in entries(house, "alice", "").items():
        assert client.get(address).status_code == 200, title


def test_a_text_that_nothing_has_is_told(house: House) -> None:
    page = Page(house.page("vera").get("/palette/", {"q": "zzz<b>"}))
    assert "Nothing has “zzz<b>” in its name, paths or tags." in page.all("li")[0].text
