"""Objects through boto3: what is stored comes back, whole or in part, under the conditions a client sets."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.engine.s3 import call, refused
from tests.support.engine import EngineProcess

HOSTILE_KEYS = [
    "a//b",
    "../x",
    "./x",
    "/leading",
    "trailing/",
    "in",
    "in/a",
    "with space+plus%25percent",
    "?query=1&versionId=2",
    "#fragment",
    "Ünï/çødé 漢字 🚀",
    "new\nline\tand\x01control",
    "x" * 1024,
]


def body_of(s3: Any, bucket: str, key: str, **more: Any) -> bytes:
    return bytes(s3.get_object(Bucket=bucket, Key=key, **more)["Body"].read())


@pytest.mark.parametrize("size", [0, 1, 16 * 1024, 16 * 1024 + 1, 3_000_000])
def test_a_body_comes_back_as_it_was(s3: Any, bucket: str, size: int) -> None:
    body = hashlib.shake_128(b"seed").digest(size)
    etag = s3.put_object(Bucket=bucket, Key="k", Body=body)["ETag"]
    answer = s3.get_object(Bucket=bucket, Key="k")
    assert answer["Body"].read() == body
    assert etag == answer["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert answer["ContentLength"] == size


def test_any_key_is_just_a_name(s3: Any, bucket: str) -> None:
    for key in HOSTILE_KEYS:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    for key in HOSTILE_KEYS:
        assert body_of(s3, bucket, key) == key.encode()
    listed = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert listed == sorted(HOSTILE_KEYS, key=str.encode)


def test_a_key_of_more_than_1024_bytes_is_refused(s3: Any, bucket: str) -> None:
    with refused(400, "KeyTooLongError"):
        s3.put_object(Bucket=bucket, Key="é" * 513, Body=b"")


def test_an_object_keeps_its_content_headers_and_metadata(s3: Any, bucket: str) -> None:
    expires = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    headers = {
        "CacheControl": "max-age=60",
        "ContentDisposition": 'attachment; filename="a b.csv"',
        "ContentEncoding": "gzip",
        "ContentLanguage": "en, de",
        "ContentType": "text/csv; charset=utf-8",
        "Metadata": {"author": "Ada  Lovelace", "empty": ""},
    }
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Expires=expires, **headers)
    for answer in (s3.head_object(Bucket=bucket, Key="k"), s3.get_object(Bucket=bucket, Key="k")):
        assert {name: answer[name] for name in headers} == headers
        assert answer["Expires"] == expires
        assert answer["ExpiresString"] == "Wed, 02 Jan 2030 03:04:05 GMT"


def test_writing_again_replaces_everything(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"old", ContentType="text/csv", Metadata={"a": "1"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"new")
    answer = s3.get_object(Bucket=bucket, Key="k")
    assert (answer["Body"].read(), answer["Metadata"]) == (b"new", {})
    assert answer["ContentType"] == "binary/octet-stream"


def test_metadata_of_more_than_2_kb_is_refused(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"", Metadata={"m": "x" * 2047})
    with refused(400, "MetadataTooLarge"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"", Metadata={"m": "x" * 2048})


def test_response_headers_may_be_overridden(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ContentType="text/plain")
    answer = s3.get_object(
        Bucket=bucket,
        Key="k",
        ResponseContentType="text/csv",
        ResponseContentDisposition="attachment",
        ResponseExpires=datetime(2030, 1, 2, tzinfo=UTC),
    )
    assert (answer["ContentType"], answer["ContentDisposition"]) == ("text/csv", "attachment")
    assert answer["ExpiresString"] == "Wed, 02 Jan 2030 00:00:00 GMT"


@pytest.mark.parametrize(
    ("header", "part", "content_range"),
    [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=5-500", b"56789", "bytes 5-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-50", b"0123456789", "bytes 0-9/10"),
        ("bytes=0-9", b"0123456789", "bytes 0-9/10"),
    ],
)
def test_a_range_is_answered_with_that_part(
    s3: Any, bucket: str, header: str, part: bytes, content_range: str
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    answer = s3.get_object(Bucket=bucket, Key="k", Range=header)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert (answer["Body"].read(), answer["ContentRange"]) == (part, content_range)
    assert answer["ContentLength"] == len(part)
    assert s3.head_object(Bucket=bucket, Key="k", Range=header)["ContentRange"] == content_range


@pytest.mark.parametrize(
    "header", ["bytes=4-2", "lines=1-2", "bytes=", "bytes=a-b", "bytes=0-1,4-5", "nonsense"]
)
def test_a_range_that_is_none_gets_the_whole(s3: Any, bucket: str, header: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    answer = s3.get_object(Bucket=bucket, Key="k", Range=header)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["Body"].read() == b"0123456789"


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-20", "bytes=-0", f"bytes={'9' * 5000}-"])
def test_a_range_beyond_the_end_is_refused(s3: Any, bucket: str, header: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    with refused(416, "InvalidRange") as caught:
        s3.get_object(Bucket=bucket, Key="k", Range=header)
    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["content-range"] == "bytes */10"
    with refused(416):
        s3.head_object(Bucket=bucket, Key="k", Range=header)


def test_a_large_object_can_be_read_from_its_middle(s3: Any, bucket: str) -> None:
    body = hashlib.shake_128(b"large").digest(2_000_000)
    s3.put_object(Bucket=bucket, Key="k", Body=body)
    assert body_of(s3, bucket, "k", Range="bytes=999990-1500000") == body[999_990:1_500_001]


def test_reads_hold_to_their_conditions(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    when = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    where = {"Bucket": bucket, "Key": "k"}
    for passes in (
        {"IfMatch": etag},
        {"IfMatch": f'"other", {etag}'},
        {"IfMatch": "*"},
        {"IfNoneMatch": '"other"'},
        {"IfModifiedSince": when - timedelta(seconds=1)},
        {"IfUnmodifiedSince": when},
        {"IfMatch": etag, "IfUnmodifiedSince": when - timedelta(days=1)},
        {"IfNoneMatch": '"other"', "IfModifiedSince": when},
    ):
        assert s3.get_object(**where, **passes)["Body"].read() == b"x"
        s3.head_object(**where, **passes)
    for fails in ({"IfMatch": '"other"'}, {"IfUnmodifiedSince": when - timedelta(seconds=1)}):
        with refused(412, "PreconditionFailed"):
            s3.get_object(**where, **fails)
        with refused(412):
            s3.head_object(**where, **fails)
    for same in ({"IfNoneMatch": etag}, {"IfNoneMatch": "*"}, {"IfModifiedSince": when}):
        with refused(304) as caught:
            s3.get_object(**where, **same)
        assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["etag"] == etag
        with refused(304):
            s3.head_object(**where, **same)


def test_a_date_nobody_can_read_is_no_condition(engine: EngineProcess, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    for date in ("yesterday", "", "Mon, 99 Jan 2020 00:00:00 GMT", "0001-01-01T00:00:00+23:59"):
        assert call(engine, "GET", f"/{bucket}/k", {"If-Modified-Since": date}).status == 200


def test_a_write_that_must_not_replace_does_not(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"first", IfNoneMatch="*")
    with refused(412, "PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"second", IfNoneMatch="*")
    assert body_of(s3, bucket, "k") == b"first"


def test_a_write_that_must_replace_one_version_does_only_that(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"first")["ETag"]
    with refused(412, "PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"wrong", IfMatch='"other"')
    with refused(404, "NoSuchKey"):
        s3.put_object(Bucket=bucket, Key="absent", Body=b"wrong", IfMatch=etag)
    s3.put_object(Bucket=bucket, Key="k", Body=b"second", IfMatch=etag)
    assert body_of(s3, bucket, "k") == b"second"


def test_a_delete_can_be_conditional(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    with refused(412, "PreconditionFailed"):
        s3.delete_object(Bucket=bucket, Key="k", IfMatch='"other"')
    s3.delete_object(Bucket=bucket, Key="k", IfMatch=etag)
    with refused(404):
        s3.head_object(Bucket=bucket, Key="k")


def test_what_is_not_there_is_said_so(s3: Any, bucket: str) -> None:
    with refused(404, "NoSuchKey") as caught:
        s3.get_object(Bucket=bucket, Key="absent")
    assert caught.value.response["Error"]["Key"] == "absent"
    with refused(404):
        s3.head_object(Bucket=bucket, Key="absent")
    for call_ in (s3.get_object, s3.delete_object):
        with refused(404, "NoSuchBucket"):
            call_(Bucket="no-such-bucket", Key="k")
    with refused(404, "NoSuchBucket"):
        s3.put_object(Bucket="no-such-bucket", Key="k", Body=b"x")


def test_deleting_what_is_not_there_is_no_error(s3: Any, bucket: str) -> None:
    assert s3.delete_object(Bucket=bucket, Key="absent")["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_many_objects_are_deleted_at_once(s3: Any, bucket: str) -> None:
    keys = [*HOSTILE_KEYS[:11], "a&b<c>", "carriage\rreturn"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    objects = [{"Key": key} for key in [*keys, "absent"]]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    assert [item["Key"] for item in answer["Deleted"]] == [*keys, "absent"]
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert "Deleted" not in s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    with refused(400, "MalformedXML"):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": str(n)} for n in range(1001)]})


def test_deleting_many_says_which_could_not_be(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    objects = [{"Key": "k", "ETag": '"other"'}, {"Key": "v", "VersionId": "v1"}]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    assert {error["Key"]: error["Code"] for error in answer["Errors"]} == {
        "k": "PreconditionFailed",
        "v": "NoSuchVersion",
    }
    assert body_of(s3, bucket, "k") == b"x"
