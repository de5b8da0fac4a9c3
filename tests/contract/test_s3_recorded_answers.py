"""Members of S3's answers, as they were recorded from AWS in February 2026: what is there, and what is not."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.resources import unique
from tests.engine.s3 import Answer, call, new_bucket
from tests.support.engine import EngineProcess

ABSENT = None
SMALL = b"too small"


@pytest.fixture
def s3(engine: EngineProcess) -> Any:
    return engine.client("s3")


@pytest.fixture
def bucket(engine: EngineProcess) -> str:
    return new_bucket(engine)


def begin(s3: Any, bucket: str, **more: Any) -> dict[str, str]:
    """A multipart upload of the key `k`, as arguments of its further calls."""
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", **more)
    return {"Bucket": bucket, "Key": "k", "UploadId": upload["UploadId"]}


def error_members(answer: Answer) -> dict[str, str]:
    """The members of an error's XML."""
    return {node.tag: node.text or "" for node in ElementTree.fromstring(answer.body)}


ENCRYPTED: dict[str, Callable[[Any, str], dict[str, Any]]] = {
    "PutObject": lambda s3, bucket: s3.put_object(Bucket=bucket, Key="k", Body=b"x"),
    "GetObject": lambda s3, bucket: s3.get_object(Bucket=bucket, Key="given"),
    "HeadObject": lambda s3, bucket: s3.head_object(Bucket=bucket, Key="given"),
    "CopyObject": lambda s3, bucket: s3.copy_object(Bucket=bucket, Key="k", CopySource=f"{bucket}/given"),
    "CreateMultipartUpload": lambda s3, bucket: s3.create_multipart_upload(Bucket=bucket, Key="k"),
    "UploadPart": lambda s3, bucket: s3.upload_part(**begin(s3, bucket), PartNumber=1, Body=b"x"),
    "UploadPartCopy": lambda s3, bucket: s3.upload_part_copy(
        **begin(s3, bucket), PartNumber=1, CopySource=f"{bucket}/given"
    ),
}


@pytest.mark.parametrize("operation", list(ENCRYPTED))
def test_every_answer_about_an_object_names_its_encryption(s3: Any, bucket: str, operation: str) -> None:
    s3.put_object(Bucket=bucket, Key="given", Body=b"x")
    assert ENCRYPTED[operation](s3, bucket)["ServerSideEncryption"] == "AES256"


def test_the_bucket_key_of_an_object_is_kept(s3: Any, bucket: str) -> None:
    encryption = {"ServerSideEncryption": "aws:kms", "BucketKeyEnabled": True}
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"x", **encryption)["BucketKeyEnabled"] is True
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["ServerSideEncryption"], head["BucketKeyEnabled"]) == ("aws:kms", True)


def test_every_answer_has_both_ids_and_an_error_repeats_them(engine: EngineProcess, bucket: str) -> None:
    answers = [call(engine, "GET", f"/{bucket}"), call(engine, "GET", f"/{bucket}/nothing")]
    for answer in answers:
        assert answer.headers["server"] == "AmazonS3"
        assert answer.headers["x-amz-request-id"]
        assert answer.headers["x-amz-id-2"]
    members = error_members(answers[1])
    assert members.keys() == {"Code", "Message", "Key", "RequestId", "HostId"}
    assert members["RequestId"] == answers[1].headers["x-amz-request-id"]
    assert members["HostId"] == answers[1].headers["x-amz-id-2"]


