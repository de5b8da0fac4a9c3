"""An answer that comes late never replaces what is newer: answers are held back here and let go in another order."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from playwright.sync_api import APIResponse, BrowserContext, Page, Request, Route, expect

from tests.e2e.conftest import NEW_SAMPLE_JOB, SAMPLE
from tests.support.house import House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(600),
]
BUCKET = "late-answers"


class Answers:
    """Answers of the dashboard that are ready but have not reached the page, in the order of their requests."""

    def __init__(self, page: Page, pattern: re.Pattern[str]) -> None:
        """Hold back the answer to each request whose address matches, until it is let go."""
        self.page = page
        self._ready: list[tuple[Route, APIResponse]] = []
        self._ended: list[Request] = []
        page.on("requestfinished", self._note_end)
        page.on("requestfailed", self._note_end)
        page.route(pattern, self._keep)

    def _keep(self, route: Route) -> None:
        self._ready.append((route, route.fetch()))

    def _note_end(self, request: Request) -> None:
        self._ended.append(request)

    @property
    def count(self) -> int:
        """How many requests were made so far."""
        return len(self._ready)

    def wait_for(self, count: int) -> None:
        """Return once so many answers are ready."""
        self._wait(lambda: len(self._ready) >= count, f"{count} requests")

    def let_go(self, number: int) -> None:
        """Send the answer with this number, from 0, to the page; return when the page is done with the request."""
        route, answer = self._ready[number]
        if route.request not in self._ended:
            route.fulfill(response=answer)
        self._wait(lambda: route.request in self._ended, f"the end of {route.request.url}")
        # htmx swaps as soon as the answer is there, and settles twenty milliseconds later.
        self.page.evaluate("new Promise((done) => setTimeout(done, 100))")

    def _wait(self, is_so: Callable[[], bool], what: str) -> None:
        for _ in range(600):
            if is_so():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{what} did not come: {[route.request.url for route, _ in self._ready]}")


@pytest.fixture
def bucket(house: House) -> str:
    """A bucket with two folders of some objects."""
    s3 = house.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for key in ("first/a.csv", "second/b.csv"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"1,2\n3,4\n")
    return BUCKET


@pytest.fixture
def form(house: House, signed_in: Page, bucket: str) -> Page:
    """The new-job form with the sample's model chosen, once preflight has looked at it."""
    signed_in.goto(house.url + NEW_SAMPLE_JOB)
    expect(signed_in.locator("#preflight")).to_contain_text("Reads")
    return signed_in


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "swapped"])
def test_the_panel_shows_the_row_that_has_the_focus(
    house: House, signed_in: Page, job_path: str, order: tuple[int, int]
) -> None:
    page = signed_in
    page.goto(f"{house.url}{job_path}results/")
    answers = Answers(page, re.compile(r"results/\?.*row=\d"))
    for number in (1, 2):
        page.keyboard.press("j")
        answers.wait_for(number)
    for number in order:
        answers.let_go(number)
    expect(page.locator("#record h2")).to_have_text("Row 2")
    expect(page.locator("tr.on")).to_have_id("row-2")
    expect(page.get_by_role("link", name="Row 2", exact=True)).to_be_focused()
    expect(page).to_have_url(re.compile(r"row=2"))


def test_a_row_that_cannot_be_read_is_not_shown_as_the_row_before(
    house: House, context: BrowserContext, signed_in: Page, job_path: str
) -> None:
    # A tab whose console may name the failure.
    page = context.new_page()
    page.goto(f"{house.url}{job_path}results/?row=1")
    page.route(re.compile(r"row=2"), lambda route: route.fulfill(status=400))
    page.get_by_role("link", name="Row 2", exact=True).focus()
    expect(page.locator("#record")).to_have_text(re.compile(r"^\s*Row 2 could not be read\. Try again\s*$"))


