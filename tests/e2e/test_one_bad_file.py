"""One bad file among fifty, in a real browser: the job fails, and two clicks make its output whole."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.display import THEMES, WIDTHS, set_display
from tests.support.house import CHECKOUT, House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(600),
]

BUCKET = "one-bad-file"
DATA = CHECKOUT / "samples" / "breast-cancer" / "data" / "part-0.csv"
ROWS = DATA.read_bytes().splitlines(keepends=True)
FILES = {f"part-{number:02}.csv": ROWS[number : number + 2 + number % 3] for number in range(50)}
BAD = "part-37.csv"
SPARSE_ROWS = b"1 0:17.99 1:10.38\n0 0:20.57 1:17.77\n"


def upload(s3: Any) -> None:
    """Fifty files, one of which has a word where the model wants a number."""
    s3.create_bucket(Bucket=BUCKET)
    for name, rows in FILES.items():
        body = b"".join(rows)
        if name == BAD:
            body = b"n/a" + body[body.index(b",") :]
        s3.put_object(Bucket=BUCKET, Key=f"in/{name}", Body=body)


def outputs(s3: Any) -> dict[str, tuple[str, int]]:
    """Each output's time of writing and number of rows, by the input's name."""
    outputs = {}
    for row in s3.list_objects_v2(Bucket=BUCKET, Prefix="out/").get("Contents", []):
        if row["Key"].endswith(".out"):
            body = s3.get_object(Bucket=BUCKET, Key=row["Key"])["Body"].read()
            name = row["Key"].removeprefix("out/").removesuffix(".out")
            outputs[name] = (row["LastModified"].isoformat(), len(body.splitlines()))
    return outputs


def submit(page: Page, house: House, bucket: str, content_type: str = "text/csv") -> None:
    """Fill in the form as a person would, for what lies in the bucket."""
    page.goto(f"{house.url}/jobs/new/")
    page.locator("#id_model").select_option(index=1)
    page.locator("#id_data").fill(f"s3://{bucket}/in/")
    page.locator("#id_output_path").fill(f"s3://{bucket}/out/")
    page.locator("#id_instance_type").fill("ml.m5.large")
    for fold in page.locator("details.fold > summary").all()[:2]:
        fold.click()
    page.locator("#id_content_type").fill(content_type)
    page.locator("#id_split_type").select_option("Line")
    page.locator("#id_assemble_with").select_option("Line")
    page.get_by_role("button", name="Submit job").click()


def look(page: Page, shots: Path, name: str) -> None:
    """Screenshots for people to look at: a phone and a desk, by day and by night."""
    for width in WIDTHS:
        for theme in THEMES:
            set_display(page, width, theme)
            page.screenshot(path=shots / f"bad-file-{name}-{width}-{theme}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_file_whose_rows_are_not_those_of_its_output_is_named(
    house: House, signed_in: Page, shots: Path
) -> None:
    s3, page = house.client("s3"), signed_in
    s3.create_bucket(Bucket="sparse")
    s3.put_object(Bucket="sparse", Key="in/good.libsvm", Body=SPARSE_ROWS)
    # Rows at the end that have no value are records to the service, and XGBoost drops them.
    s3.put_object(Bucket="sparse", Key="in/short.libsvm", Body=SPARSE_ROWS + b"0\n0\n")
    submit(page, house, "sparse", content_type="text/libsvm")
    warning = "Completed with warnings: 1 row count differs."
    expect(page.get_by_text(warning)).to_be_visible(timeout=180_000)
    expect(page.get_by_text("1 row count differs: short.libsvm (4 in, 2 out).")).to_be_visible()
    look(page, shots, "rows-differ")
    page.get_by_role("link", name="1 with a different number of rows").click()
    expect(page.locator("table.tbl tbody tr")).to_have_count(1)
    page.get_by_role("row", name=re.compile("short.libsvm")).get_by_role("link").first.click()
    expect(page.get_by_text("4 in, 2 out")).to_be_visible()
    expect(page.get_by_text("The input has 4 rows, the output 2 rows.")).to_be_visible()
    look(page, shots, "rows-differ-outputs")


def test_a_person_takes_the_job_to_a_complete_output_with_two_clicks(
    house: House, signed_in: Page, shots: Path
) -> None:
    s3, page = house.client("s3"), signed_in
    upload(s3)
    submit(page, house, BUCKET)
    failed = page.url

    # Which file, and why, stands on the page by itself.
    expect(page.get_by_text("Failed", exact=True).first).to_be_visible(timeout=180_000)
    expect(page.get_by_text("49 of 50 objects are written")).to_be_visible()
    errors = page.locator("#errors")
    expect(errors).to_contain_text(BAD)
    expect(errors).to_contain_text("could not convert string to float: 'n/a'")
    look(page, shots, "failed")
    page.get_by_role("link", name="1 without an output").click()
    expect(page.locator("table.tbl tbody tr")).to_contain_text("Failed")
    expect(page.locator("table.tbl tbody tr")).to_contain_text(BAD)
    written = outputs(s3)
    assert set(written) == set(FILES) - {BAD}

    # The person mends the file where it lies. First click: the job, among the others. Second click: finish it.
    s3.put_object(Bucket=BUCKET, Key=f"in/{BAD}", Body=b"".join(FILES[BAD]))
    page.goto(house.url)
    page.locator(f'a[href="{failed.removeprefix(house.url)}"]').first.click()
    page.get_by_role("button", name="Finish 1 missing").click()
    assert page.url == failed
    look(page, shots, "finishing")

    expect(page.get_by_text("All 50 outputs are written, over 2 attempts.")).to_be_visible(timeout=180_000)
    expect(page.get_by_text("50 of 50 outputs written over 2 attempts")).to_be_visible()
    expect(page.locator(".head").get_by_text("Completed", exact=True)).to_be_visible()
    expect(page.get_by_text("Rows compared in 50 files: none differs.")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name=re.compile("Finish"))).to_have_count(0)
    look(page, shots, "finished")
    whole = outputs(s3)
    assert {name: rows for name, (_, rows) in whole.items()} == {
        name: len(rows) for name, rows in FILES.items()
    }
    # Only the one that was missing was written.
    assert {name: whole[name] for name in written} == written
