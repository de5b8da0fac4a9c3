"""The new-job page in a real browser: choosing in S3, fields and JSON that follow each other, no mouse at all."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import NEW_SAMPLE_JOB
from tests.e2e.looking import violations
from tests.support.house import House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(600),
]

BUCKET = "new-job-stories"
#: Of the field to search a model in; the selects of the form have options too.
OPTIONS = ".combobox [role=option]"
WIDTHS = pytest.mark.parametrize("width", [390, 1280])


@pytest.fixture
def form(house: House, signed_in: Page) -> Page:
    """The form with the sample's model chosen; a bucket whose folders begin alike."""
    s3 = house.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for key in ("data/part/a.csv", "data/part/b.csv", "data/part-old/a.csv"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"1,2\n3,4\n")
    signed_in.goto(house.url + NEW_SAMPLE_JOB)
    expect(signed_in.locator("#preflight")).to_contain_text("Reads")
    return signed_in


def request_of(page: Page) -> dict[str, Any]:
    request_body: dict[str, Any] = json.loads(page.locator("#request-json").input_value())
    return request_body


def holding(text: str) -> re.Pattern[str]:
    """A pattern for a value with this text in it."""
    return re.compile(re.escape(text))


@WIDTHS
def test_an_input_is_browsed_to_looked_into_and_chosen(form: Page, width: int) -> None:
    page = form
    page.set_viewport_size({"width": width, "height": 900})
    page.locator("#id_data").fill("")
    page.get_by_role("button", name="Browse for the input").click()
    dialog = page.get_by_role("dialog", name="Choose the input")
    dialog.get_by_role("button", name=BUCKET, exact=True).click()
    dialog.get_by_role("button", name="data/", exact=True).click()
    dialog.get_by_role("button", name="part/", exact=True).click()
    expect(dialog).to_contain_text("2 objects, 16 B would be read.")
    dialog.get_by_role("button", name="Peek into a.csv").click()
    expect(dialog.locator("table.data")).to_contain_text("3")
    # What was pressed is gone with the list that it was in; the focus is not.
    expect(page.locator("#browse-list")).to_be_focused()
    dialog.get_by_role("button", name="Back to the list").click()
    dialog.get_by_role("button", name="Use this prefix").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#id_data")).to_have_value(f"s3://{BUCKET}/data/part/")
    expect(page.locator("#id_data")).to_be_focused()
    expect(page.locator("#request-json")).to_have_value(holding(f"s3://{BUCKET}/data/part/"))


@WIDTHS
def test_a_sibling_that_would_be_read_too_is_shown_and_left_out_by_one_press(form: Page, width: int) -> None:
    page = form
    page.set_viewport_size({"width": width, "height": 900})
    page.locator("#id_data").fill(f"s3://{BUCKET}/data/part")
    expect(page.locator("#data-matches")).to_contain_text("also matches")
    page.get_by_role("button", name="Browse for the input").click()
    dialog = page.get_by_role("dialog", name="Choose the input")
    expect(dialog.locator("tr.also")).to_contain_text("part-old/")
    dialog.get_by_role("button", name="End the prefix with").click()
    expect(page.locator("#id_data")).to_have_value(f"s3://{BUCKET}/data/part/")
    expect(page.locator("#data-matches")).to_be_empty()


@WIDTHS
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_open_dialog_and_the_open_list_have_no_violation(form: Page, width: int, theme: str) -> None:
    page = form
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.locator("#id_data").fill(f"s3://{BUCKET}/data/part")
    page.get_by_role("button", name="Browse for the input").click()
    expect(page.get_by_role("dialog")).to_contain_text("also matches")
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("combobox", name="Model").click()
    expect(page.locator(OPTIONS).first).to_be_visible()
    assert violations(page) == []


@WIDTHS
def test_fields_and_json_follow_each_other(form: Page, width: int) -> None:
    page = form
    page.set_viewport_size({"width": width, "height": 900})
    page.locator("#id_instance_count").fill("2")
    expect(page.locator("#request-json")).to_have_value(holding('"InstanceCount": 2'))
    request_body = request_of(page)
    request_body["TransformResources"]["InstanceCount"] = 3
    request_body["ExperimentConfig"] = {"ExperimentName": "spring"}
    page.locator("#request-json").fill(json.dumps(request_body))
    expect(page.locator("#id_instance_count")).to_have_value("3")
    expect(page.locator("#id_experiment_config")).to_have_value("ExperimentName=spring")
    # What is typed stays as it is typed.
    expect(page.locator("#request-json")).to_have_value(json.dumps(request_body))
    page.locator("#request-json").fill('{\n  "TransformResources": {"InstanceCount": 300}\n}')
    says = page.locator("#json-says")
    expect(says).to_contain_text(
        "TransformResources.InstanceCount (line 2, column 43): It must be from 1 to 100."
    )
    expect(page.locator("#id_instance_count")).to_have_value("3")
    page.get_by_role("button", name="Discard the edit").click()
    expect(page.locator("#request-json")).to_have_value(holding('"InstanceCount": 3'))
    assert request_of(page) == request_body