def test_an_owner_has_an_id_alone(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    listed = s3.list_objects_v2(Bucket=bucket, FetchOwner=True)["Contents"][0]
    assert listed["Owner"].keys() == s3.list_buckets()["Owner"].keys() == {"ID"}


def test_buckets_have_arns_and_a_region(engine: EngineProcess, s3: Any) -> None:
    bucket = new_bucket(engine)
    arn = f"arn:aws:s3:::{bucket}"
    (listed,) = s3.list_buckets(Prefix=bucket)["Buckets"]
    assert (listed["BucketArn"], listed["BucketRegion"]) == (arn, "us-east-1")
    head = call(engine, "HEAD", f"/{bucket}")
    assert head.headers["x-amz-bucket-arn"] == arn
    assert head.headers["x-amz-bucket-region"] == "us-east-1"
    assert head.headers["content-type"] == "application/xml"


def test_a_bucket_keeps_the_region_that_it_is_made_for(s3: Any) -> None:
    name = unique("far")
    answer = s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert answer["Location"] == f"http://{name}.s3.amazonaws.com/"
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-west-1"
    assert s3.head_bucket(Bucket=name)["BucketRegion"] == "eu-west-1"


@pytest.mark.parametrize("region", ["us-east-1", "eu-nowhere-1"])
def test_what_is_no_constraint_makes_no_bucket(engine: EngineProcess, region: str) -> None:
    body = f"<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
    answer = call(engine, "PUT", f"/{unique('far')}", body=body.encode())
    assert (answer.status, error_members(answer)["Code"]) == (400, "InvalidLocationConstraint")
    assert error_members(answer)["LocationConstraint"] == region


@pytest.mark.parametrize("name", ["xn--mine", "sthree-mine", "mine-s3alias", "mine--ol-s3"])
def test_names_that_s3_keeps_for_itself_are_refused(engine: EngineProcess, name: str) -> None:
    answer = call(engine, "PUT", f"/{name}")
    assert (answer.status, error_members(answer)["Code"]) == (400, "InvalidBucketName")


def test_errors_of_parts_name_the_upload_and_the_part(s3: Any, engine: EngineProcess, bucket: str) -> None:
    upload = begin(s3, bucket)
    etags = [s3.upload_part(**upload, PartNumber=number, Body=SMALL)["ETag"].strip('"') for number in (1, 2)]

    def complete(*parts: tuple[int, str], upload_id: str = upload["UploadId"]) -> dict[str, str]:
        listed = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{etag}</ETag></Part>" for n, etag in parts)
        body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        return error_members(call(engine, "POST", f"/{bucket}/k?uploadId={upload_id}", body=body))

    too_small = complete((1, etags[0]), (2, etags[1]))
    assert too_small["Code"] == "EntityTooSmall"
    assert (too_small["ProposedSize"], too_small["MinSizeAllowed"]) == (str(len(SMALL)), "5242880")
    assert (too_small["PartNumber"], too_small["ETag"]) == ("1", etags[0])
    invalid = complete((1, etags[0]), (7, etags[1]))
    assert invalid["Code"] == "InvalidPart"
    assert (invalid["UploadId"], invalid["PartNumber"], invalid["ETag"]) == (
        upload["UploadId"],
        "7",
        etags[1],
    )
    unknown = complete((1, etags[0]), upload_id="never-begun")
    assert (unknown["Code"], unknown["UploadId"]) == ("NoSuchUpload", "never-begun")


@pytest.mark.parametrize("names_checksum", [True, False])
def test_a_checksum_that_nobody_named_is_not_listed(s3: Any, bucket: str, names_checksum: bool) -> None:
    s3.put_object(Bucket=bucket, Key="given", Body=b"x")
    upload = begin(s3, bucket, **({"ChecksumAlgorithm": "CRC64NVME"} if names_checksum else {}))
    copied = s3.upload_part_copy(**upload, PartNumber=1, CopySource=f"{bucket}/given")["CopyPartResult"]
    (listed,) = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    parts = s3.list_parts(**upload)
    assert ("ChecksumAlgorithm" in listed, "ChecksumType" in listed) == (names_checksum, names_checksum)
    assert ("ChecksumAlgorithm" in parts, "ChecksumType" in parts) == (names_checksum, names_checksum)
    assert ("ChecksumCRC64NVME" in parts["Parts"][0], "ChecksumCRC64NVME" in copied) == (
        names_checksum,
        names_checksum,
    )


def test_no_parts_are_listed_with_the_marker_zero(s3: Any, bucket: str) -> None:
    parts = s3.list_parts(**begin(s3, bucket), PartNumberMarker=5)
    assert parts["NextPartNumberMarker"] == 0


def test_a_later_page_does_not_repeat_start_after(s3: Any, bucket: str) -> None:
    for key in "abc":
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    first = s3.list_objects_v2(Bucket=bucket, StartAfter="a", MaxKeys=1)
    assert first["StartAfter"] == "a"
    later = s3.list_objects_v2(
        Bucket=bucket, StartAfter="a", MaxKeys=1, ContinuationToken=first["NextContinuationToken"]
    )
    assert "StartAfter" not in later
    assert [item["Key"] for item in later["Contents"]] == ["c"]


def test_a_marker_inside_a_common_prefix_passes_over_the_prefix(s3: Any, bucket: str) -> None:
    for key in ("a/1", "a/2", "b/1", "c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
        s3.create_multipart_upload(Bucket=bucket, Key=key)
    objects = s3.list_objects(Bucket=bucket, Delimiter="/", Marker="a/1", MaxKeys=1)
    assert [item["Prefix"] for item in objects["CommonPrefixes"]] == ["b/"]
    assert objects["NextMarker"] == "b/"
    uploads = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/", KeyMarker="a/1", MaxUploads=1)
    assert [item["Prefix"] for item in uploads["CommonPrefixes"]] == ["b/"]
    assert uploads["NextKeyMarker"] == "b/"


CONDITIONS = [
    ({"If-None-Match": '"etag"'}, 501, "NotImplemented", {"Header": "If-None-Match"}),
    (
        {"If-None-Match": "*", "If-Match": '"etag"'},
        501,
        "NotImplemented",
        {"Header": "If-Match,If-None-Match", "Key": ABSENT},
    ),
    ({"If-Match": '"etag"'}, 404, "NoSuchKey", {"Key": "never-there"}),
]


@pytest.mark.parametrize(("headers", "status", "code", "members"), CONDITIONS)
def test_conditions_of_a_write_that_s3_does_not_have_are_refused(
    engine: EngineProcess,
    bucket: str,
    headers: dict[str, str],
    status: int,
    code: str,
    members: dict[str, str | None],
) -> None:
    answer = call(engine, "PUT", f"/{bucket}/never-there", headers, b"x")
    answered = error_members(answer)
    assert (answer.status, answered["Code"]) == (status, code)
    assert {name: answered.get(name) for name in members} == members
    assert call(engine, "HEAD", f"/{bucket}/never-there").status == 404


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"x-amz-if-match-size": "1"}, 501, "NotImplemented"),
        ({"If-Match": '"etag"'}, 412, "PreconditionFailed"),
    ],
)
def test_a_conditional_delete_is_never_made_without_its_condition(
    engine: EngineProcess, s3: Any, bucket: str, headers: dict[str, str], status: int, code: str
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"xx")
    answer = call(engine, "DELETE", f"/{bucket}/k", headers)
    assert (answer.status, error_members(answer)["Code"]) == (status, code)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"xx"
    missing = call(engine, "DELETE", f"/{bucket}/never-there", {"If-Match": '"etag"'})
    assert (missing.status, error_members(missing)["Code"]) == (404, "NoSuchKey")


