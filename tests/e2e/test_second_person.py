"""A second person comes by a link, scores data of their own, is told, and does it again from the command line.

They have a laptop with a model archive and a folder of data, the documents, and nothing else.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.client.commands import CommandLine
from tests.client.wheel import install_wheel
from tests.e2e.display import new_context
from tests.e2e.joining import join
from tests.notifications.receivers import HttpReceiver, MailSink
from tests.support.house import CHECKOUT, House, wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(900),
]
#: Nobody of the other stories.
NAME, PASSWORD, MAILBOX = "sofia", "sofia-has-a-pass", "sofia@example.com"
BUCKET = "sofias-data"
SAMPLE = CHECKOUT / "samples" / "breast-cancer"
EXPECTED = json.loads((SAMPLE / "expected.json").read_text())
#: A busy machine takes its time.
LONG = 180_000


@dataclass(frozen=True, slots=True)
class Laptop:
    """A person's machine: a model archive, and a folder with a folder in it."""

    home: Path

    @property
    def archive(self) -> Path:
        return self.home / "model.tar.gz"

    @property
    def patients(self) -> Path:
        return self.home / "patients"


@pytest.fixture
def laptop(tmp_path: Path) -> Laptop:
    laptop = Laptop(tmp_path / "laptop")
    (laptop.patients / "tuesday").mkdir(parents=True)
    shutil.copy(SAMPLE / "model.tar.gz", laptop.archive)
    shutil.copy(SAMPLE / "data" / "part-0.csv", laptop.patients / "monday.csv")
    shutil.copy(SAMPLE / "data" / "part-1.csv", laptop.patients / "tuesday" / "morning.csv")
    return laptop


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    server = HttpReceiver()
    yield server
    server.stop()


