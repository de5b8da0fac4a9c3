"""Browser uploads: forms that boto3 presigns, held to what their signer allows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from tests.engine.resources import unique
from tests.engine.s3 import Answer, refused, send
from tests.support.engine import EngineProcess

BOUNDARY = "----tests0123"


@pytest.fixture(params=["s3", "s3v4"])
def presigner(engine: EngineProcess, request: pytest.FixtureRequest) -> Any:
    return engine.client("s3", signature_version=request.param)


def form(fields: Mapping[str, str], file: bytes | None = b"body", filename: str = "data.csv") -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    if file is not None:
        head = f'Content-Disposition: form-data; name="file"; filename="{filename}"\r\nContent-Type: text/csv'
        parts.append(f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + file + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def post(engine: EngineProcess, bucket: str, body: bytes) -> Answer:
    content_type = f"multipart/form-data; boundary={BOUNDARY}"
    return send(engine, "POST", f"/{bucket}", {"Content-Type": content_type}, body)


def sign(presigner: Any, bucket: str, key: str = "k", **fields: str) -> dict[str, str]:
    conditions = [{name: value} for name, value in fields.items()]
    return dict(presigner.generate_presigned_post(bucket, key, fields, conditions)["fields"])


def test_a_form_stores_its_file(engine: EngineProcess, s3: Any, bucket: str, presigner: Any) -> None:
    meta = {"Content-Type": "text/csv", "x-amz-meta-by": "me"}
    for size in (0, 1, 5, 70_000, 3_000_000):
        file = (b"\r\n--" + BOUNDARY.encode()[:-1]) * (size // 17) + b"\r" * (size % 17)
        answer = post(engine, bucket, form(sign(presigner, bucket, "in/k", **meta), file))
        assert answer.status == 204
        stored = s3.get_object(Bucket=bucket, Key="in/k")
        assert stored["Body"].read() == file
        assert (stored["ContentType"], stored["Metadata"]) == ("text/csv", {"by": "me"})
        assert answer.headers["etag"] == stored["ETag"]


def test_a_form_says_how_it_wants_to_be_answered(engine: EngineProcess, bucket: str, presigner: Any) -> None:
    created = post(engine, bucket, form(sign(presigner, bucket, "a b", success_action_status="201")))
    assert (created.status, b"<Key>a b</Key>" in created.body) == (201, True)
    assert created.headers["location"] == f"http://127.0.0.1:{engine.port}/{bucket}/a%20b"
    assert post(engine, bucket, form(sign(presigner, bucket, success_action_status="200"))).status == 200
    away = sign(presigner, bucket, success_action_redirect="https://example.com/done?x=1")
    redirected = post(engine, bucket, form(away))
    assert redirected.status == 303
    assert redirected.headers["location"].startswith(
        f"https://example.com/done?x=1&bucket={bucket}&key=k&etag="
    )


def test_the_files_own_name_can_be_part_of_the_key(
    engine: EngineProcess, s3: Any, bucket: str, presigner: Any
) -> None:
    fields = presigner.generate_presigned_post(bucket, "in/${filename}")["fields"]
    assert post(engine, bucket, form(fields, filename="C:\\\\data\\\\a b.csv")).status == 204
    assert s3.get_object(Bucket=bucket, Key="in/a b.csv")["Body"].read() == b"body"


def test_what_the_policy_does_not_allow_is_refused(
    engine: EngineProcess, s3: Any, bucket: str, presigner: Any
) -> None:
    fields = sign(presigner, bucket, **{"x-amz-meta-by": "me"})
    for changed in (
        {**fields, "key": "other"},
        {**fields, "x-amz-meta-by": "you"},
        {**fields, "x-amz-meta-more": "1"},
        {**fields, "policy": fields["policy"][::-1]},
        {name: value for name, value in fields.items() if name != "policy"},
        {name: value for name, value in fields.items() if name not in ("signature", "x-amz-signature")},
    ):
        assert post(engine, bucket, form(changed)).status in (400, 403)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert post(engine, bucket, form({**fields, "x-ignore-this": "1"})).status == 204


def test_a_form_without_a_key_stores_nothing_and_creates_no_bucket(
    engine: EngineProcess, s3: Any, presigner: Any
) -> None:
    bucket = unique("new-bucket")
    fields = sign(presigner, bucket, "${filename}")
    answer = post(engine, bucket, form(fields, b"", filename=""))
    assert (answer.status, b"<Code>InvalidArgument</Code>" in answer.body) == (400, True)
    assert bucket not in [row["Name"] for row in s3.list_buckets()["Buckets"]]


def test_a_policy_is_for_its_bucket(engine: EngineProcess, s3: Any, bucket: str, presigner: Any) -> None:
    s3.create_bucket(Bucket=f"{bucket}-other")
    assert post(engine, f"{bucket}-other", form(sign(presigner, bucket))).status == 403


def test_a_policy_can_limit_the_size(engine: EngineProcess, s3: Any, bucket: str, presigner: Any) -> None:
    conditions = [["content-length-range", 2, 10]]
    fields = presigner.generate_presigned_post(bucket, "k", Conditions=conditions)["fields"]
    for file, code in ((b"x", b"EntityTooSmall"), (b"x" * 11, b"EntityTooLarge")):
        answer = post(engine, bucket, form(fields, file))
        assert (answer.status, code in answer.body) == (400, True)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert post(engine, bucket, form(fields, b"x" * 10)).status == 204


def test_a_policy_can_leave_the_key_open(engine: EngineProcess, bucket: str, presigner: Any) -> None:
    conditions = [["starts-with", "$key", "user/"]]
    fields = presigner.generate_presigned_post(bucket, "user/${filename}", Conditions=conditions)["fields"]
    assert post(engine, bucket, form({**fields, "key": "user/any"})).status == 204
    assert post(engine, bucket, form({**fields, "key": "elsewhere"})).status == 403


def test_a_form_expires(
    engine: EngineProcess, bucket: str, presigner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = dt.datetime.now(dt.UTC) - dt.timedelta(hours=2)
    monkeypatch.setattr("botocore.signers.get_current_datetime", lambda *_, **__: past.replace(tzinfo=None))
    answer = post(engine, bucket, form(sign(presigner, bucket)))
    assert (answer.status, b"Policy expired" in answer.body) == (403, True)


def test_a_form_that_is_none_is_refused(engine: EngineProcess, s3: Any, bucket: str, presigner: Any) -> None:
    fields = sign(presigner, bucket)
    whole = form(fields)
    for body in (
        form(fields, None),
        whole[: whole.rindex(b"--")],
        whole[:200],
        b"",
        b"nonsense",
        form({**fields, "x-amz-meta-long": "x" * 30_000}),
        whole.replace(b'name="key"', b"nameless", 1),
        form({"policy": "bm90IGpzb24=", **{n: v for n, v in fields.items() if n != "policy"}}),
    ):
        assert post(engine, bucket, body).status in (400, 403)
    answer = send(engine, "POST", f"/{bucket}", {"Content-Type": "multipart/form-data"}, whole)
    assert (answer.status, b"MalformedPOSTRequest" in answer.body) == (400, True)
    with refused(404):
        s3.head_object(Bucket=bucket, Key="k")
