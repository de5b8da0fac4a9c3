"""Checksums: verified on the way in, computed where a client gives none, given back to who asks."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import Any

import pytest
from awscrt import checksums as crt

from tests.engine.s3 import call, refused
from tests.support.engine import EngineProcess

BODY = b"a,b,c\n" * 5000


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


EXPECTED = {
    "CRC32": base64_of(zlib.crc32(BODY).to_bytes(4, "big")),
    "CRC32C": base64_of(crt.crc32c(BODY).to_bytes(4, "big")),
    "CRC64NVME": base64_of(crt.crc64nvme(BODY).to_bytes(8, "big")),
    "SHA1": base64_of(hashlib.sha1(BODY).digest()),
    "SHA256": base64_of(hashlib.sha256(BODY).digest()),
}


def test_boto3_sends_a_crc32_by_itself_and_checks_it_on_the_way_back(s3: Any, bucket: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="k", Body=BODY)
    assert (put["ChecksumCRC32"], put["ChecksumType"]) == (EXPECTED["CRC32"], "FULL_OBJECT")
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["ChecksumCRC32"] == EXPECTED["CRC32"]
    assert got["Body"].read() == BODY


@pytest.mark.parametrize("algorithm", EXPECTED)
def test_every_algorithm_is_verified_kept_and_given_back(s3: Any, bucket: str, algorithm: str) -> None:
    name = f"Checksum{algorithm}"
    s3.put_object(Bucket=bucket, Key="k", Body=BODY, ChecksumAlgorithm=algorithm)
    assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")[name] == EXPECTED[algorithm]
    assert name not in s3.head_object(Bucket=bucket, Key="k")
    assert s3.list_objects_v2(Bucket=bucket)["Contents"][0]["ChecksumAlgorithm"] == [algorithm]
    wrong = base64_of(bytes(len(base64.b64decode(EXPECTED[algorithm]))))
    with refused(400, "BadDigest"):
        s3.put_object(Bucket=bucket, Key="other", Body=BODY, **{name: wrong})
    with refused(400, "InvalidRequest"):
        s3.put_object(Bucket=bucket, Key="other", Body=BODY, **{name: "short"})
    with refused(404):
        s3.head_object(Bucket=bucket, Key="other")


def test_an_upload_without_a_checksum_gets_a_crc64nvme(engine: EngineProcess, s3: Any, bucket: str) -> None:
    assert call(engine, "PUT", f"/{bucket}/k", body=BODY).status == 200
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert head["ChecksumCRC64NVME"] == EXPECTED["CRC64NVME"]


def test_two_checksums_at_once_are_refused(engine: EngineProcess, bucket: str) -> None:
    headers = {f"x-amz-checksum-{name.lower()}": EXPECTED[name] for name in ("CRC32", "SHA256")}
    answer = call(engine, "PUT", f"/{bucket}/k", headers, BODY)
    assert answer.status == 400
    assert b"Expecting a single x-amz-checksum- header" in answer.body


def test_a_content_md5_is_verified(s3: Any, bucket: str) -> None:
    right = base64_of(hashlib.md5(BODY).digest())
    s3.put_object(Bucket=bucket, Key="k", Body=BODY, ContentMD5=right)
    with refused(400, "BadDigest"):
        s3.put_object(Bucket=bucket, Key="k", Body=BODY, ContentMD5=base64_of(bytes(16)))
    with refused(400, "InvalidDigest"):
        s3.put_object(Bucket=bucket, Key="k", Body=BODY, ContentMD5="nonsense")


def test_a_part_of_an_object_comes_without_the_checksum_of_the_whole(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=BODY)
    assert "ChecksumCRC32" not in s3.get_object(Bucket=bucket, Key="k", Range="bytes=0-4")


def test_attributes_are_those_asked_for(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=BODY, ChecksumAlgorithm="SHA256")
    attributes = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
    answer = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=attributes)
    assert answer["ETag"] == hashlib.md5(BODY).hexdigest()
    assert answer["Checksum"] == {"ChecksumSHA256": EXPECTED["SHA256"], "ChecksumType": "FULL_OBJECT"}
    assert (answer["StorageClass"], answer["ObjectSize"]) == ("STANDARD", len(BODY))
    assert "ObjectParts" not in answer
    only = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectSize"])
    assert "ETag" not in only
    with refused(400, "InvalidArgument"):
        s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["Colour"])
