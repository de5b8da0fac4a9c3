"""Uploads and deletes through the API on a real engine: what a script does, and what goes wrong in between."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from django.test import Client
from django.utils import timezone

from jobs.models import Connection, Upload
from jobs.tasks import abort_old_uploads
from teams.models import Activity, Membership
from tests.cast import House, make_house
from tests.support.engine import EngineProcess

pytestmark = pytest.mark.django_db

PART = 5 * 1024 * 1024
BODY = bytes(range(256)) * (2 * PART // 256) + b"the rest"
API = "/api/v1/connections/engine"


@pytest.fixture
def bucket(real: House, engine: EngineProcess, settings: Any) -> str:
    settings.UPLOAD_PART_SIZE = PART
    name = f"upload-{uuid4().hex[:12]}"
    engine.client("s3").create_bucket(Bucket=name)
    return name


def put(client: Client, uri: str, body: bytes, query: str = "") -> Any:
    return client.put(f"{API}/objects/?path={quote(uri, safe='')}{query}", body, "application/octet-stream")


def begin(client: Client, uri: str, size: int = len(BODY), **fields: Any) -> Any:
    return client.post(f"{API}/uploads/", {"path": uri, "size": size, **fields}, "application/json")


def put_part(client: Client, upload: Any, number: int, body: bytes | None = None) -> Any:
    whole = BODY[(number - 1) * upload["part_size"] : number * upload["part_size"]]
    path = f"{API}/uploads/{upload['id']}/parts/{number}/"
    return client.put(path, whole if body is None else body, "application/octet-stream")


def complete(client: Client, upload: Any, query: str = "") -> Any:
    return client.post(f"{API}/uploads/{upload['id']}/complete/{query}")


def read(engine: EngineProcess, bucket: str, key: str) -> bytes | None:
    try:
        return bytes(engine.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError:
        return None


def test_small_and_empty_files_are_put_whole(real: House, engine: EngineProcess, bucket: str) -> None:
    client = real.api("bob")
    for name, body in {"a.csv": b"1,2\n", "empty": b"", "Müller 文.csv": b"x"}.items():
        answer = put(client, f"s3://{bucket}/in/{name}", body)
        assert (answer.status_code, answer.json()) == (201, {"uri": f"s3://{bucket}/in/{name}"})
        assert read(engine, bucket, f"in/{name}") == body
    got = client.get(f"{API}/objects/?path=s3://{bucket}/in/a.csv")
    assert b"".join(got.streaming_content) == b"1,2\n"
    assert got["Content-Disposition"] == 'attachment; filename="a.csv"'
    assert got["X-Content-Type-Options"] == "nosniff"
    assert Activity.objects.filter(verb="object.uploaded", user=real.people["bob"]).count() == 3


def test_what_is_there_is_replaced_only_on_request(real: House, engine: EngineProcess, bucket: str) -> None:
    client, uri = real.api("bob"), f"s3://{bucket}/a.csv"
    put(client, uri, b"first")
    for refused in (put(client, uri, b"second"), begin(client, uri)):
        error = refused.json()["error"]
        assert (refused.status_code, error["code"], error["size"]) == (409, "object_exists", 5)
        assert error["modified"]
    assert read(engine, bucket, "a.csv") == b"first"
    assert put(client, uri, b"second", "&replace=true").status_code == 201
    assert read(engine, bucket, "a.csv") == b"second"


def test_a_large_file_comes_in_parts_in_any_order(real: House, engine: EngineProcess, bucket: str) -> None:
    client, uri = real.api("bob"), f"s3://{bucket}/big.bin"
    upload = begin(client, uri, modified=1).json()
    assert (upload["part_size"], upload["part_count"], upload["parts"]) == (PART, 3, [])
    for number in (3, 1):
        assert put_part(client, upload, number).status_code == 204
    early = complete(client, upload)
    assert (early.status_code, "1 of 3 parts" in early.json()["error"]["message"]) == (409, True)
    assert read(engine, bucket, "big.bin") is None
    # As after a reload: the same file is chosen again.
    resumed = begin(client, uri, modified=1).json()
    assert (resumed["id"], resumed["parts"]) == (upload["id"], [1, 3])
    assert begin(client, uri, modified=2).json()["id"] != upload["id"]
    put_part(client, upload, 2)
    assert complete(client, upload).json() == {"uri": uri}
    assert read(engine, bucket, "big.bin") == BODY
    assert complete(client, upload).status_code == 404


def test_a_part_that_was_cut_off_is_refused_and_can_come_again(real: House, bucket: str) -> None:
    client = real.api("bob")
    upload = begin(client, f"s3://{bucket}/big.bin").json()
    cut = put_part(client, upload, 1, BODY[:100])
    assert cut.status_code == 400
    assert cut.json()["error"]["fields"] == {"part": [f"Part 1 must have {PART:,} bytes; 100 came."]}
    assert put_part(client, upload, 4, b"x").status_code == 400
    assert client.get(f"{API}/uploads/{upload['id']}/").json()["parts"] == []
    assert put_part(client, upload, 1).status_code == 204
    assert put_part(client, upload, 1).status_code == 204


def test_of_two_uploads_of_a_key_the_second_asks_before_it_replaces(
    real: House, engine: EngineProcess, bucket: str
) -> None:
    uri = f"s3://{bucket}/same.bin"
    uploads = {}
    for name in ("alice", "bob"):
        client = real.api(name)
        uploads[name] = client, begin(client, uri).json()
        for number in (1, 2, 3):
            put_part(client, uploads[name][1], number)
    assert uploads["alice"][1]["id"] != uploads["bob"][1]["id"]
    assert complete(*uploads["alice"]).status_code == 200
    late = complete(*uploads["bob"])
    assert (late.status_code, late.json()["error"]["code"]) == (409, "object_exists")
    assert complete(*uploads["bob"], query="?replace=true").status_code == 200
    assert read(engine, bucket, "same.bin") == BODY


def test_a_completion_whose_answer_was_lost_can_be_sent_again(
    real: House, engine: EngineProcess, bucket: str
) -> None:
    client = real.api("bob")
    upload = begin(client, f"s3://{bucket}/lost.bin").json()
    for number in (1, 2, 3):
        put_part(client, upload, number)
    row = Upload.objects.get(key=upload["id"])
    complete(client, upload)
    row.save(force_insert=True)
    assert complete(client, upload).status_code == 200
    assert not Upload.objects.exists()


def open_uploads(engine: EngineProcess, bucket: str) -> int:
    return len(engine.client("s3").list_multipart_uploads(Bucket=bucket).get("Uploads", []))


def test_cancelled_and_old_uploads_leave_nothing(real: House, engine: EngineProcess, bucket: str) -> None:
    client = real.api("bob")
    cancelled, old, fresh = (begin(client, f"s3://{bucket}/{name}").json() for name in "abc")
    put_part(client, old, 1)
    assert client.delete(f"{API}/uploads/{cancelled['id']}/").status_code == 204
    assert put_part(client, cancelled, 1).status_code == 404
    Upload.objects.filter(key=old["id"]).update(used_at=timezone.now() - timedelta(days=3))
    assert open_uploads(engine, bucket) == 2
    abort_old_uploads()
    assert open_uploads(engine, bucket) == 1
    assert [row.key for row in Upload.objects.all()] == [fresh["id"]]


def test_a_file_beyond_the_limit_is_refused_before_it_is_sent(
    real: House, bucket: str, settings: Any
) -> None:
    settings.UPLOAD_MAX_SIZE = 10 * 1024**2
    refused = begin(real.api("bob"), f"s3://{bucket}/huge", size=11 * 1024**2)
    assert refused.json()["error"]["fields"] == {
        "size": ["11.0 MB is more than the 10.0 MB that a file may have."]
    }
    assert put(real.api("bob"), f"s3://{bucket}/whole", b"x" * (PART + 1)).status_code == 413


def test_parts_of_a_file_of_terabytes_are_few_enough(settings: Any, real: House, bucket: str) -> None:
    settings.UPLOAD_MAX_SIZE = 5 * 1024**4
    upload = begin(real.api("bob"), f"s3://{bucket}/huge", size=5 * 1024**4).json()
    assert upload["part_count"] <= 10_000
    assert upload["part_size"] * upload["part_count"] >= 5 * 1024**4


@pytest.mark.parametrize("key", ["../a", "in/../../b", "a//b", "a%00b", "a%0Ab", "a%E2%80%AEb", "x" * 1025])
def test_hostile_names_are_refused_with_a_sentence(real: House, bucket: str, key: str) -> None:
    answer = real.api("bob").put(f"{API}/objects/?path=s3://{bucket}/{key}", b"x", "application/octet-stream")
    assert answer.status_code == 400, answer.content
    assert not Activity.objects.filter(verb="object.uploaded").exists()


def test_a_viewer_and_another_team_write_and_read_nothing(
    real: House, engine: EngineProcess, bucket: str
) -> None:
    put(real.api("bob"), f"s3://{bucket}/a.csv", b"theirs")
    upload = begin(real.api("bob"), f"s3://{bucket}/big").json()
    path = f"{API}/objects/?path=s3://{bucket}/a.csv"
    other_house = make_house("second", {"charlie": "admin"}, engine.url)  # type: ignore[dict-item]
    Connection.objects.filter(pk=other_house.connection.pk).update(allowed_places=["s3://elsewhere/"])
    for client, status in ((real.api("vera"), 403), (other_house.api("charlie"), 409)):
        assert client.get(path).status_code == status
        assert client.delete(path).status_code == status
        assert put(client, f"s3://{bucket}/b.csv", b"x").status_code == status
        assert begin(client, f"s3://{bucket}/c").status_code == status
    for client in (other_house.api("charlie"), real.api("alice")):
        # An upload is the person's own.
        assert put_part(client, upload, 1).status_code == 404
        assert client.delete(f"{API}/uploads/{upload['id']}/").status_code == 404
    assert read(engine, bucket, "a.csv") == b"theirs"


def test_a_page_of_one_team_writes_nothing_after_a_switch_to_another(real: House, bucket: str) -> None:
    Membership.objects.create(team=make_house("second", {}).team, user=real.people["bob"], role="admin")
    client = real.page("bob")
    refused = client.put(
        f"{API}/objects/?path=s3://{bucket}/a",
        b"x",
        "application/octet-stream",
        headers={"Batchdeck-Team": "second"},
    )
    assert (refused.status_code, "current team is first" in refused.json()["error"]["message"]) == (409, True)


def test_objects_and_folders_are_deleted_and_it_is_recorded(
    real: House, engine: EngineProcess, bucket: str
) -> None:
    client = real.api("bob")
    for name in ("in/a", "in/b", "inner"):
        put(client, f"s3://{bucket}/{name}", b"12345")
    assert client.delete(f"{API}/objects/?path=s3://{bucket}/in/").status_code == 400
    assert client.delete(f"{API}/objects/?path=s3://{bucket}/").status_code == 400
    gone = client.delete(f"{API}/objects/?path=s3://{bucket}/in/&recursive=true").json()
    assert gone == {"uri": f"s3://{bucket}/in/", "objects": 2, "bytes": 10, "more": False}
    assert client.delete(f"{API}/objects/?path=s3://{bucket}/in/&recursive=true").status_code == 404
    assert read(engine, bucket, "inner") == b"12345"
    act = Activity.objects.get(verb="objects.deleted")
    assert (act.object_label, act.detail) == (f"s3://{bucket}/in/", {"objects": 2, "bytes": 10})


def test_on_aws_nothing_is_deleted_before_an_admin_allows_it(real: House) -> None:
    Connection.objects.filter(pk=real.connection.pk).update(kind="aws", endpoint_url="")
    refused = real.api("alice").delete(f"{API}/objects/?path=s3://bucket/a")
    assert (refused.status_code, "has to allow it" in refused.json()["error"]["message"]) == (409, True)
    assert real.api("bob").patch(API + "/", {"allow_deletes": True}, "application/json").status_code == 403
    allowed = real.api("alice").patch(API + "/", {"allow_deletes": True}, "application/json")
    assert allowed.json()["allow_deletes"] is True


def test_buckets_are_made_on_engines(real: House, bucket: str) -> None:
    client, name = real.api("bob"), f"made-{uuid4().hex[:8]}"
    assert client.post(f"{API}/buckets/", {"name": name}, "application/json").json() == {
        "uri": f"s3://{name}/"
    }
    assert client.post(f"{API}/buckets/", {"name": name}, "application/json").status_code == 400
    assert client.post(f"{API}/buckets/", {"name": "No"}, "application/json").status_code == 400


def test_a_folder_is_made_once_and_again_under_its_key(
    real: House, engine: EngineProcess, bucket: str
) -> None:
    client, keyed = real.api("bob"), {"Idempotency-Key": "folder"}

    def make(**fields: str) -> Any:
        body = {"path": f"s3://{bucket}/in/", "name": "new", **fields}
        return client.post(f"{API}/folders/", body, "application/json", headers=keyed)

    first, again = make(), make()
    assert (first.status_code, first.json()) == (201, {"uri": f"s3://{bucket}/in/new/"})
    assert (again.json(), again["Idempotent-Replayed"]) == (first.json(), "true")
    assert Activity.objects.filter(verb="folder.created").count() == 1
    assert read(engine, bucket, "in/new/") == b""
    keyed = {}
    for wrong in ({"name": ".."}, {"name": ""}, {"path": "no address"}):
        assert make(**wrong).status_code == 400, wrong


def test_a_delete_that_names_its_count_leaves_what_was_written_since(
    real: House, engine: EngineProcess, bucket: str
) -> None:
    client = real.api("bob")
    put(client, f"s3://{bucket}/in/a", b"12")
    counted = client.get(f"{API}/objects/count/?path=s3://{bucket}/in/").json()
    assert (counted["objects"], counted["bytes"], counted["more"]) == (1, 2, False)
    put(client, f"s3://{bucket}/in/b", b"3")
    query = f"path=s3://{bucket}/in/&recursive=true&counted_at="
    lost = client.delete(f"{API}/objects/?{query}{quote(counted['counted_at'], safe='')}")
    assert lost.json()["objects"] == 1
    assert (read(engine, bucket, "in/a"), read(engine, bucket, "in/b")) == (None, b"3")
    wrong = client.delete(f"{API}/objects/?{query}yesterday")
    assert (wrong.status_code, "counted_at" in wrong.json()["error"]["fields"]) == (400, True)
    assert client.get(f"{API}/objects/count/?path=s3://{bucket}/none/").status_code == 404
