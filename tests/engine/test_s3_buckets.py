"""Buckets, tags, both ways to name a bucket, and a straight answer to what the engine does not have."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.resources import unique
from tests.engine.s3 import new_bucket, refused, send, signed
from tests.support.engine import EngineProcess


def test_a_bucket_is_made_found_listed_and_removed(s3: Any, bucket: str) -> None:
    s3.create_bucket(Bucket=bucket)
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == "us-east-1"
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    assert bucket in [item["Name"] for item in s3.list_buckets()["Buckets"]]
    s3.delete_bucket(Bucket=bucket)
    with refused(404):
        s3.head_bucket(Bucket=bucket)
    with refused(404, "NoSuchBucket"):
        s3.delete_bucket(Bucket=bucket)


def test_buckets_are_listed_page_by_page(s3: Any) -> None:
    prefix = unique("paged")
    names = [f"{prefix}-{number}" for number in range(5)]
    for name in names:
        s3.create_bucket(Bucket=name)
    pages = s3.get_paginator("list_buckets").paginate(Prefix=prefix, PaginationConfig={"PageSize": 2})
    assert [[item["Name"] for item in page["Buckets"]] for page in pages] == [
        names[:2],
        names[2:4],
        names[4:],
    ]


def test_a_bucket_with_objects_stays(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    with refused(409, "BucketNotEmpty"):
        s3.delete_bucket(Bucket=bucket)


@pytest.mark.parametrize("name", ["ab", "Upper", "a..b", "-a-", "under_score", "a" * 64, "192.168.5.4"])
def test_a_name_that_breaks_the_rules_is_refused(engine: EngineProcess, name: str) -> None:
    answer = send(engine, "PUT", f"/{name}", signed(engine, "PUT", f"/{name}"))
    assert (answer.status, b"InvalidBucketName" in answer.body) == (400, True)


def test_objects_have_tags(s3: Any, bucket: str) -> None:
    tags = [{"Key": "team", "Value": "a b+c"}, {"Key": "Ümlaut", "Value": ""}]
    s3.put_object(Bucket=bucket, Key="k", Body=b"", Tagging="team=a%20b%2Bc&%C3%9Cmlaut=")
    where = {"Bucket": bucket, "Key": "k"}
    assert s3.get_object_tagging(**where)["TagSet"] == tags
    assert s3.head_object(**where)["TagCount"] == 2
    s3.put_object_tagging(**where, Tagging={"TagSet": tags[:1]})
    assert s3.get_object_tagging(**where)["TagSet"] == tags[:1]
    s3.delete_object_tagging(**where)
    assert s3.get_object_tagging(**where)["TagSet"] == []
    with refused(404, "NoSuchKey"):
        s3.put_object_tagging(Bucket=bucket, Key="absent", Tagging={"TagSet": tags})


def test_buckets_have_tags(s3: Any, bucket: str) -> None:
    tags = [{"Key": "team", "Value": "red"}]
    with refused(404, "NoSuchTagSet"):
        s3.get_bucket_tagging(Bucket=bucket)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    s3.delete_bucket_tagging(Bucket=bucket)
    with refused(404, "NoSuchTagSet"):
        s3.get_bucket_tagging(Bucket=bucket)


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ([{"Key": "same", "Value": "1"}, {"Key": "same", "Value": "2"}], "InvalidTag"),
        ([{"Key": "k" * 129, "Value": ""}], "InvalidTag"),
        ([{"Key": "k", "Value": "v" * 257}], "InvalidTag"),
        ([{"Key": "aws:mine", "Value": ""}], "InvalidTag"),
        ([{"Key": str(number), "Value": ""} for number in range(11)], "BadRequest"),
    ],
)
def test_tags_have_their_limits(s3: Any, bucket: str, tags: list[dict[str, str]], code: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    with refused(400, code):
        s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": tags})
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []


@pytest.mark.parametrize("host", ["{}.localhost", "{}.s3.amazonaws.com", "{}.s3.us-east-1.amazonaws.com"])
def test_a_bucket_can_be_named_by_the_host(engine: EngineProcess, s3: Any, host: str) -> None:
    bucket = f"{new_bucket(engine)}.dotted"
    s3.create_bucket(Bucket=bucket)
    name = f"{host.format(bucket)}:{engine.port}"
    for method, target, body in (("PUT", "/in/a%20b", b"body"), ("GET", "/in/a%20b", b""), ("GET", "/", b"")):
        answer = send(engine, method, target, signed(engine, method, target, body=body, host=name), body)
        assert answer.status == 200
    assert b"<Key>in/a b</Key>" in answer.body
    assert s3.get_object(Bucket=bucket, Key="in/a b")["Body"].read() == b"body"


def test_what_the_engine_does_not_have_is_named(s3: Any, bucket: str) -> None:
    for operation in (
        s3.list_bucket_inventory_configurations,
        s3.list_bucket_intelligent_tiering_configurations,
    ):
        with refused(501, "NotImplemented") as caught:
            operation(Bucket=bucket)
        operation_name = operation.__name__.replace("_", "")
        assert operation_name in caught.value.response["Error"]["Message"].lower()
    with refused(501, "NotImplemented"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


def test_what_a_request_asks_for_is_not_passed_over(s3: Any, bucket: str) -> None:
    put = {"Bucket": bucket, "Key": "k", "Body": b"x"}
    with refused(400, "AccessControlListNotSupported"):
        s3.put_object(**put, ACL="public-read")
    with refused(501, "NotImplemented"):
        s3.put_object(**put, SSECustomerAlgorithm="AES256", SSECustomerKey="k" * 32)
    with refused(501, "NotImplemented"):
        s3.put_object(**put, ObjectLockLegalHoldStatus="ON")
    with refused(403, "AccessDenied"):
        s3.put_object(**put, ExpectedBucketOwner="111111111111")
    with refused(400, "InvalidStorageClass"):
        s3.put_object(**put, StorageClass="WARM")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    s3.put_object(**put, ACL="bucket-owner-full-control", ExpectedBucketOwner="000000000000")
    s3.put_object(**put, ServerSideEncryption="AES256", StorageClass="STANDARD_IA")
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["ServerSideEncryption"], head["StorageClass"]) == ("AES256", "STANDARD_IA")


def test_xml_that_is_not_what_was_asked_for_is_refused(engine: EngineProcess, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><Tagging><TagSet/></Tagging>'
    for method, target in (("POST", f"/{bucket}?delete"), ("PUT", f"/{bucket}/k?tagging")):
        for body in (b"{}", b"<a", b"<Other/>", b"<Delete/>", b"<Tagging/>", bomb, b"\xff" * 9):
            answer = send(engine, method, target, signed(engine, method, target, body=body), body)
            assert (answer.status, b"<Code>MalformedXML</Code>" in answer.body) == (400, True)
