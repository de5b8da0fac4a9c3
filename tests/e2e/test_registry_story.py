"""Two versions are registered, the second is approved, and a model is made of it to start a job with."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.looking import violations
from tests.support.house import House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(600),
]
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
ARCHIVES = [f"s3://batchdeck-samples/breast-cancer/{name}" for name in ("first-model.tar.gz", "model.tar.gz")]


def register(page: Page, archive: str, auc: str) -> None:
    """Fill in the form of a new version from the page of its group, and send it."""
    page.get_by_role("link", name=re.compile("Register (a|the first) version")).first.click()
    page.get_by_label("Container image").fill(IMAGE)
    page.get_by_label("Model archive").fill(archive)
    page.get_by_label("Metadata").fill(f"auc={auc}")
    page.get_by_role("button", name="Register version").click()


def test_a_second_version_is_approved_and_a_job_begins_with_it(house: House, signed_in: Page) -> None:
    page, name = signed_in, f"story-{uuid4().hex[:8]}"
    page.goto(f"{house.url}/models/")
    page.get_by_role("link", name="Registry").click()
    page.get_by_role("link", name="New group").click()
    page.get_by_label("Name name").fill(name)
    page.get_by_role("button", name="Create group").click()
    expect(page.get_by_text("The group has no version yet.")).to_be_visible()

    register(page, "s3://batchdeck-samples/breast-cancer/none.tar.gz", "0.5")
    expect(page.get_by_text("There is no such object.").first).to_be_visible()
    assert violations(page) == []
    page.get_by_label("Model archive").fill(ARCHIVES[0])
    page.get_by_role("button", name="Register version").click()
    expect(page.get_by_role("heading", name=f"{name} version 1")).to_be_visible()
    page.get_by_role("link", name=name, exact=True).click()
    register(page, ARCHIVES[1], "0.9942")
    expect(page.get_by_role("heading", name=f"{name} version 2")).to_be_visible()

    # With the keyboard alone.
    page.get_by_label("Note").focus()
    page.keyboard.type("Better on the held-out rows")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Approve")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"{name} version 2 is approved.")).to_be_visible()
    expect(page.get_by_role("cell", name="Better on the held-out rows")).to_be_visible()

    page.get_by_role("link", name="Start a job").click()
    page.get_by_role("button", name="Create model and go on to the job").click()
    expect(page).to_have_url(re.compile(r"/jobs/new/\?model=\d+"))


@pytest.mark.parametrize("width", [390, 1280, 1920])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_of_the_registry_is_wider_than_its_window(
    house: House, signed_in: Page, width: int, theme: str
) -> None:
    page = signed_in
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    group = "/registry/engine/breast-cancer/"
    for path in ("/registry/", group, f"{group}1/", f"{group}new/", f"{group}1/model/", "/registry/new/"):
        page.goto(house.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert violations(page) == [], path
