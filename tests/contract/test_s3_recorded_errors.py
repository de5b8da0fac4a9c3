"""Errors and checksums of S3's answers as AWS has them: members, requests that S3 refuses, forms, old signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import socket
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from tests.engine.s3 import Answer, call, new_bucket, send, signed
from tests.support.engine import REGION, EngineProcess

LARGE = b"x" * (5 * 1024 * 1024)


@pytest.fixture
def s3(engine: EngineProcess) -> Any:
    return engine.client("s3")


@pytest.fixture
def bucket(engine: EngineProcess) -> str:
    return new_bucket(engine)


def error_members(answer: Answer) -> dict[str, str]:
    """The members of an error's XML."""
    return {node.tag: node.text or "" for node in ElementTree.fromstring(answer.body)}


def test_a_wrong_md5_is_told_with_both_digests(engine: EngineProcess, bucket: str) -> None:
    wrong_digest = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    members = error_members(call(engine, "PUT", f"/{bucket}/k", {"Content-MD5": wrong_digest}, b"body"))
    computed = base64.b64encode(hashlib.md5(b"body").digest()).decode()
    assert (members["Code"], members["ExpectedDigest"]) == ("BadDigest", wrong_digest)
    assert members["CalculatedDigest"] == computed


def test_a_text_that_is_no_md5_is_repeated(engine: EngineProcess, bucket: str) -> None:
    members = error_members(call(engine, "PUT", f"/{bucket}/k", {"Content-MD5": "short"}, b"body"))
    assert (members["Code"], members["Content-MD5"]) == ("InvalidDigest", "short")


def test_a_part_that_is_not_there_is_told_with_the_number_of_parts(
    engine: EngineProcess, bucket: str
) -> None:
    call(engine, "PUT", f"/{bucket}/k", body=b"x")
    members = error_members(call(engine, "GET", f"/{bucket}/k?partNumber=7"))
    assert (members["Code"], members["ActualPartCount"]) == ("InvalidPartNumber", "1")
    assert members["PartNumberRequested"] == "7"


@pytest.mark.parametrize(
    ("method", "target", "headers", "argument", "value"),
    [
        ("GET", "?list-type=2&max-keys=-1", {}, "maxKeys", "-1"),
        ("GET", "?list-type=2&continuation-token=%25", {}, "continuation-token", "%"),
        ("GET", "?uploads&max-uploads=-1", {}, "maxUploads", "-1"),
        ("GET", "/k?attributes", {"x-amz-object-attributes": "Colour"}, "x-amz-object-attributes", "Colour"),
        ("PUT", "/copy", {"x-amz-copy-source": "nothing"}, "x-amz-copy-source", "nothing"),
    ],
)
def test_a_value_against_a_rule_is_told_with_its_argument(
    engine: EngineProcess,
    bucket: str,
    method: str,
    target: str,
    headers: dict[str, str],
    argument: str,
    value: str,
) -> None:
    call(engine, "PUT", f"/{bucket}/k", body=b"x")
    members = error_members(call(engine, method, f"/{bucket}{target}", headers))
    assert members["Code"] == "InvalidArgument"
    assert (members["ArgumentName"], members["ArgumentValue"]) == (argument, value)


@pytest.mark.parametrize(
    ("sent", "given_back"),
    [
        ("=?UTF-8?B?aGVsbG8=?=", "hello"),
        ("=?UTF-8?Q?two_words?=", "two words"),
        ("=?UTF-8?B?w6Q=?=", "=?UTF-8?B?w6Q=?="),
        ("=?no such form", "=?no such form"),
    ],
)
def test_metadata_in_encoded_words_is_decoded_where_it_is_ascii(
    s3: Any, bucket: str, sent: str, given_back: str
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Metadata={"said": sent})
    assert s3.head_object(Bucket=bucket, Key="k")["Metadata"] == {"said": given_back}


