"""A real house, and a real Chromium in which anything said on the console fails the test."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.e2e.display import LONGEST_WAIT, new_context
from tests.e2e.every_page import every_page
from tests.e2e.signing import follow
from tests.notifications.receivers import MailSink
from tests.support.house import CHECKOUT, House
from tests.support.oidc_provider import OidcProvider

SAMPLE = {
    "connection": "engine",
    "model": "breast-cancer-xgb",
    "data": "s3://batchdeck-samples/breast-cancer/data/",
    "content_type": "text/csv",
    "split_type": "Line",
    "output_path": "s3://batchdeck-samples/breast-cancer/from-a-test/",
    "assemble_with": "Line",
    "accept": "text/csv",
    "instance_type": "ml.m5.large",
    "instance_count": 1,
}
_PATHS = "s3://batchdeck-samples/breast-cancer/"
DEPLOYMENT = {
    "name": "Every page",
    "connection": "engine",
    "package_group": "breast-cancer",
    "settings": {
        "content_type": "text/csv",
        "split_type": "Line",
        "assemble_with": "Line",
        "instance_type": "ml.m5.large",
    },
    "stages": [
        {
            "name": name,
            "connection": "engine",
            "data": f"{_PATHS}data/",
            "output_path": f"{_PATHS}{name.lower()}/{{run}}/",
            "needs_approval": name == "Production",
            "schedule": {"expression": "cron(0 0 1 1 ? *)"},
        }
        for name in ("Staging", "Production")
    ],
}
REFUSED = {
    "output_path": "s3://batchdeck-samples/breast-cancer/refused-in-a-test/",
    "content_type": "application/x-nothing",
    "split_type": "None",
}
#: The new-job form for the model of SAMPLE, which is loaded after those of the other samples.
NEW_SAMPLE_JOB = "/jobs/new/?model=3"
expect.set_options(timeout=LONGEST_WAIT)
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def mail_sink() -> Iterator[MailSink]:
    """The mail server of the shared house."""
    sink = MailSink()
    yield sink
    sink.stop()


@pytest.fixture(scope="session")
def oidc_provider() -> Iterator[OidcProvider]:
    """The provider of the shared house; the group `scientists` gives the role operator."""
    provider = OidcProvider()
    yield provider
    provider.stop()


@pytest.fixture(scope="session")
def house(
    tmp_path_factory: pytest.TempPathFactory, mail_sink: MailSink, oidc_provider: OidcProvider
) -> Iterator[House]:
    """`./deck up` of this checkout with nothing in its data directory."""
    house = House(
        CHECKOUT,
        tmp_path_factory.mktemp("e2e") / "data",
        # Receivers of webhooks in tests are on this machine.
        BATCHDECK_WEBHOOK_NETWORKS="127.0.0.0/8",
        BATCHDECK_WEBHOOK_HTTP="yes",
        BATCHDECK_WEBHOOK_PORTS="1024-65535",
        BATCHDECK_EMAIL_URL=f"smtp://127.0.0.1:{mail_sink.port}",
        BATCHDECK_OIDC_ISSUER=oidc_provider.issuer,
        BATCHDECK_OIDC_CLIENT_ID="batchdeck",
        BATCHDECK_OIDC_CLIENT_SECRET="s3cret",
        BATCHDECK_OIDC_NAME="Example",
        BATCHDECK_OIDC_GROUPS="scientists=sample-team:operator",
    ).start()
    yield house
    house.stop()
    house.kill()


@pytest.fixture
def fresh_house(tmp_path: Path) -> Iterator[House]:
    """A house of its own, in which nothing has happened yet."""
    house = House(CHECKOUT, tmp_path / "data").start()
    yield house
    house.stop()
    house.kill()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser that ./deck test found. Skipped where there is none; the CI script fails on that.

    Ended with this package: while it lives Playwright runs an event loop in this thread, and no test of
    coroutines could run beside it.
    """
    path = os.environ.get("BATCHDECK_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        pytest.skip("no Chromium was found; ./deck test says how to have one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser in which nobody is signed in."""
    context = new_context(chromium, viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture(scope="package")
def session_cookies(house: House, chromium: Browser) -> Any:
    """What a browser keeps after the sample team's admin has signed in by a link; once for all tests."""
    context = new_context(chromium)
    follow(context.new_page(), house.link)
    cookies = context.cookies()
    context.close()
    return cookies


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab; errors on its console, such as a violation of the content security policy, fail the test."""
    messages: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # A form that is answered with 400, or a question before a replacement (409), is what a test asked for; Chromium
        # reports it as an error all the same.
        if message.type == "error" and not re.search("status of 4(00|09)", message.text):
            messages.append(message.text)

    page = context.new_page()
    page.on("console", listen)
    page.on("pageerror", lambda error: messages.append(str(error)))
    yield page
    assert messages == []


@pytest.fixture
def signed_in(context: BrowserContext, session_cookies: Any, page: Page) -> Page:
    """The tab, signed in as the sample team's admin."""
    context.add_cookies(session_cookies)
    return page


@pytest.fixture
def job_path(house: House, signed_in: Page) -> str:
    """The path of a job that has completed: one on the sample's data, run now if no test has run it before."""
    return _path_of(house, signed_in, SAMPLE, "completed")


@pytest.fixture
def failed_path(house: House, signed_in: Page) -> str:
    """The path of a job that has failed: the sample's model refuses what its data are said to be."""
    return _path_of(house, signed_in, {**SAMPLE, **REFUSED}, "failed")


def _path_of(house: House, tab: Page, request: dict[str, object], state: str) -> str:
    """The path of the first job with this output that ended so, submitted now if there is none."""
    # Other tests have jobs of their own in the same house.
    tab.goto(f"{house.url}/jobs/?path={request['output_path']}&state={state}")
    jobs = tab.locator("#history a.strong")
    if not jobs.count():
        key = {"Authorization": f"Bearer {house.token()}"}
        tab.context.request.post(
            f"{house.url}/api/v1/jobs/", data=request, headers=key, fail_on_status_code=True
        )
        expect(jobs.first).to_be_visible(timeout=180_000)
    return str(jobs.last.get_attribute("href"))


@pytest.fixture(scope="package")
def known_paths() -> dict[str, str]:
    """The path of every page, once a test has asked for it."""
    return {}


@pytest.fixture
def every_path(
    house: House, signed_in: Page, request: pytest.FixtureRequest, known_paths: dict[str, str]
) -> dict[str, str]:
    """The path of every page by name, each of them with something on it."""
    if not known_paths:
        job_path, failed_path = request.getfixturevalue("job_path"), request.getfixturevalue("failed_path")
        known_paths.update(_make_every_page(house, signed_in, job_path, failed_path))
    return known_paths


def _make_every_page(house: House, signed_in: Page, job_path: str, failed_path: str) -> dict[str, str]:
    address, slug = f"{house.url}/api/v1/presets/", "sample-with-a-locked-type"
    context, key = signed_in.context.request, {"Authorization": f"Bearer {house.token()}"}
    if context.get(f"{address}{slug}/", headers=key).status == 404:
        preset = {"name": "Sample with a locked type", "body": SAMPLE, "rules": {"instance_type": "locked"}}
        context.post(address, data=preset, headers=key, fail_on_status_code=True)
    address, schedule = f"{house.url}/api/v1/schedules/", "every-new-year"
    if context.get(f"{address}{schedule}/", headers=key).status == 404:
        yearly = {"name": "Every new year", "preset": slug, "expression": "cron(0 0 1 1 ? *)"}
        yearly["output_path"] = f"{SAMPLE['output_path']}{{run}}/"
        context.post(address, data=yearly, headers=key, fail_on_status_code=True)
    address, deployment = f"{house.url}/api/v1/deployments/", "every-page"
    if context.get(f"{address}{deployment}/", headers=key).status == 404:
        context.post(address, data=DEPLOYMENT, headers=key, fail_on_status_code=True)
    signed_in.goto(f"{house.url}/deployments/{deployment}/")
    expect(signed_in.get_by_text("Version 1").first).to_be_visible(timeout=60_000)
    return every_page(job_path, failed_path, slug, schedule, deployment)


@pytest.fixture
def shots(request: pytest.FixtureRequest) -> Path:
    """Where a test keeps its screenshots for people to look at."""
    folder = CHECKOUT / "artifacts" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
