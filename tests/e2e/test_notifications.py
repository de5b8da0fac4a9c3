"""A person has a program of theirs told by webhook, tries it, and reads what it answered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import SAMPLE
from tests.notifications.receivers import HttpReceiver, Plan
from tests.support.house import House, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.house, pytest.mark.xdist_group("house")]


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    server = HttpReceiver()
    yield server
    server.stop()


def test_a_webhook_is_added_tried_and_told_of_a_job(
    house: House, signed_in: Page, receiver: HttpReceiver
) -> None:
    receiver.plan(Plan(200, b"thank you"))
    page = signed_in
    page.goto(f"{house.url}/notifications/")
    page.get_by_role("region", name="Yours").get_by_role("link", name="Webhook", exact=True).click()
    page.get_by_label("Name").fill("My program")
    page.get_by_label("URL").fill("ftp://127.0.0.1/")
    page.get_by_role("button", name="Add the channel").click()
    expect(page.get_by_role("alert")).to_contain_text("It must be a URL that begins with")
    page.get_by_label("URL").fill(receiver.url)
    page.get_by_role("button", name="Add the channel").click()
    expect(page.locator("#secret")).to_contain_text("whsec_")
    page.get_by_role("link", name="Add a rule").click()
    page.get_by_label("Completed", exact=True).check()
    page.get_by_role("button", name="Save rule").click()
    expect(page.get_by_role("region", name="Rules")).to_contain_text("Completed")
    page.get_by_role("button", name="Send test").click()
    tries = page.locator("#tries")
    expect(tries).to_contain_text("Delivered", timeout=60_000)
    expect(tries).to_contain_text("thank you")
    key = {"Authorization": f"Bearer {house.token()}"}
    body = {**SAMPLE, "output_path": "s3://batchdeck-samples/breast-cancer/told/"}
    page.context.request.post(f"{house.url}/api/v1/jobs/", data=body, headers=key, fail_on_status_code=True)
    wait_until(
        lambda: any(request.json["type"] == "job.completed" for request in receiver.requests),
        180,
        house.printed_text,
    )
    message = next(request.json for request in receiver.requests if request.json["type"] == "job.completed")
    page.goto(message["data"]["url"])
    expect(page.get_by_role("heading", level=1)).to_contain_text(message["data"]["name"][:10])


def test_an_open_page_counts_news_in_its_title_once_the_person_has_asked_for_it(
    house: House, signed_in: Page
) -> None:
    page = signed_in
    page.goto(f"{house.url}/notifications/")
    if page.get_by_role("button", name="Tell me in the browser").count():
        page.get_by_role("button", name="Tell me in the browser").click()
    else:
        page.get_by_role("link", name="Browser").click()
    button = page.locator("[data-browser-news]")
    expect(button).to_have_text("Tell me in this browser")
    page.context.grant_permissions(["notifications"])
    with page.expect_response("**/notifications/news/**") as answered:
        button.click()
    assert answered.value.json()["news"] == []
    expect(page.locator("[data-browser-says]")).to_have_text("On in this browser.")
    button.click()
    expect(button).to_have_text("Tell me in this browser")
