"""Pressing twice, as impatient people do: one job comes of it, with and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.e2e.conftest import NEW_SAMPLE_JOB, SAMPLE
from tests.e2e.display import new_context
from tests.support.house import House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(600),
]
#: Milliseconds between two presses.
PAUSES = (30, 90, 150)


@pytest.fixture
def plain(house: House, chromium: Browser, session_cookies: Any) -> Iterator[Page]:
    """A tab without scripts, signed in as the sample team's admin."""
    context = new_context(chromium, java_script_enabled=False, viewport={"width": 1280, "height": 900})
    context.add_cookies(session_cookies)
    yield context.new_page()
    context.close()


def output_path(name: str) -> str:
    return f"s3://batchdeck-samples/breast-cancer/{name}/"


def fill(page: Page, house: House, name: str) -> None:
    """The new-job form for the sample, ready to be submitted to a folder that no other test has."""
    page.goto(house.url + NEW_SAMPLE_JOB)
    page.locator("#id_output_path").fill(output_path(name))


def press_twice(page: Page, name: str, pause: int) -> None:
    """Two presses at one place, whatever the first one does to the page."""
    button = page.get_by_role("button", name=name, exact=True)
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.click(x, y)
    page.wait_for_timeout(pause)
    page.mouse.click(x, y)


def jobs(page: Page, house: House, name: str) -> list[Any]:
    key = {"Authorization": f"Bearer {house.token()}"}
    answer = page.context.request.get(
        f"{house.url}/api/v1/jobs/", params={"path": output_path(name)}, headers=key
    )
    jobs: list[Any] = answer.json()["results"]
    return jobs


@pytest.mark.parametrize("pause", PAUSES)
def test_submit_pressed_twice_makes_one_job(house: House, signed_in: Page, pause: int) -> None:
    name = f"twice-{pause}"
    fill(signed_in, house, name)
    expect(signed_in.get_by_role("button", name="Submit job")).to_be_enabled()
    expect(signed_in.locator("#verdict")).to_contain_text("Ready to submit")
    press_twice(signed_in, "Submit job", pause)
    expect(signed_in.get_by_role("navigation", name="Job")).to_be_visible()
    (job,) = jobs(signed_in, house, name)
    assert signed_in.url.startswith(job["url"])


@pytest.mark.parametrize("pause", PAUSES)
def test_submit_pressed_twice_without_scripts_makes_one_job(house: House, plain: Page, pause: int) -> None:
    name = f"plain-{pause}"
    fill(plain, house, name)
    press_twice(plain, "Submit job", pause)
    expect(plain.get_by_role("navigation", name="Job")).to_be_visible()
    (job,) = jobs(plain, house, name)
    assert plain.url.startswith(job["url"])


def test_one_form_sent_from_two_places_at_once_makes_one_job(house: House, signed_in: Page) -> None:
    fill(signed_in, house, "two-places")
    places = signed_in.evaluate(
        """async () => {
          const form = document.querySelector("#job-form");
          const send = () => fetch(form.action, {method: "POST", body: new URLSearchParams(new FormData(form))});
          return (await Promise.all([send(), send(), send()])).map((answer) => answer.url);
        }"""
    )
    (job,) = jobs(signed_in, house, "two-places")
    assert places == [job["url"]] * 3


def test_a_button_is_inert_while_its_form_is_on_its_way(house: House, signed_in: Page) -> None:
    fill(signed_in, house, "inert")
    expect(signed_in.locator("#verdict")).to_contain_text("Ready to submit")
    sent: list[Request] = []

    def count(request: Request) -> None:
        if request.method == "POST" and request.is_navigation_request():
            sent.append(request)

    signed_in.on("request", count)
    press_twice(signed_in, "Submit job", 30)
    expect(signed_in.get_by_role("navigation", name="Job")).to_be_visible()
    assert len(sent) == 1


def test_running_a_finished_job_again_offers_a_new_folder(
    house: House, signed_in: Page, job_path: str
) -> None:
    page = signed_in
    page.goto(f"{house.url}{job_path}")
    page.get_by_role("button", name="Run again").click()
    expect(page.get_by_role("heading", name="submitted by you, again?")).to_be_visible()
    expect(page.get_by_text("4 outputs are there already")).to_be_visible()
    expect(page.get_by_label("Write to a new folder, as a job of its own")).to_be_checked()
    folder = page.get_by_label("The new folder").input_value()
    assert folder.startswith(SAMPLE["output_path"])
    page.get_by_role("button", name="Run again").click()
    expect(page.get_by_text("Submitted; cloned from")).to_be_visible()


def test_archiving_asks_and_its_notice_takes_it_back(house: House, signed_in: Page, job_path: str) -> None:
    page = signed_in
    page.goto(f"{house.url}{job_path}")
    page.get_by_role("link", name="Archive").click()
    page.get_by_role("button", name="Archive the job").click()
    expect(page.get_by_text("Nothing is deleted.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("is back in the list.")).to_be_visible()
    expect(page.get_by_role("link", name="Archive")).to_be_visible()