@WIDTHS
def test_a_job_is_submitted_by_the_keyboard_alone(house: House, form: Page, width: int) -> None:
    page, keys = form, form.keyboard
    page.set_viewport_size({"width": width, "height": 900})
    page.get_by_role("combobox", name="Model").focus()
    keys.type("breast")
    expect(page.locator(OPTIONS)).to_have_count(1)
    keys.press("Enter")
    expect(page.get_by_role("combobox", name="Model")).to_have_value("breast-cancer-xgb · Embedded engine")
    page.locator("#id_data").focus()
    keys.press("Tab")
    expect(page.get_by_role("button", name="Browse for the input")).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_role("dialog", name="Choose the input")).to_contain_text("would be read")
    keys.press("Escape")
    expect(page.get_by_role("button", name="Browse for the input")).to_be_focused()
    submit = page.get_by_role("button", name="Submit job")
    expect(submit).to_be_enabled()
    for _ in range(60):
        keys.press("Tab")
        if submit.evaluate("node => node === document.activeElement"):
            break
    keys.press("Enter")
    expect(page.get_by_role("heading", name="breast-cancer-xgb")).to_be_visible()


@WIDTHS
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_filters_and_the_join_are_tried_on_the_first_records(
    form: Page, shots: Path, width: int, theme: str
) -> None:
    page = form
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.locator("summary", has_text="Join and filter").click()
    page.locator("#id_input_filter").fill("$[1:]")
    page.locator("#id_output_filter").fill("$[0,-1]")
    page.locator("#id_join_source").select_option("Input")
    says = page.locator("#trial-says[role=status]")
    expect(says).to_have_text("The model is sent 29 of 30 columns. The others are struck out.")
    expect(page.locator(".tried-columns s")).to_have_count(1)
    first = page.locator(".tried tbody").first.locator("td")
    read, sent, written = first.all_inner_texts()
    assert (sent, written) == (read.partition(",")[2], f"{read.partition(',')[0]},[prediction]")
    expect(page.locator("#id_output_filter")).to_be_focused()
    assert violations(page) == []
    page.locator(".trial").screenshot(path=shots / f"trial-{width}-{theme}.png", caret="initial")
    page.locator("#id_input_filter").fill("$[100]")
    expect(says).to_have_text("Record 1 of the first object fails: $[100] finds nothing: there is no [100].")
    expect(page.locator(".tried-columns th")).to_have_count(30)
    expect(page.locator(".tried")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@WIDTHS
def test_what_preflight_found_leads_to_its_field_clear_of_the_bars(form: Page, width: int) -> None:
    page = form
    page.set_viewport_size({"width": width, "height": 900})
    page.locator("summary", has_text="Limits and retries").click()
    page.locator("#id_max_payload").fill("200")
    page.locator("summary", has_text="Limits and retries").click()
    page.locator("#preflight").get_by_role("link", name="Largest call in MB").click()
    expect(page.locator("#id_max_payload")).to_be_focused()
    expect(page.locator("#id_max_payload")).to_be_in_viewport(ratio=1)
    uncovered = """node => {
        const box = node.getBoundingClientRect();
        return document.elementFromPoint(box.x + 5, box.y + box.height / 2) === node;
    }"""
    page.wait_for_function(uncovered, arg=page.locator("#id_max_payload").element_handle())


def test_enter_in_a_field_checks_the_form_and_opens_nothing(form: Page) -> None:
    form.locator("#id_name").press("Enter")
    expect(form.locator("#preflight")).to_contain_text("Reads")
    expect(form.get_by_role("heading", name="New job")).to_be_visible()
    expect(form.get_by_role("dialog")).to_have_count(0)


def test_the_form_says_beside_each_field_what_is_wrong_and_keeps_what_was_typed(
    house: House, signed_in: Page
) -> None:
    signed_in.goto(f"{house.url}/jobs/new/")
    signed_in.get_by_label("Input data", exact=True).fill("not-an-address")
    signed_in.locator("[name=output_path]").fill("s3://batchdeck-samples/never/")
    signed_in.get_by_text("Limits and retries").click()
    signed_in.get_by_label(re.compile("Calls at once")).fill("0")
    signed_in.get_by_label(re.compile("Largest call")).fill("400")
    signed_in.get_by_role("button", name="Check").click()
    expect(signed_in.get_by_role("alert")).to_contain_text("2 things must be changed")
    expect(signed_in.get_by_label("Input data", exact=True)).to_have_value("not-an-address")
    expect(signed_in.locator("#id_data-error-1")).to_contain_text("S3 URI")
    expect(signed_in.locator("#id_max_payload-error-1")).to_contain_text("from 0 to 100")
