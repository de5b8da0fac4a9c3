"""A reader follows a running job's log, scrolls up, goes on, searches, opens a line and reads to the end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.display import THEMES, set_display
from tests.e2e.signing import follow
from tests.engine.transforms import MODEL_SERVERS, archive
from tests.support.house import CHECKOUT, House, wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("own-houses"),
    pytest.mark.timeout(600),
]
ERROR = "ValueError: could not read column 7"


@pytest.fixture
def talking(tmp_path: Path) -> Iterator[House]:
    """A house whose engine has the model server of the engine's tests, which prints what it is told to."""
    house = House(CHECKOUT, tmp_path / "data", ENGINE_EXTRA_RUNTIMES=str(MODEL_SERVERS)).start("--no-sample")
    yield house
    house.stop()
    house.kill()


def client(house: House, service: str) -> Any:
    keys = json.loads((house.data_dir / "engine" / "credentials.json").read_text())
    connect: Any = boto3.client
    return connect(
        service, endpoint_url=house.engine_url, region_name="us-east-1",
        aws_access_key_id=keys["access_key_id"], aws_secret_access_key=keys["secret_access_key"],
    )  # fmt: skip


def start_job(house: House) -> None:
    """A job that prints forty lines for each of its objects, one after the other, for about half a minute."""
    s3, sagemaker = client(house, "s3"), client(house, "sagemaker")
    s3.create_bucket(Bucket="talk")
    s3.put_object(Bucket="talk", Key="model.tar.gz", Body=archive({"model": b"1"}))
    for number in range(60):
        body = f"count 40\n{f'print {json.dumps(ERROR)}' if number == 2 else 'x'}"
        s3.put_object(Bucket="talk", Key=f"in/{number:03}", Body=body.encode())
    image = {"Image": "obedient", "ModelDataUrl": "s3://talk/model.tar.gz", "Environment": {"DELAY": "1"}}
    role = "arn:aws:iam::123456789012:role/SageMaker"
    sagemaker.create_model(ModelName="talk", Containers=[image], ExecutionRoleArn=role)
    source = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://talk/in/"}}}
    sagemaker.create_transform_job(
        TransformJobName="talking", ModelName="talk", TransformInput={**source, "SplitType": "Line"},
        TransformOutput={"S3OutputPath": "s3://talk/out"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )  # fmt: skip


def line_count(house: House) -> int:
    """How many lines the engine has of the job's containers."""
    logs = client(house, "logs")
    group = "/aws/sagemaker/TransformJobs"
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    return sum(
        len(logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"])
        for stream in streams
    )


def ids(page: Page) -> list[str]:
    return list(page.eval_on_selector_all("#log-lines > li", "lines => lines.map(line => line.dataset.id)"))


def test_a_reader_follows_searches_and_opens_a_line(
    talking: House, context: BrowserContext, page: Page, shots: Path
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    start_job(talking)
    follow(page, talking.link)
    deadline = time.monotonic() + 90
    while not page.get_by_role("link", name="talking").count() and time.monotonic() < deadline:
        page.goto(f"{talking.url}/jobs/")
    page.get_by_role("link", name="talking").first.click()
    page.get_by_role("link", name="Logs", exact=True).click()
    page.locator("#streams a", has_text="container").click()

    switch = page.get_by_role("button", name="Follow", exact=True)
    expect(switch).to_have_attribute("aria-pressed", "true")
    before = ids(page)
    expect(page.locator("#log-lines > li").nth(len(before) + 20)).to_be_attached(timeout=60_000)
    after = ids(page)
    assert after[: len(before)] == before
    assert len(set(after)) == len(after)

    page.hover("#log-lines")
    page.mouse.wheel(0, -500)
    expect(switch).to_have_attribute("aria-pressed", "false")
    top = page.eval_on_selector("#log-lines", "list => list.scrollTop")
    written = line_count(talking)
    wait_until(lambda: line_count(talking) >= written + 40, 60, lambda: f"{line_count(talking)} lines")
    assert page.eval_on_selector("#log-lines", "list => list.scrollTop") == top
    page.get_by_role("button", name="Follow is paused: go on").click()
    expect(page.get_by_text("The job has ended: no line will follow.").first).to_be_visible(timeout=120_000)
    whole = ids(page)
    assert len(set(whole)) == len(whole)
    texts = page.eval_on_selector_all("#log-lines .tx", "lines => lines.map(line => line.textContent)")
    # A page that was opened late begins further on.
    numbers = [int(text.removeprefix("line ")) for text in texts if text.startswith("line ")]
    assert numbers == [(numbers[0] - 1 + index) % 40 + 1 for index in range(len(numbers))]
    assert numbers[-1] == 40

    page.get_by_role("link", name="First error").click()
    expect(page.locator("#here")).to_contain_text(ERROR)
    expect(page.locator("#here")).to_be_in_viewport()
    page.locator("#here .ts").focus()
    page.get_by_role("button", name="Copy link").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    page.goto(f"{talking.url}/jobs/")
    page.goto(copied)
    expect(page.locator("#here")).to_contain_text(ERROR)

    page.get_by_label("Search the whole log").fill("column 7")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#log-lines mark")).to_have_text("column 7")
    for width in (390, 1280):
        for theme in THEMES:
            set_display(page, width, theme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.screenshot(path=shots / f"logs-{width}-{theme}.png")