def upload_in_parts(s3: Any, bucket: str, **more: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """An object `k` of two parts: the answers about the parts, and that of the completion."""
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", **more)["UploadId"]
    where = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    algorithm = {"ChecksumAlgorithm": more["ChecksumAlgorithm"]} if "ChecksumAlgorithm" in more else {}
    parts = [
        {"PartNumber": number, **s3.upload_part(**where, PartNumber=number, Body=body, **algorithm)}
        for number, body in ((1, LARGE), (2, b"end"))
    ]
    names = ("PartNumber", "ETag", "ChecksumSHA256", "ChecksumCRC32")
    listed = [{name: part[name] for name in names if name in part} for part in parts]
    return parts, s3.complete_multipart_upload(**where, MultipartUpload={"Parts": listed})


def test_each_part_of_a_completed_object_keeps_its_checksum(s3: Any, bucket: str) -> None:
    parts, whole = upload_in_parts(s3, bucket, ChecksumAlgorithm="SHA256")
    second = s3.get_object(Bucket=bucket, Key="k", PartNumber=2, ChecksumMode="ENABLED")
    assert second["Body"].read() == b"end"
    assert (second["ChecksumSHA256"], second["ChecksumType"]) == (parts[1]["ChecksumSHA256"], "COMPOSITE")
    first = s3.head_object(Bucket=bucket, Key="k", PartNumber=1, ChecksumMode="ENABLED")
    assert (first["ChecksumSHA256"], first["PartsCount"]) == (parts[0]["ChecksumSHA256"], 2)
    attributes = s3.get_object_attributes(
        Bucket=bucket, Key="k", ObjectAttributes=["ObjectParts", "Checksum"], MaxParts=1
    )
    assert attributes["Checksum"]["ChecksumSHA256"] == whole["ChecksumSHA256"].partition("-")[0]
    assert attributes["ObjectParts"] == {
        "TotalPartsCount": 2,
        "PartNumberMarker": 0,
        "NextPartNumberMarker": 1,
        "MaxParts": 1,
        "IsTruncated": True,
        "Parts": [{"PartNumber": 1, "Size": len(LARGE), "ChecksumSHA256": parts[0]["ChecksumSHA256"]}],
    }


def test_parts_without_a_named_checksum_are_only_counted(s3: Any, bucket: str) -> None:
    upload_in_parts(s3, bucket)
    attributes = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectParts"])
    assert attributes["ObjectParts"] == {"TotalPartsCount": 2}


@pytest.mark.parametrize("suffix", ["", "-2"])
def test_a_completion_is_held_against_the_checksum_of_the_object(s3: Any, bucket: str, suffix: str) -> None:
    _, first = upload_in_parts(s3, bucket, ChecksumAlgorithm="SHA256")
    composite = first["ChecksumSHA256"].partition("-")[0]
    upload = s3.create_multipart_upload(Bucket=bucket, Key="again", ChecksumAlgorithm="SHA256")["UploadId"]
    where = {"Bucket": bucket, "Key": "again", "UploadId": upload}
    parts = []
    for number, body in ((1, LARGE), (2, b"end")):
        part = s3.upload_part(**where, PartNumber=number, Body=body, ChecksumAlgorithm="SHA256")
        parts.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]})
    listed = {"Parts": parts}
    wrong = base64.b64encode(b"0" * 32).decode()
    with pytest.raises(s3.exceptions.ClientError, match="BadDigest"):
        s3.complete_multipart_upload(**where, MultipartUpload=listed, ChecksumSHA256=wrong)
    done = s3.complete_multipart_upload(**where, MultipartUpload=listed, ChecksumSHA256=composite + suffix)
    assert done["ChecksumSHA256"] == f"{composite}-2"


@pytest.mark.parametrize("operation", ["head_bucket", "list_objects", "get_bucket_location"])
def test_a_bucket_can_be_asked_by_a_url_of_signature_2(s3: Any, bucket: str, operation: str) -> None:
    url = urlsplit(s3.generate_presigned_url(operation, {"Bucket": bucket}))
    assert "AWSAccessKeyId" in url.query
    connection = http.client.HTTPConnection(url.netloc, timeout=30)
    connection.request("HEAD" if operation == "head_bucket" else "GET", f"{url.path}?{url.query}")
    assert connection.getresponse().status == 200
    connection.close()


def test_signature_2_in_a_header_is_refused_by_name(engine: EngineProcess, bucket: str) -> None:
    answer = send(engine, "GET", f"/{bucket}", {"Authorization": f"AWS {engine.access_key}:c2lnbmF0dXJl"})
    assert (answer.status, error_members(answer)["Code"]) == (400, "InvalidRequest")
    assert "AWS4-HMAC-SHA256" in error_members(answer)["Message"]


def test_a_call_of_sts_without_a_signature_is_refused_in_its_own_form(engine: EngineProcess) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    for answer in (send(engine, "POST", "/", form, body), send(engine, "GET", f"/?{body.decode()}")):
        root = ElementTree.fromstring(answer.body)
        namespace = "{https://sts.amazonaws.com/doc/2011-06-15/}"
        assert (answer.status, root.tag) == (403, f"{namespace}ErrorResponse")
        assert root.findtext(f"{namespace}Error/{namespace}Code") == "MissingAuthenticationToken"


