"""A person uploads a folder and a large file, loses the connection in between, and uses the folder as input."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.support.house import House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(600),
]
BUCKET = "data-story"
#: Two parts and a bit.
LARGE = 33 * 1024 * 1024


def test_files_are_uploaded_through_a_lost_connection_and_used(
    house: House, signed_in: Page, tmp_path: Path
) -> None:
    page = signed_in
    large = tmp_path / "large.bin"
    large.write_bytes(os.urandom(LARGE))
    folder = tmp_path / "scores"
    (folder / "deeper").mkdir(parents=True)
    for name in ("a.csv", "empty.csv", "deeper/b.csv"):
        (folder / name).write_text("" if name == "empty.csv" else "1,2\n")

    page.goto(f"{house.url}/data/")
    page.get_by_text("New bucket").click()
    page.get_by_label("Its name").fill(BUCKET)
    page.get_by_role("button", name="Make the bucket").click()
    upload = page.get_by_role("region", name="Upload", exact=True)

    # The page is left with a part of the file sent; the same file, chosen again, goes on.
    page.route("**/parts/3/", lambda route: None)
    with page.expect_response("**/parts/1/"), page.expect_response("**/parts/2/"):
        upload.get_by_label("Upload files").set_input_files(large)
    row = upload.get_by_role("listitem").filter(has_text="large.bin")
    expect(row).to_contain_text("32.0 MB of 33.0 MB", timeout=60_000)
    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()
    # Before the reload it would let the request go on.
    page.unroute("**/parts/3/")
    expect(page.get_by_role("region", name="Your unfinished uploads")).to_contain_text(
        f"s3://{BUCKET}/large.bin"
    )
    parts: list[str] = []
    page.on("request", lambda request: parts.append(request.url) if "/parts/" in request.url else None)
    upload.get_by_label("Upload files").set_input_files(large)
    expect(row).to_contain_text("uploaded, 33.0 MB", timeout=60_000)
    assert {url.rsplit("/", 2)[1] for url in parts} == {"3"}

    upload.get_by_label("Upload a folder").set_input_files(folder)
    expect(upload.get_by_role("status")).to_contain_text("4 of 4 files", timeout=60_000)
    upload.get_by_label("Upload files").set_input_files(large)
    question = page.get_by_role("dialog", name="Replace 1 object?")
    expect(question).to_contain_text(f"s3://{BUCKET}/large.bin, 33.0 MB")
    question.get_by_role("button", name="Keep what is there").click()
    expect(upload.get_by_role("listitem").last).to_contain_text("not replaced")

    page.get_by_role("link", name="scores/", exact=True).click()
    expect(page.get_by_text("3 objects, 8 B")).to_be_visible()
    page.get_by_role("link", name="Use as input", exact=True).click()
    expect(page.get_by_label("Input data")).to_have_value(f"s3://{BUCKET}/scores/")


def test_parquet_is_converted_from_the_form_and_becomes_its_input(house: House, signed_in: Page) -> None:
    page, bucket = signed_in, "parquet-story"
    body = io.BytesIO()
    pq.write_table(pa.table({"age": range(5)}), body)
    page.goto(f"{house.url}/data/")
    page.get_by_text("New bucket").click()
    page.get_by_label("Its name").fill(bucket)
    page.get_by_role("button", name="Make the bucket").click()
    upload = page.get_by_role("region", name="Upload", exact=True)
    file = FilePayload(name="people.parquet", mimeType="application/octet-stream", buffer=body.getvalue())
    upload.get_by_label("Upload files").set_input_files(file)
    expect(upload.get_by_role("status")).to_contain_text("1 of 1 file", timeout=60_000)

    page.goto(f"{house.url}/jobs/new/?data=s3://{bucket}/people.parquet")
    preflight = page.get_by_role("complementary", name="Preflight")
    expect(preflight).to_contain_text("batch transform cannot split", timeout=60_000)
    preflight.get_by_role("link", name="Convert", exact=True).click()
    dialog = page.get_by_role("dialog", name="Convert Parquet")
    dialog.get_by_role("link", name="JSON Lines").click()
    expect(dialog.get_by_label("Writes to")).to_have_value(f"s3://{bucket}/people.jsonl")
    dialog.get_by_role("button", name="Convert").click()
    expect(page.get_by_label("Input data")).to_have_value(f"s3://{bucket}/people.jsonl", timeout=60_000)
    expect(page.get_by_label("Content type")).to_have_value("application/jsonlines")
    expect(preflight).not_to_contain_text("cannot split", timeout=60_000)


def drop(page: Page, *paths: Path) -> None:
    """Drop files and folders on the middle of the page, as from a file manager."""
    size = page.viewport_size
    assert size
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        place = {"x": size["width"] / 2, "y": size["height"] / 2}
        session.send("Input.dispatchDragEvent", {"type": kind, **place, "data": data})
    session.detach()


def test_folders_are_dropped_with_all_that_is_below_and_odd_names(
    house: House, signed_in: Page, tmp_path: Path
) -> None:
    page, bucket = signed_in, "drop-story"
    folder = tmp_path / "día & co"
    names = ["a.csv", "100% #1?.csv", 'quote\'s "two".csv', "ü/e f.csv", "ü/deep/er/c=d+e.csv", "<b>.csv"]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("1,2\n")
    for number in range(250):
        (folder / "many").mkdir(exist_ok=True)
        (folder / "many" / f"{number:03}.csv").write_text("1\n")
    for name in (".DS_Store", "ü/Thumbs.db", "ü/._a.csv"):
        (folder / name).write_text("x")
    (tmp_path / "nothing" / "in it").mkdir(parents=True)
    (tmp_path / "single.csv").write_text("1\n")

    page.goto(f"{house.url}/data/")
    page.get_by_text("New bucket").click()
    page.get_by_label("Its name").fill(bucket)
    page.get_by_role("button", name="Make the bucket").click()
    upload = page.get_by_role("region", name="Upload", exact=True)
    expect(upload).to_be_visible()
    drop(page, folder, tmp_path / "nothing", tmp_path / "single.csv")
    says = upload.get_by_role("status")
    expect(says).to_contain_text(f"{len(names) + 251} of {len(names) + 251} files", timeout=120_000)
    expect(says).to_contain_text("3 files of the system, such as .DS_Store, left out")
    expect(says).to_contain_text("without any file: nothing")
    expect(says).not_to_contain_text("failed")
    expect(page.get_by_role("link", name="single.csv", exact=True)).to_be_visible()
    keys = {f"día & co/{name}" for name in names} | {"single.csv"}
    keys |= {f"día & co/many/{number:03}.csv" for number in range(250)}
    pages = house.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
    assert {row["Key"] for listed in pages for row in listed["Contents"]} == keys
    upload.get_by_role("button", name="Clear the list").click()
    expect(says).to_have_count(0)
