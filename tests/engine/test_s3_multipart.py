"""Multipart uploads: by boto3's transfers, by hand, from other objects, and everything done wrong."""

from __future__ import annotations

import base64
import hashlib
import io
import zlib
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

from tests.engine.s3 import refused

MB = 1024 * 1024
BIG = hashlib.shake_128(b"big").digest(12 * MB)
PARTS = [BIG[: 5 * MB], BIG[5 * MB : 10 * MB], BIG[10 * MB :]]
SMALL_PARTS = TransferConfig(multipart_threshold=5 * MB, multipart_chunksize=5 * MB)


def begin(s3: Any, bucket: str, key: str = "k", **more: Any) -> dict[str, str]:
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, **more)
    return {"Bucket": bucket, "Key": key, "UploadId": upload["UploadId"]}


def send(s3: Any, upload: dict[str, str], number: int, body: bytes, **more: Any) -> dict[str, Any]:
    part = s3.upload_part(**upload, PartNumber=number, Body=body, **more)
    sums = {name: value for name, value in part.items() if name.startswith("Checksum")}
    return {"PartNumber": number, "ETag": part["ETag"], **sums}


def complete(s3: Any, upload: dict[str, str], parts: list[dict[str, Any]], **more: Any) -> Any:
    return s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **more)


def etag_of(parts: list[bytes]) -> str:
    digest = hashlib.md5(b"".join(hashlib.md5(part).digest() for part in parts)).hexdigest()
    return f'"{digest}-{len(parts)}"'


def test_boto3s_transfers_go_up_and_down(s3: Any, bucket: str) -> None:
    extra = {"ContentType": "text/csv", "Metadata": {"a": "1"}, "Tagging": "t=1"}
    s3.upload_fileobj(io.BytesIO(BIG), bucket, "in/big", Config=SMALL_PARTS, ExtraArgs=extra)
    head = s3.head_object(Bucket=bucket, Key="in/big")
    assert (head["ETag"], head["ContentLength"]) == (etag_of(PARTS), len(BIG))
    assert (head["ContentType"], head["Metadata"], head["TagCount"]) == ("text/csv", {"a": "1"}, 1)
    back = io.BytesIO()
    s3.download_fileobj(bucket, "in/big", back, Config=SMALL_PARTS)
    assert back.getvalue() == BIG


def test_boto3s_managed_copy_copies_by_parts(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="source", Body=BIG)
    s3.copy({"Bucket": bucket, "Key": "source"}, bucket, "copy", Config=SMALL_PARTS)
    copy = s3.get_object(Bucket=bucket, Key="copy")
    assert (copy["Body"].read(), copy["ETag"]) == (BIG, etag_of(PARTS))