def test_a_client_that_waits_with_its_body_hears_of_a_bad_signature_at_once(
    engine: EngineProcess, bucket: str
) -> None:
    headers = signed(engine, "PUT", f"/{bucket}/k", {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})
    headers["Authorization"] = headers["Authorization"][:-4] + "0000"
    fields = {**headers, "Expect": "100-continue", "Content-Length": "1000000"}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    with socket.create_connection(("127.0.0.1", engine.port), timeout=30) as connection:
        connection.sendall(f"PUT /{bucket}/k HTTP/1.1\r\n{head}\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"SignatureDoesNotMatch" in answer


def test_a_client_that_waits_with_its_body_may_send_it(s3: Any, bucket: str) -> None:
    # boto3 sends Expect with every upload.
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucket"):
        s3.put_object(Bucket="never-there-at-all", Key="k", Body=b"x" * 100_000)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x" * 100_000)


def post(engine: EngineProcess, s3: Any, bucket: str, policy: dict[str, Any], **changes: str | None) -> int:
    """Post a form of a key `in/${filename}` whose policy is this; a field that is None is left out."""
    text = base64.b64encode(json.dumps(policy).encode()).decode()
    presigned_fields = s3.generate_presigned_post(bucket, "in/${filename}", Conditions=[])["fields"]
    key = changes.pop("key", None) or "in/${filename}"
    secret = engine.secret_key.encode()
    signature = base64.b64encode(hmac.new(secret, text.encode(), hashlib.sha1).digest()).decode()
    fields = {
        "AWSAccessKeyId": presigned_fields["AWSAccessKeyId"],
        "policy": text,
        "signature": signature,
        "key": key,
    }
    fields.update({name: value or "" for name, value in changes.items()})
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
        if not (name in changes and changes[name] is None)
    ]
    file = '--b\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n1,2\r\n--b--\r\n'
    body = "".join([*parts, file]).encode()
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    return send(engine, "POST", f"/{bucket}", headers, body).status


def policy_of(*conditions: Any, expiration: str = "") -> dict[str, Any]:
    later = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"expiration": expiration or later, "conditions": list(conditions)}


def test_a_policy_is_about_the_key_with_the_name_of_the_file(
    engine: EngineProcess, s3: Any, bucket: str
) -> None:
    about_bucket = {"bucket": bucket}
    assert post(engine, s3, bucket, policy_of(about_bucket, ["eq", "$key", "in/x.csv"])) == 204
    assert post(engine, s3, bucket, policy_of(about_bucket, ["eq", "$key", "in/${filename}"])) == 403
    assert s3.head_object(Bucket=bucket, Key="in/x.csv")["ContentLength"] == 3


@pytest.mark.parametrize("expiration", ["2099-01-01", "2099-01-01 00:00:00", "2099-01-01T00:00:00", "2099"])
def test_an_expiration_has_one_form(engine: EngineProcess, s3: Any, bucket: str, expiration: str) -> None:
    conditions = ({"bucket": bucket}, ["starts-with", "$key", ""])
    assert post(engine, s3, bucket, policy_of(*conditions, expiration=expiration)) == 400


def test_empty_conditions_and_missing_signatures_are_bad_requests(
    engine: EngineProcess, s3: Any, bucket: str
) -> None:
    conditions = ({"bucket": bucket}, ["starts-with", "$key", ""])
    assert post(engine, s3, bucket, policy_of(*conditions, {})) == 400
    assert post(engine, s3, bucket, policy_of(*conditions), signature=None) == 400
    assert post(engine, s3, bucket, policy_of(*conditions), AWSAccessKeyId=None) == 400


HOSTS = [
    "{}.s3.amazonaws.com",
    "{}.s3.eu-west-1.amazonaws.com",
    "{}.s3-eu-west-1.amazonaws.com",
    "{}.s3.dualstack.eu-west-1.amazonaws.com",
    "{}.s3.cn-north-1.amazonaws.com.cn",
    "{}.localhost",
]


@pytest.mark.parametrize("host", HOSTS)
def test_a_bucket_may_be_in_every_host_name_of_s3(engine: EngineProcess, bucket: str, host: str) -> None:
    call(engine, "PUT", f"/{bucket}/a/b", body=b"body")
    headers = signed(engine, "GET", "/a/b", host=host.format(bucket))
    assert send(engine, "GET", "/a/b", headers).body == b"body"


HOSTS_WITHOUT_A_BUCKET = [
    "s3.amazonaws.com",
    "s3.dualstack.us-east-1.amazonaws.com",
    "s3-eu-west-1.amazonaws.com",
]


@pytest.mark.parametrize("host", HOSTS_WITHOUT_A_BUCKET)
def test_a_bucket_may_be_in_the_path_below_every_name_of_s3(
    engine: EngineProcess, bucket: str, host: str
) -> None:
    call(engine, "PUT", f"/{bucket}/a/b", body=b"body")
    headers = signed(engine, "GET", f"/{bucket}/a/b", host=host)
    assert send(engine, "GET", f"/{bucket}/a/b", headers).body == b"body"


def test_a_client_of_another_region_works_on_the_bucket_of_any(engine: EngineProcess, bucket: str) -> None:
    elsewhere = boto3.client(
        "s3",
        endpoint_url=engine.url,
        region_name="eu-central-1",
        aws_access_key_id=engine.access_key,
        aws_secret_access_key=engine.secret_key,
        config=Config(retries={"total_max_attempts": 1}),
    )
    elsewhere.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert elsewhere.head_bucket(Bucket=bucket)["BucketRegion"] == REGION