def test_the_dialog_shows_the_folder_that_was_pressed_last(form: Page, bucket: str) -> None:
    form.locator("#id_data").fill(f"s3://{bucket}/")
    form.get_by_role("button", name="Browse for the input").click()
    dialog = form.get_by_role("dialog", name="Choose the input")
    expect(dialog).to_contain_text("would be read")
    answers = Answers(form, re.compile(r"/browse/\?.*path="))
    dialog.get_by_role("button", name="first/", exact=True).click()
    answers.wait_for(1)
    dialog.get_by_role("button", name="second/", exact=True).click()
    answers.wait_for(2)
    answers.let_go(1)
    expect(dialog).to_contain_text("b.csv")
    answers.let_go(0)
    expect(dialog.locator("#browse-typed")).to_have_value(f"s3://{bucket}/second/")


def test_a_dialog_that_was_closed_stays_closed(form: Page, bucket: str) -> None:
    form.locator("#id_data").fill(f"s3://{bucket}/")
    form.get_by_role("button", name="Browse for the input").click()
    dialog = form.get_by_role("dialog", name="Choose the input")
    expect(dialog).to_contain_text("would be read")
    answers = Answers(form, re.compile(r"/browse/\?.*path="))
    dialog.get_by_role("button", name="first/", exact=True).click()
    answers.wait_for(1)
    form.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    answers.let_go(0)
    expect(dialog).to_be_hidden()


def test_a_typed_path_gives_way_to_a_folder_that_is_pressed_after_it(form: Page, bucket: str) -> None:
    form.locator("#id_data").fill(f"s3://{bucket}/")
    form.get_by_role("button", name="Browse for the input").click()
    dialog = form.get_by_role("dialog", name="Choose the input")
    expect(dialog).to_contain_text("would be read")
    answers = Answers(form, re.compile(r"/browse/\?.*typed="))
    dialog.locator("#browse-typed").fill(f"s3://{bucket}/f")
    dialog.get_by_role("button", name="second/", exact=True).click()
    expect(dialog).to_contain_text("b.csv")
    answers.wait_for(1)
    for number in range(answers.count):
        answers.let_go(number)
    expect(dialog.locator("#browse-typed")).to_have_value(f"s3://{bucket}/second/")
    expect(dialog).to_contain_text("b.csv")


def test_preflight_says_nothing_of_a_value_that_has_been_changed(form: Page) -> None:
    answers = Answers(form, re.compile(r"/preflight/"))
    form.locator("#id_instance_count").fill("0")
    answers.wait_for(1)
    form.locator("#id_instance_count").fill("2")
    # The later question is asked once the earlier is answered.
    answers.let_go(0)
    answers.wait_for(2)
    expect(form.locator("#verdict")).not_to_contain_text("blocks submitting")
    expect(form.get_by_role("button", name="Submit job")).to_be_enabled()
    answers.let_go(1)
    expect(form.locator("#request-json")).to_have_value(re.compile('"InstanceCount": 2'))


def test_a_field_keeps_what_is_typed_while_the_json_is_taken_over(form: Page) -> None:
    answers = Answers(form, re.compile(r"/jobs/new/fields/"))
    edit_json(form, lambda request_body: request_body["TransformResources"].update(InstanceCount=3))
    answers.wait_for(1)
    # Leaving the JSON sends it once more, in place of what is on its way.
    form.locator("#id_name").focus()
    answers.wait_for(2)
    form.locator("#id_name").fill("typed-meanwhile")
    answers.let_go(1)
    expect(form.locator("#id_instance_count")).to_have_value("3")
    expect(form.locator("#id_name")).to_have_value("typed-meanwhile")
    expect(form.locator("#request-json")).to_have_value(re.compile("typed-meanwhile"))
    expect(form.locator("#request-json")).to_have_value(re.compile('"InstanceCount": 3'))


def test_an_edit_of_the_json_is_not_undone_by_an_earlier_preflight(form: Page) -> None:
    answers = Answers(form, re.compile(r"/preflight/"))
    form.locator("#id_instance_count").fill("2")
    answers.wait_for(1)
    edit_json(form, lambda request_body: request_body["TransformResources"].update(InstanceCount=3))
    text = form.locator("#request-json").input_value()
    form.locator("#id_name").focus()
    expect(form.locator("#id_instance_count")).to_have_value("3")
    answers.let_go(0)
    answers.wait_for(2)
    expect(form.locator("#request-json")).to_have_value(text)
    answers.let_go(1)
    expect(form.locator("#request-json")).to_have_value(re.compile('"InstanceCount": 3'))
    expect(form.locator("#id_instance_count")).to_have_value("3")


