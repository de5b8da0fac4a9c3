"""One boto3 script against moto's S3 and against the engine: same answers, but for what is named here."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.contract.s3_script import script
from tests.engine.resources import unique
from tests.support.engine import REGION, EngineProcess
from tests.support.moto import MotoServer

#: Different every time, or about who answers and not what.
VOLATILE = {
    "RequestId",
    "HostId",
    "RetryAttempts",
    "LastModified",
    "UploadId",
    "Owner",
    "Initiator",
    "Initiated",
    "Location",
    "NextContinuationToken",
}
#: Headers that say more than the parsed answer.
HEADERS = ("content-range", "accept-ranges", "x-amz-tagging-count", "x-amz-bucket-region")
#: Sentences are each server's own.
PROSE = {"Message"}

#: What differs, and why: patterns of the script's calls and of the paths in their answers.
ALLOWED = {
    ("*", "*.ChecksumType"): "S3 says what a checksum stands for; moto does not",
    ("list *", "*.ChecksumAlgorithm.*"): "S3 has it in every kind of listing; moto in ListObjectsV2 only",
    ("bad bucket name", ".Error.BucketName"): "S3's error names the bucket",
    ("* bucket", ".BucketArn"): "S3 has it, as was recorded from it",
    ("*", ".ServerSideEncryption"): "as above",
    ("complete with wrong part", ".Error.*"): "as above",
    ("put with wrong md5", "*"): "moto does not look at Content-MD5",
    ("get bytes=10-", ".ResponseMetadata.content-range"): "RFC 9110 wants it with a 416",
    ("if none match", "*"): "a HEAD with If-None-Match is a 304; moto's parsed answer holds more",
    ("list v1*", ".Marker"): "S3 repeats it though it is empty",
    ("*", ".Prefix"): "as above",
    (
        "list v1 page",
        "*",
    ): "moto does not count common prefixes against MaxKeys, nor is its NextMarker a name",
    ("list versions", ".EncodingType"): "boto3 asked for it",
    ("complete*", ".ChecksumCRC64NVME"): "S3 computes one for the whole object if no algorithm is chosen",
    ("complete*", ".VersionId"): "S3 sends none where versions are not kept",
    ("complete in wrong order", ".Error.Code"): "moto looks at sizes first; the order is what is wrong",
    ("delete many quietly", "*"): "moto does not know Quiet",
}


def observe(client: Any, bucket: str) -> dict[str, dict[str, Any]]:
    """What each call of the script came to: the fields of the answer by path."""
    answers: dict[str, Any] = {}
    observed: dict[str, dict[str, Any]] = {}
    for name, method, arguments in script(bucket, answers):
        try:
            answer = getattr(client, method)(**arguments)
        except ClientError as error:
            answer = error.response
        answers[name] = answer
        observed[name] = dict(_fields("", answer))
    return observed


def _fields(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "HTTPHeaders":
                yield from ((f"{path}.{name}", item[name]) for name in HEADERS if name in item)
            elif key not in VOLATILE | PROSE:
                yield from _fields(f"{path}.{key}", item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _fields(f"{path}.{index}", item)
    else:
        yield path, value


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoServer]:
    server = MotoServer().start()
    yield server
    server.stop()


def test_the_engine_answers_as_moto_does(engine: EngineProcess, moto: MotoServer) -> None:
    bucket = unique("differential")
    theirs = observe(
        boto3.client(
            "s3",
            endpoint_url=moto.url,
            region_name=REGION,
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(retries={"total_max_attempts": 1}),
        ),
        bucket,
    )
    ours = observe(engine.client("s3"), bucket)
    assert list(ours) == list(theirs)
    differences = {
        (name, path): (theirs[name].get(path), ours[name].get(path))
        for name in ours
        for path in ours[name].keys() | theirs[name].keys()
        if ours[name].get(path) != theirs[name].get(path)
    }
    reasons = {reason_for(*what) for what in differences}
    unexpected = {what: how for what, how in differences.items() if reason_for(*what) is None}
    assert not unexpected, "\n".join(
        f"{what}: moto {how[0]!r}, engine {how[1]!r}" for what, how in unexpected.items()
    )
    assert reasons == set(ALLOWED), "what no longer differs needs no reason"


def reason_for(name: str, path: str) -> tuple[str, str] | None:
    """The entry of ALLOWED that such a difference falls under."""
    return next((what for what in ALLOWED if fnmatchcase(name, what[0]) and fnmatchcase(path, what[1])), None)
