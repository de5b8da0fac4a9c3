"""Copies: with what belongs to the object, or with something new, from the object the client meant."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.engine.s3 import call, new_bucket, refused
from tests.support.engine import EngineProcess


@pytest.fixture
def source(s3: Any, bucket: str) -> dict[str, str]:
    s3.put_object(
        Bucket=bucket,
        Key="a//b c?versionId=1%",
        Body=b"body",
        ContentType="text/csv",
        CacheControl="no-store",
        Metadata={"author": "ada"},
        Tagging="team=red&stage=raw",
    )
    return {"Bucket": bucket, "Key": "a//b c?versionId=1%"}


def test_a_copy_takes_headers_metadata_and_tags_along(
    engine: EngineProcess, s3: Any, bucket: str, source: dict[str, str]
) -> None:
    second_bucket = new_bucket(engine)
    result = s3.copy_object(Bucket=second_bucket, Key="copy", CopySource=source)["CopyObjectResult"]
    copy = s3.get_object(Bucket=second_bucket, Key="copy")
    assert copy["Body"].read() == b"body"
    assert result["ETag"] == copy["ETag"] == f'"{hashlib.md5(b"body").hexdigest()}"'
    assert (copy["ContentType"], copy["CacheControl"]) == ("text/csv", "no-store")
    assert copy["Metadata"] == {"author": "ada"}
    tags = s3.get_object_tagging(Bucket=second_bucket, Key="copy")["TagSet"]
    assert tags == [{"Key": "team", "Value": "red"}, {"Key": "stage", "Value": "raw"}]


def test_a_copy_can_have_new_metadata_and_tags(s3: Any, bucket: str, source: dict[str, str]) -> None:
    s3.copy_object(
        Bucket=bucket,
        Key="copy",
        CopySource=source,
        MetadataDirective="REPLACE",
        Metadata={"by": "me"},
        ContentType="text/plain",
        TaggingDirective="REPLACE",
        Tagging="only=this",
    )
    copy = s3.head_object(Bucket=bucket, Key="copy")
    assert (copy["Metadata"], copy["ContentType"]) == ({"by": "me"}, "text/plain")
    assert "CacheControl" not in copy
    tags = s3.get_object_tagging(Bucket=bucket, Key="copy")["TagSet"]
    assert tags == [{"Key": "only", "Value": "this"}]


def test_copying_an_object_onto_itself_must_change_something(
    s3: Any, bucket: str, source: dict[str, str]
) -> None:
    with refused(400, "InvalidRequest"):
        s3.copy_object(**source, CopySource=source)
    s3.copy_object(**source, CopySource=source, MetadataDirective="REPLACE", Metadata={"new": "1"})
    answer = s3.get_object(**source)
    assert (answer["Body"].read(), answer["Metadata"]) == (b"body", {"new": "1"})


def test_a_copy_holds_to_conditions_on_both_sides(s3: Any, bucket: str, source: dict[str, str]) -> None:
    etag = s3.head_object(**source)["ETag"]
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    for condition in (
        {"CopySourceIfMatch": '"other"'},
        {"CopySourceIfNoneMatch": etag},
        {"CopySourceIfUnmodifiedSince": long_ago},
        {"CopySourceIfModifiedSince": datetime(2100, 1, 1, tzinfo=UTC)},
    ):
        with refused(412, "PreconditionFailed"):
            s3.copy_object(Bucket=bucket, Key="copy", CopySource=source, **condition)
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=source, CopySourceIfMatch=etag, IfNoneMatch="*")
    with refused(412, "PreconditionFailed"):
        s3.copy_object(Bucket=bucket, Key="copy", CopySource=source, IfNoneMatch="*")


def test_a_copy_can_be_given_another_checksum(s3: Any, bucket: str, source: dict[str, str]) -> None:
    result = s3.copy_object(Bucket=bucket, Key="c", CopySource=source, ChecksumAlgorithm="SHA256")
    checksum = base64.b64encode(hashlib.sha256(b"body").digest()).decode()
    assert result["CopyObjectResult"]["ChecksumSHA256"] == checksum
    assert s3.head_object(Bucket=bucket, Key="c", ChecksumMode="ENABLED")["ChecksumSHA256"] == checksum


def test_a_copy_from_nowhere_says_what_is_missing(s3: Any, bucket: str, source: dict[str, str]) -> None:
    for where, code in (
        ({"Bucket": bucket, "Key": "absent"}, "NoSuchKey"),
        ({"Bucket": "no-such-bucket", "Key": "k"}, "NoSuchBucket"),
        ({**source, "VersionId": "v1"}, "NoSuchVersion"),
    ):
        with refused(404, code):
            s3.copy_object(Bucket=bucket, Key="copy", CopySource=where)
    with refused(404, "NoSuchBucket"):
        s3.copy_object(Bucket="no-such-bucket", Key="copy", CopySource=source)


@pytest.mark.parametrize("header", ["", "/", "bucket-only", "/bucket/", "b/%ff"])
def test_a_copy_source_that_is_none_is_refused(engine: EngineProcess, bucket: str, header: str) -> None:
    answer = call(engine, "PUT", f"/{bucket}/copy", {"x-amz-copy-source": header})
    assert (answer.status, b"InvalidArgument" in answer.body) == (400, True)