def test_a_tick_is_not_lost_to_rows_that_were_on_their_way(
    house: House, signed_in: Page, job_path: str
) -> None:
    page = signed_in
    page.goto(f"{house.url}/jobs/?state=completed")
    answers = Answers(page, re.compile(r"/jobs/\?"))
    answers.wait_for(1)
    page.locator("#history tbody input.ck").first.check()
    answers.let_go(0)
    expect(page.locator("#history tbody input.ck").first).to_be_checked()


def edit_json(page: Page, change: Callable[[dict[str, Any]], Any]) -> None:
    """Type the request anew, with a change."""
    request_body = json.loads(page.locator("#request-json").input_value())
    change(request_body)
    page.locator("#request-json").fill(json.dumps(request_body))


@contextmanager
def no_worker(house: House) -> Iterator[None]:
    """No step of a job is done meanwhile."""
    pids = [pid for pid, command in house.processes().items() if "celery" in command and " worker" in command]
    assert pids
    # A process that is stopped inside a write would keep the database locked, so this holds the lock meanwhile.
    with closing(sqlite3.connect(house.data_dir / "batchdeck.sqlite3", timeout=60)) as database:
        database.execute("BEGIN IMMEDIATE")
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def submit(house: House, page: Page, folder: str) -> str:
    """The path of a new job on the sample's data, with a folder of its own below this one for its outputs."""
    output = f"s3://batchdeck-samples/breast-cancer/{folder}/{secrets.token_hex(4)}/"
    request = {**SAMPLE, "output_path": output}
    key = {"Authorization": f"Bearer {house.token()}"}
    answer = page.context.request.post(
        f"{house.url}/api/v1/jobs/", data=request, headers=key, fail_on_status_code=True
    )
    return f"{house.url}/jobs/{answer.json()['id']}/"


def test_a_log_that_is_opened_while_the_job_waits_goes_on_by_itself(house: House, signed_in: Page) -> None:
    page = signed_in
    with no_worker(house):
        page.goto(f"{submit(house, page, 'early-log')}logs/")
        expect(page.get_by_text("No log yet: the job has not been started.")).to_be_visible()
    expect(page.locator("#log-lines > li").first).to_be_visible(timeout=180_000)
    expect(page.get_by_text("The job has ended: no line will follow.").first).to_be_visible(timeout=180_000)


def test_figures_are_asked_for_once_the_answer_before_is_there(house: House, signed_in: Page) -> None:
    page = signed_in
    with no_worker(house):
        path = submit(house, page, "figures")
        page.clock.install()
        answers = Answers(page, re.compile(r"/api/v1/jobs/\w+/metrics/"))
        page.goto(f"{path}metrics/")
        answers.wait_for(1)
        page.clock.run_for(25_000)
        # Requests reach the test in their order.
        page.evaluate("fetch(location.href).then(() => null)")
        assert answers.count == 1
        answers.let_go(0)
        page.clock.run_for(10_000)
        answers.wait_for(2)
        answers.let_go(1)


def test_small_plots_are_asked_for_once_the_answer_before_is_there_and_not_after_the_last(
    house: House, signed_in: Page, job_path: str
) -> None:
    page = signed_in
    page.clock.install()
    answers = Answers(page, re.compile(r"/jobs/\w+/plots/"))
    page.goto(house.url + job_path)
    answers.wait_for(1)
    page.clock.run_for(25_000)
    # Requests reach the test in their order.
    page.evaluate("fetch(location.href).then(() => null)")
    assert answers.count == 1
    answers.let_go(0)
    expect(page.locator("#plots [role=img]").first).to_be_visible()
    page.clock.run_for(25_000)
    page.evaluate("fetch(location.href).then(() => null)")
    assert answers.count == 1
