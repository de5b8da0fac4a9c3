"""Listings: in byte order, page by page, rolled up at a delimiter, whatever the keys."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.s3 import call, new_bucket, refused
from tests.support.engine import EngineProcess

KEYS = ["a", "a!", "a/", "a//b", "a/1", "a/2/x", "a/2/y", "a0", "B", "b/1", "in", "in/a", "é", "\U0001f680"]


@pytest.fixture(scope="module")
def full(engine: EngineProcess) -> str:
    """A bucket that has KEYS."""
    bucket = new_bucket(engine)
    for key in KEYS:
        engine.client("s3").put_object(Bucket=bucket, Key=key, Body=key.encode())
    return bucket


def ordered(keys: list[str]) -> list[str]:
    return sorted(keys, key=str.encode)


def names(page: dict[str, Any]) -> tuple[list[str], list[str]]:
    objects = [item["Key"] for item in page.get("Contents", [])]
    return objects, [item["Prefix"] for item in page.get("CommonPrefixes", [])]


def test_keys_come_in_byte_order_with_what_a_listing_shows(s3: Any, full: str) -> None:
    page = s3.list_objects_v2(Bucket=full, FetchOwner=True)
    assert names(page) == (ordered(KEYS), [])
    assert (page["KeyCount"], page["IsTruncated"]) == (len(KEYS), False)
    first = page["Contents"][0]
    assert (first["Key"], first["Size"], first["StorageClass"]) == ("B", 1, "STANDARD")
    assert first["ETag"] == s3.head_object(Bucket=full, Key="B")["ETag"]
    assert first["Owner"]["ID"] == "000000000000"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 14, 1000])
@pytest.mark.parametrize("delimiter", ["", "/", "//", "2"])
@pytest.mark.parametrize("operation", ["list_objects_v2", "list_objects", "list_object_versions"])
def test_pages_of_any_size_add_up_to_the_whole(
    s3: Any, full: str, operation: str, delimiter: str, size: int
) -> None:
    more = {"Delimiter": delimiter} if delimiter else {}
    pages = list(
        s3.get_paginator(operation).paginate(Bucket=full, PaginationConfig={"PageSize": size}, **more)
    )
    contents = "Versions" if operation == "list_object_versions" else "Contents"
    objects = [item["Key"] for page in pages for item in page.get(contents, [])]
    prefixes = [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])]
    cut = {key: key.find(delimiter) if delimiter else -1 for key in KEYS}
    assert objects == ordered([key for key in KEYS if cut[key] < 0])
    rolled = {key[: cut[key] + len(delimiter)] for key in KEYS if cut[key] >= 0}
    assert prefixes == ordered(list(rolled))
    assert all(
        len(page.get(contents, [])) + len(page.get("CommonPrefixes", [])) == size for page in pages[:-1]
    )


@pytest.mark.parametrize(
    ("prefix", "objects", "prefixes"),
    [
        ("in", ["in", "in/a"], []),
        ("in/", ["in/a"], []),
        ("a/", ["a/", "a/1"], ["a//", "a/2/"]),
        ("a/2", [], ["a/2/"]),
        ("zzz", [], []),
    ],
)
def test_a_prefix_is_a_plain_string(
    s3: Any, full: str, prefix: str, objects: list[str], prefixes: list[str]
) -> None:
    delimiter = {"Delimiter": "/"} if prefix != "in" else {}
    assert names(s3.list_objects_v2(Bucket=full, Prefix=prefix, **delimiter)) == (objects, prefixes)


def test_a_listing_can_start_after_any_name(s3: Any, full: str) -> None:
    for after in ("", "a", "a/1x", "b", "in/zzz", "\U0010ffff"):
        later = [key for key in ordered(KEYS) if key.encode() > after.encode()]
        assert names(s3.list_objects_v2(Bucket=full, StartAfter=after))[0] == later
        assert names(s3.list_objects(Bucket=full, Marker=after))[0] == later


def test_max_keys_has_its_limits(s3: Any, full: str) -> None:
    empty = s3.list_objects_v2(Bucket=full, MaxKeys=0)
    assert (empty["KeyCount"], empty["IsTruncated"], "Contents" in empty) == (0, False, False)
    assert s3.list_objects_v2(Bucket=full, MaxKeys=5000)["MaxKeys"] == 1000
    for wrong in (-1, 2**31):
        with refused(400, "InvalidArgument"):
            s3.list_objects_v2(Bucket=full, MaxKeys=wrong)


@pytest.mark.parametrize("token", ["nonsense!", "////", "YQ"])
def test_a_token_that_is_none_is_refused(s3: Any, full: str, token: str) -> None:
    with refused(400, "InvalidArgument"):
        s3.list_objects_v2(Bucket=full, ContinuationToken=token)


def test_names_are_percent_encoded_when_asked(engine: EngineProcess, s3: Any) -> None:
    bucket = new_bucket(engine)
    s3.put_object(Bucket=bucket, Key="a b+c&<d>/\x01\n\r/é", Body=b"")
    answer = call(engine, "GET", f"/{bucket}?list-type=2&encoding-type=url&delimiter=%2F&prefix=a%20b")
    assert b"<Prefix>a%20b%2Bc%26%3Cd%3E/</Prefix>" in answer.body
    assert b"<EncodingType>url</EncodingType>" in answer.body
    with refused(400, "InvalidArgument"):
        s3.list_objects_v2(Bucket=bucket, EncodingType="rot13")


def test_every_object_has_the_one_version_null(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    s3.put_object(Bucket=bucket, Key="k", Body=b"2")
    (version,) = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert (version["Key"], version["VersionId"], version["IsLatest"]) == ("k", "null", True)
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"2"
    with refused(400, "InvalidArgument"):
        s3.get_object(Bucket=bucket, Key="k", VersionId="another")
    with refused(400, "InvalidArgument"):
        s3.delete_object(Bucket=bucket, Key="k", VersionId="another")
    s3.delete_object(Bucket=bucket, Key="k", VersionId="null")
    assert "Versions" not in s3.list_object_versions(Bucket=bucket)


def test_a_bucket_that_is_not_there_has_no_listing(s3: Any) -> None:
    for operation in (
        s3.list_objects,
        s3.list_objects_v2,
        s3.list_object_versions,
        s3.list_multipart_uploads,
    ):
        with refused(404, "NoSuchBucket"):
            operation(Bucket="no-such-bucket")