def test_parts_may_come_in_any_order_and_again(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    send(s3, upload, 7, b"replaced")
    parts = [send(s3, upload, 7, PARTS[2]), send(s3, upload, 2, PARTS[0]), send(s3, upload, 5, PARTS[1])]
    answer = complete(s3, upload, sorted(parts, key=lambda part: int(part["PartNumber"])))
    assert answer["ETag"] == etag_of(PARTS)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == BIG


def test_parts_left_out_are_left_out(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    send(s3, upload, 1, PARTS[0])
    complete(s3, upload, [send(s3, upload, 2, b"only this")])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"only this"


def test_a_range_crosses_the_parts(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    complete(s3, upload, [send(s3, upload, n, part) for n, part in enumerate(PARTS, 1)])
    first, last = 5 * MB - 10, 10 * MB + 10
    answer = s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={first}-{last}")
    assert answer["Body"].read() == BIG[first : last + 1]


def test_an_object_can_be_read_part_by_part(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    complete(s3, upload, [send(s3, upload, n, part) for n, part in enumerate(PARTS, 1)])
    for number, part in enumerate(PARTS, 1):
        answer = s3.get_object(Bucket=bucket, Key="k", PartNumber=number)
        assert (answer["Body"].read(), answer["PartsCount"]) == (part, 3)
    assert s3.head_object(Bucket=bucket, Key="k", PartNumber=3)["ContentLength"] == len(PARTS[2])
    with refused(416, "InvalidPartNumber"):
        s3.get_object(Bucket=bucket, Key="k", PartNumber=4)
    attributes = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectParts"])
    assert attributes["ObjectParts"]["TotalPartsCount"] == 3


def test_checksums_of_parts_make_one_of_the_whole(s3: Any, bucket: str) -> None:
    crcs = [zlib.crc32(part).to_bytes(4, "big") for part in PARTS]
    composite = base64.b64encode(zlib.crc32(b"".join(crcs)).to_bytes(4, "big")).decode() + "-3"
    full = base64.b64encode(zlib.crc32(BIG).to_bytes(4, "big")).decode()
    for kind, checksum in (("COMPOSITE", composite), ("FULL_OBJECT", full)):
        upload = begin(s3, bucket, ChecksumAlgorithm="CRC32", ChecksumType=kind)
        parts = [send(s3, upload, n, part) for n, part in enumerate(PARTS, 1)]
        with refused(400, "BadDigest"):
            complete(s3, upload, parts, ChecksumCRC32="AAAAAA==")
        answer = complete(s3, upload, parts, ChecksumType=kind)
        assert (answer["ChecksumCRC32"], answer["ChecksumType"]) == (checksum, kind)
        got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
        assert (got["Body"].read(), got["ChecksumCRC32"]) == (BIG, checksum)


def test_a_checksum_that_can_not_be_of_that_kind_is_refused(s3: Any, bucket: str) -> None:
    for algorithm, kind in (("SHA256", "FULL_OBJECT"), ("CRC64NVME", "COMPOSITE")):
        with refused(400, "InvalidRequest"):
            begin(s3, bucket, ChecksumAlgorithm=algorithm, ChecksumType=kind)


def test_a_part_can_be_copied_from_a_range(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="source", Body=BIG)
    upload = begin(s3, bucket)
    where = {**upload, "CopySource": {"Bucket": bucket, "Key": "source"}}
    copied = s3.upload_part_copy(**where, PartNumber=1, CopySourceRange=f"bytes=3-{5 * MB + 2}")
    part = {"PartNumber": 1, "ETag": copied["CopyPartResult"]["ETag"]}
    complete(s3, upload, [part, send(s3, upload, 2, b"end")])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == BIG[3 : 5 * MB + 3] + b"end"
    where = {**where, **begin(s3, bucket)}
    for wrong in ("bytes=0-", "bytes=5-2", "0-5", f"bytes=0-{len(BIG)}"):
        with refused(400, "InvalidArgument"):
            s3.upload_part_copy(**where, PartNumber=1, CopySourceRange=wrong)


def test_nothing_shows_before_it_is_complete_nor_after_it_is_given_up(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    part = send(s3, upload, 1, PARTS[0])
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    s3.abort_multipart_upload(**upload)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    for again in (
        lambda: complete(s3, upload, [part]),
        lambda: send(s3, upload, 2, b"late"),
        lambda: s3.abort_multipart_upload(**upload),
        lambda: s3.list_parts(**upload),
    ):
        with refused(404, "NoSuchUpload"):
            again()
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_completing_an_upload_again_answers_with_its_object_until_that_is_replaced(
    s3: Any, bucket: str
) -> None:
    upload = begin(s3, bucket)
    part = send(s3, upload, 1, b"x")
    completed = complete(s3, upload, [part])
    assert complete(s3, upload, [part])["ETag"] == completed["ETag"]
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    s3.put_object(Bucket=bucket, Key="k", Body=b"newer")
    with refused(404, "NoSuchUpload"):
        complete(s3, upload, [part])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"newer"


def test_an_upload_that_cannot_be_completed_stays_as_it_was(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    first_part, second_part = send(s3, upload, 1, b"too small"), send(s3, upload, 2, b"x")
    for code, parts in (
        ("EntityTooSmall", [first_part, second_part]),
        ("InvalidPartOrder", [second_part, first_part]),
        ("InvalidPartOrder", [first_part, first_part]),
        ("InvalidPart", [{**first_part, "ETag": '"other"'}]),
        ("InvalidPart", [{**first_part, "PartNumber": 9}]),
        ("InvalidPart", [{**first_part, "ChecksumCRC32": "AAAAAA=="}]),
        ("MalformedXML", []),
        ("MalformedXML", [{"PartNumber": 1}]),
    ):
        with refused(400, code):
            complete(s3, upload, parts)
    with refused(400, "InvalidRequest"):
        complete(s3, upload, [first_part], MpuObjectSize=3)
    assert len(s3.list_parts(**upload)["Parts"]) == 2
    complete(s3, upload, [first_part])


def test_completing_can_be_conditional(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"there")
    upload = begin(s3, bucket)
    part = send(s3, upload, 1, b"x")
    with refused(412, "PreconditionFailed"):
        complete(s3, upload, [part], IfNoneMatch="*")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"there"


@pytest.mark.parametrize("number", [0, 10_001, -1])
def test_a_part_number_has_its_limits(s3: Any, bucket: str, number: int) -> None:
    with refused(400, "InvalidArgument"):
        send(s3, begin(s3, bucket), number, b"x")


def test_parts_are_listed_page_by_page(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    for number in (1, 3, 5, 9):
        send(s3, upload, number, b"x" * number)
    pages = list(s3.get_paginator("list_parts").paginate(**upload, PaginationConfig={"PageSize": 3}))
    assert [[part["Size"] for part in page["Parts"]] for page in pages] == [[1, 3, 5], [9]]
    assert "Parts" not in s3.list_parts(**upload, MaxParts=0)
    with refused(400, "InvalidArgument"):
        s3.list_parts(**upload, MaxParts=-1)


def test_uploads_are_listed_page_by_page(s3: Any, bucket: str) -> None:
    keys = ["a/1", "a/1", "a/2", "b", "c/1"]
    uploads = [begin(s3, bucket, key)["UploadId"] for key in keys]
    paginator = s3.get_paginator("list_multipart_uploads")
    pages = list(paginator.paginate(Bucket=bucket, PaginationConfig={"PageSize": 2}))
    assert [upload["UploadId"] for page in pages for upload in page["Uploads"]] == uploads
    rolled = list(paginator.paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1}))
    assert [item["Prefix"] for page in rolled for item in page.get("CommonPrefixes", [])] == ["a/", "c/"]
    assert [item["Key"] for page in rolled for item in page.get("Uploads", [])] == ["b"]
    assert len(s3.list_multipart_uploads(Bucket=bucket, Prefix="a/")["Uploads"]) == 3


def test_a_deleted_bucket_takes_its_uploads_along(s3: Any, bucket: str) -> None:
    send(s3, begin(s3, bucket), 1, b"x")
    s3.delete_bucket(Bucket=bucket)
    s3.create_bucket(Bucket=bucket)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
