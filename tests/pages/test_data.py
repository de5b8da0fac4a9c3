"""The Data page without scripts: looking, new folders, deletes that ask, hostile names."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.utils import timezone

from jobs.models import Connection, Upload
from teams.models import Activity
from tests.cast import House
from tests.support.engine import EngineProcess
from tests.support.html import Page

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)<b>.html"


@pytest.fixture
def bucket(real: House, engine: EngineProcess) -> str:
    name = f"data-{uuid4().hex[:12]}"
    engine.client("s3").create_bucket(Bucket=name)
    for key in ("in/a.csv", "in/b.csv", "in/deeper/c.csv", f"in/{SCRIPT}"):
        engine.client("s3").put_object(Bucket=name, Key=key, Body=b"<b>1</b>,2\n")
    return name


def keys(engine: EngineProcess, bucket: str) -> list[str]:
    return [row["Key"] for row in engine.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]


def look(house: House, path: str, **words: str) -> Any:
    return house.page("bob").get("/data/engine/", {"path": path, **words})


def rows(answer: Any) -> list[str]:
    return [row.get("data-row") for row in Page(answer).all("tr") if row.get("data-row")]


def test_the_page_leads_from_the_buckets_down_and_back(real: House, bucket: str) -> None:
    first = real.page("bob").get("/data/", follow=True)
    assert f"s3://{bucket}/" in rows(first)
    inside = look(real, f"s3://{bucket}/in/")
    assert rows(inside) == [
        f"s3://{bucket}/in/deeper/",
        *(f"s3://{bucket}/in/{name}" for name in (SCRIPT, "a.csv", "b.csv")),
    ]
    hrefs = {node.get("href") for node in Page(inside).all("a")}
    assert f"/data/engine/?path={quote(f's3://{bucket}/', safe='')}" in hrefs
    assert f"/jobs/new/?data={quote(f's3://{bucket}/in/a.csv', safe='')}" in hrefs
    summed = look(real, f"s3://{bucket}/in/", part="sum")
    assert "4 objects, 44 B" in " ".join(summed.content.decode().split())


def test_find_narrows_a_folder_and_says_so_when_nothing_fits(real: House, bucket: str) -> None:
    assert rows(look(real, f"s3://{bucket}/in/", find="b")) == [f"s3://{bucket}/in/b.csv"]
    assert "begins with “zzz”" in look(real, f"s3://{bucket}/in/", find="zzz").content.decode()


def test_a_folder_of_thousands_is_shown_a_page_at_a_time(
    real: House, engine: EngineProcess, bucket: str
) -> None:
    for number in range(201):
        engine.client("s3").put_object(Bucket=bucket, Key=f"many/{number:05}", Body=b"")
    page = look(real, f"s3://{bucket}/many/")
    (following,) = [node.get("href") for node in Page(page).all("a") if "after=" in node.get("href")]
    assert len(rows(page)) == 200
    assert rows(real.page("bob").get(following)) == [f"s3://{bucket}/many/00200"]


def test_use_as_input_fills_the_form(real: House) -> None:
    form = Page(real.page("bob").get("/jobs/new/?data=s3%3A//bucket/in/"))
    assert form.by_id("id_data").get("value") == "s3://bucket/in/"


def test_hostile_content_and_names_are_text_and_downloads(real: House, bucket: str) -> None:
    uri = f"s3://{bucket}/in/{SCRIPT}"
    peeked = look(real, f"s3://{bucket}/in/", peek=uri)
    assert b"<script>alert" not in peeked.content
    assert b"&lt;b&gt;1&lt;/b&gt;" in peeked.content
    got = real.page("bob").get("/data/engine/download/", {"path": uri})
    assert got["Content-Type"] == "application/octet-stream"
    assert got["Content-Disposition"].startswith("attachment")
    assert got["X-Content-Type-Options"] == "nosniff"
    assert b"".join(got.streaming_content) == b"<b>1</b>,2\n"
    assert real.page("bob").get("/data/engine/download/", {"path": f"s3://{bucket}/none"}).status_code == 404


@pytest.mark.parametrize("path", ["nonsense", "s3:///x", "s3://no-such-bucket-here/", "s3://b\u0000/"])
def test_a_wrong_address_gets_a_sentence(real: House, path: str) -> None:
    assert look(real, path).status_code in (200, 400)


def test_folders_and_buckets_are_made(real: House, engine: EngineProcess, bucket: str) -> None:
    client, name = real.page("bob"), f"made-{uuid4().hex[:8]}"
    answer = client.post("/data/engine/folder/", {"path": f"s3://{bucket}/in/", "name": "new one"})
    assert answer["Location"] == f"/data/engine/?path={quote(f's3://{bucket}/in/new one/', safe='')}".replace(
        "%20", "+"
    )
    assert "in/new one/" in keys(engine, bucket)
    refused = client.post("/data/engine/folder/", {"path": f"s3://{bucket}/in/", "name": ".."}, follow=True)
    assert "leads elsewhere" in refused.content.decode()
    assert client.post("/data/engine/bucket/", {"name": name}).status_code == 302
    assert keys(engine, name) == []
    again = client.post("/data/engine/bucket/", {"name": name}, follow=True)
    assert f"There is a bucket {name} already." in again.content.decode()


def test_a_delete_names_what_is_lost_and_spares_what_came_later(
    real: House, engine: EngineProcess, bucket: str
) -> None:
    client, path = real.page("bob"), f"s3://{bucket}/in/"
    question = client.get("/data/engine/delete/", {"path": path})
    text = Page(question).text
    assert (f"Delete {path}?" in text, "4" in text, "44 B" in text) == (True, True, True)
    fields = {node.get("name"): node.get("value") for node in Page(question).all("input")}
    engine.client("s3").put_object(Bucket=bucket, Key="in/later", Body=b"x")
    done = client.post("/data/engine/delete/", fields, follow=True)
    assert "4 objects (44 B) are deleted" in done.content.decode()
    assert keys(engine, bucket) == ["in/later"]
    act = Activity.objects.get(verb="objects.deleted")
    assert (act.user, act.detail) == (real.people["bob"], {"objects": 4, "bytes": 44})
    # A second press of the same form.
    assert client.post("/data/engine/delete/", fields, follow=True).status_code == 200
    assert keys(engine, bucket) == ["in/later"]


def test_a_delete_without_the_question_is_refused(real: House, engine: EngineProcess, bucket: str) -> None:
    answer = real.page("bob").post("/data/engine/delete/", {"path": f"s3://{bucket}/in/"}, follow=True)
    assert "Open the question again" in answer.content.decode()
    assert len(keys(engine, bucket)) == 4


def test_an_aws_connection_shows_no_delete_before_it_is_allowed(real: House, bucket: str) -> None:
    assert "Delete" in look(real, f"s3://{bucket}/in/").content.decode()
    Connection.objects.update(kind="aws", endpoint_url="")
    refused = real.page("bob").get("/data/engine/delete/", {"path": f"s3://{bucket}/in/"})
    assert refused.status_code == 302


def test_unfinished_uploads_are_shown_to_their_person_alone(real: House, bucket: str) -> None:
    upload_id = "an id that the engine does not know"
    upload = Upload.objects.create(
        team=real.team,
        connection=real.connection,
        user=real.people["bob"],
        bucket=bucket,
        object_key="big.bin",
        size=100,
        part_size=10,
        upload_id=upload_id,
        used_at=timezone.now(),
    )
    path = f"/data/engine/uploads/{upload.key}/cancel/"
    assert path in Page(look(real, f"s3://{bucket}/")).posts_to()
    alice = real.page("alice")
    assert path not in Page(alice.get("/data/engine/", {"path": f"s3://{bucket}/"})).posts_to()
    assert alice.post(path).status_code == 404
    assert real.page("bob").post(path).status_code == 302
    assert not Upload.objects.exists()