@pytest.fixture
def sofia(house: House, signed_in: Page, chromium: Browser) -> Iterator[Page]:
    """The second person's tab, after an admin has invited them by a link and they have set a password."""
    context = new_context(chromium, viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    join(tab, signed_in, house, NAME, PASSWORD)
    yield tab
    context.close()


def add_channel(page: Page, house: House, kind: str, address: tuple[str, str]) -> str:
    """Add a channel of one's own with the rule that the form proposes; its signing secret, if it has one."""
    page.goto(f"{house.url}/notifications/")
    page.get_by_role("region", name="Yours").get_by_role("link", name=kind, exact=True).click()
    page.get_by_label("Name").fill(f"Sofia's {kind}")
    page.get_by_label(address[0]).fill(address[1])
    page.get_by_role("button", name="Add the channel").click()
    secret = page.locator("#secret").inner_text() if kind == "Webhook" else ""
    page.get_by_role("link", name="Add a rule").click()
    page.get_by_label("Completed", exact=True).check()
    page.get_by_role("button", name="Save rule").click()
    expect(page.get_by_role("region", name="Rules")).to_contain_text("owner me")
    return secret


def upload(page: Page, house: House, laptop: Laptop) -> None:
    page.goto(f"{house.url}/data/")
    page.get_by_text("New bucket").click()
    page.get_by_label("Its name").fill(BUCKET)
    page.get_by_role("button", name="Make the bucket").click()
    region = page.get_by_role("region", name="Upload", exact=True)
    region.get_by_label("Upload files").set_input_files(laptop.archive)
    expect(region.get_by_role("listitem").filter(has_text="model.tar.gz")).to_contain_text("uploaded")
    region.get_by_label("Upload a folder").set_input_files(laptop.patients)
    expect(region.get_by_role("listitem").filter(has_text="morning.csv")).to_contain_text("uploaded")


def register(page: Page, house: House) -> None:
    """Register the uploaded archive with an image of the table, both chosen in the form."""
    page.goto(f"{house.url}/models/new/")
    page.get_by_label("Name name").fill("sofias-classifier")
    image = page.get_by_label("Framework image")
    image.select_option(label=image.locator("option", has_text="XGBoost 1.7-1").inner_text())
    page.get_by_role("button", name="Browse").first.click()
    dialog = page.get_by_role("dialog", name="Choose the model archive")
    dialog.get_by_role("button", name=BUCKET, exact=True).click()
    dialog.get_by_role("button", name="Use model.tar.gz").click()
    page.get_by_role("button", name="Register model").click()
    expect(page.get_by_text("sofias-classifier is registered.")).to_be_visible()


def run(page: Page, house: House) -> str:
    """Run the model over the folder, as the preflight proposes; the job's address once it has completed."""
    page.get_by_role("link", name="Run", exact=True).click()
    page.get_by_label("Input data").fill(f"s3://{BUCKET}/patients/")
    page.get_by_role("textbox", name="Output output_path").fill(f"s3://{BUCKET}/scores/")
    for fix in ("Set Split to Line", "Set Content type to text/csv", "Set Assemble with to Line"):
        page.get_by_role("button", name=fix).click()
    page.get_by_role("button", name="Submit job").click()
    page.wait_for_url(re.compile(r"/jobs/[a-z0-9]{12}/"))
    expect(page.locator("main").get_by_text("Completed").first).to_be_visible(timeout=LONG)
    return page.url


def make_token(page: Page, house: House) -> str:
    page.goto(f"{house.url}/team/tokens/")
    page.get_by_label("What it is for").fill("the laptop of Sofia")
    page.get_by_label("It may do what").select_option("operator")
    page.get_by_role("button", name="Make a token").click()
    return page.locator("#secret").inner_text()


def is_genuine(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Whether the documents' code for receivers accepts a message."""
    text = (CHECKOUT / "docs" / "notifications.md").read_text()
    names: dict[str, object] = {}
    exec(re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0], names)
    check = names["is_genuine"]
    assert callable(check)
    return bool(check(secret, headers, body))


def test_a_second_person_scores_data_of_their_own_in_the_browser_and_from_the_command_line(
    house: House,
    sofia: Page,
    laptop: Laptop,
    receiver: HttpReceiver,
    mail_sink: MailSink,
    tmp_path: Path,
) -> None:
    upload(sofia, house, laptop)
    secret = add_channel(sofia, house, "Webhook", ("URL", receiver.url))
    add_channel(sofia, house, "E-mail", ("Mail address", MAILBOX))
    register(sofia, house)
    job = run(sofia, house)

    def told_by_mail() -> list[str]:
        return [str(mail) for mail in mail_sink.mails if mail["To"] == MAILBOX and job in str(mail)]

    wait_until(lambda: bool(receiver.requests and told_by_mail()), 120, house.printed_text)
    message = receiver.requests[0]
    assert is_genuine(secret, message.headers, message.body)
    event = message.json
    assert (event["type"], event["data"]["submitted_by"], event["data"]["url"]) == (
        "job.completed",
        NAME,
        job,
    )

    sofia.goto(job)
    sofia.get_by_role("link", name="Read the predictions").click()
    expect(sofia.get_by_text(str(EXPECTED["part-0.csv"]["first"])).first).to_be_visible()

    program = (str(install_wheel(tmp_path / "wheel")),)
    cli = CommandLine(laptop.home, {"PYTHONPATH": ""}, program)
    token = make_token(sofia, house)
    assert cli.run("login", "--url", house.url, text=token).code == 0
    work_from_the_command_line(cli, laptop, job.rstrip("/").rpartition("/")[2])


def work_from_the_command_line(cli: CommandLine, laptop: Laptop, first_job: str) -> None:
    """The same as in the browser, and what comes after it."""
    folder = f"s3://{BUCKET}/by-command/"
    for path, target in ((laptop.archive, folder), (laptop.patients, f"{folder}patients/")):
        sent = cli.run("upload", path, target)
        assert sent.code == 0, sent.err
    archive = ("--image", "xgboost", "--model-data", f"{folder}model.tar.gz")
    registered = cli.run("models", "register", "sofias-second", *archive)
    assert registered.code == 0, registered.err
    fields = {
        "--model": "sofias-second",
        "--data": f"{folder}patients/",
        "--output-path": f"{folder}scores/",
        "--content-type": "text/csv",
        "--split-type": "Line",
        "--assemble-with": "Line",
        "--instance-type": "ml.m5.large",
    }
    options = [word for pair in fields.items() for word in pair]
    assert cli.run("preflight", *options).code == 0
    submitted = cli.run("submit", *options, "--watch", "--exit-status", "--json")
    assert (submitted.code, submitted.json["state"]) == (0, "COMPLETED"), submitted.err
    job = submitted.json["id"]
    assert cli.run("download", job, "--to", "scores").code == 0
    assert sorted(str(file.relative_to(cli.home)) for file in cli.home.rglob("*.out")) == [
        "scores/monday.csv.out",
        "scores/tuesday/morning.csv.out",
    ]
    compared = cli.run("compare", first_job, job)
    assert compared.code == 0, compared.err
    rows = sum(len(file.read_text().splitlines()) for file in laptop.patients.rglob("*.csv"))
    assert f"{first_job} and {job}: 0 of {rows} rows differ." in compared.out
    deploy(cli)


def deploy(cli: CommandLine) -> None:
    """Make a deployment of a file, promote the approved version to its stage, and run it there."""
    file = cli.home / "scores.yaml"
    file.write_text(
        "name: Sofia's scores\nconnection: engine\npackage_group: breast-cancer\n"
        "settings: {content_type: text/csv, split_type: Line, assemble_with: Line, instance_type: ml.m5.large}\n"
        f"stages: [{{name: Weekly, connection: engine, data: 's3://{BUCKET}/patients/', "
        f"output_path: 's3://{BUCKET}/weekly/{{run}}/'}}]\n"
    )
    assert cli.run("deploy", "diff", file).code == 1
    applied = cli.run("deploy", "apply", file, "--json")
    assert applied.code == 0, applied.err
    assert cli.run("deploy", "diff", file).code == 0
    slug = applied.json["slug"]
    promoted = cli.run("deploy", "promote", slug, "weekly", "--note", "The first one.", seconds=300)
    assert (promoted.code, promoted.out) == (0, "Version 1 to weekly: deployed.\n"), promoted.err
    ran = cli.run("deploy", "run", slug, "weekly", "--json", seconds=300)
    assert (ran.code, ran.json["state"]) == (0, "completed"), ran.err