def test_a_condition_on_the_source_of_a_part_is_named_as_its_header(
    engine: EngineProcess, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="given", Body=b"x")
    target = f"/{bucket}/k?partNumber=1&uploadId={begin(s3, bucket)['UploadId']}"
    source = {"x-amz-copy-source": f"{bucket}/given"}
    answer = call(engine, "PUT", target, {**source, "x-amz-copy-source-if-match": '"other"'})
    assert error_members(answer)["Condition"] == "x-amz-copy-source-If-Match"
    beyond = error_members(call(engine, "PUT", target, {**source, "x-amz-copy-source-range": "bytes=7-9"}))
    assert beyond["Code"] in ("InvalidRange", "InvalidArgument")
    assert not {"ActualObjectSize", "RangeRequested"} & beyond.keys()


def test_a_bad_value_is_named_with_its_header(engine: EngineProcess, bucket: str) -> None:
    members = error_members(call(engine, "PUT", f"/{bucket}/k", {"x-amz-acl": "everybody"}, b"x"))
    assert (members["Code"], members["ArgumentName"], members["ArgumentValue"]) == (
        "InvalidArgument",
        "x-amz-acl",
        "everybody",
    )


def test_a_version_that_is_none_is_an_invalid_argument(engine: EngineProcess, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    members = error_members(call(engine, "GET", f"/{bucket}/k?versionId=v1"))
    assert (members["Code"], members["ArgumentName"], members["ArgumentValue"]) == (
        "InvalidArgument",
        "versionId",
        "v1",
    )
    objects = [{"Key": "k", "VersionId": "v1"}]
    (error,) = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})["Errors"]
    assert (error["Key"], error["VersionId"]) == ("k", "v1")


def test_headers_as_clients_send_them_are_taken(engine: EngineProcess, s3: Any, bucket: str) -> None:
    empty = {"x-amz-acl": "", "x-amz-storage-class": "", "x-amz-server-side-encryption": ""}
    encoding = {"content-encoding": "deflate, gzip"}
    assert call(engine, "PUT", f"/{bucket}/k", {**empty, **encoding}, b"x").status == 200
    read = call(engine, "GET", f"/{bucket}/k", {"x-amz-checksum-mode": "enabled"})
    assert (read.status, read.body) == (200, b"x")
    assert read.headers["content-encoding"] == "deflate, gzip"
    assert read.headers["x-amz-checksum-crc64nvme"]


def test_a_copy_onto_itself_may_change_the_redirect(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.copy_object(Bucket=bucket, Key="k", CopySource=f"{bucket}/k", WebsiteRedirectLocation="/other")
    assert s3.head_object(Bucket=bucket, Key="k")["WebsiteRedirectLocation"] == "/other"
