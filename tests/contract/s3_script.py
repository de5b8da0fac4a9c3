"""The calls that both servers are asked, in order; each may need what those before it did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Call = tuple[str, str, dict[str, Any]]

PART = b"p" * (5 * 1024 * 1024)


def script(bucket: str, answers: dict[str, Any]) -> Iterator[Call]:
    """(name, boto3 method, arguments); `answers` has what was answered so far, by name."""
    here = {"Bucket": bucket}
    k, absent = {**here, "Key": "k"}, {**here, "Key": "absent"}
    yield "create bucket", "create_bucket", here
    yield "head bucket", "head_bucket", here
    yield "head no bucket", "head_bucket", {"Bucket": "no-such-bucket-here"}
    yield "bad bucket name", "create_bucket", {"Bucket": "ab"}
    yield "location", "get_bucket_location", here
    yield "versioning", "get_bucket_versioning", here
    yield "list empty", "list_objects_v2", here
    yield from _objects(k, absent)
    yield from _ranges(k)
    yield from _conditions(k, answers)
    yield from _copies(here, k, absent)
    yield from _tags(k, absent)
    yield from _listings(here)
    yield from _multipart(here, answers)
    yield "delete", "delete_object", k
    yield "delete absent", "delete_object", absent
    yield "bucket not empty", "delete_bucket", here
    objects = [{"Key": key} for key in ("a", "a/1", "a/2", "b//c", "é", "copy", "replaced", "big")]
    yield "delete many", "delete_objects", {**here, "Delete": {"Objects": objects}}
    yield "delete many quietly", "delete_objects", {**here, "Delete": {"Objects": objects, "Quiet": True}}
    yield "delete bucket", "delete_bucket", here
    yield "put into no bucket", "put_object", {**k, "Body": b""}
    yield "list no bucket", "list_objects_v2", here


def _objects(k: dict[str, Any], absent: dict[str, Any]) -> Iterator[Call]:
    described = {"ContentType": "text/csv", "CacheControl": "no-cache", "Metadata": {"by": "me"}}
    yield "put", "put_object", {**k, "Body": b"0123456789", **described}
    yield (
        "put with sha256",
        "put_object",
        {**k, "Body": b"0123456789", "ChecksumAlgorithm": "SHA256", **described},
    )
    yield (
        "put with wrong md5",
        "put_object",
        {**absent, "Key": "md5", "Body": b"x", "ContentMD5": "AAAAAAAAAAAAAAAAAAAAAA=="},
    )
    yield "delete wrong", "delete_object", {**absent, "Key": "md5"}
    yield "get", "get_object", k
    yield "head", "head_object", k
    yield "get absent", "get_object", absent
    yield "head absent", "head_object", absent
    yield "get no bucket", "get_object", {"Bucket": "no-such-bucket-here", "Key": "k"}
    attributes = ["ETag", "ObjectSize", "StorageClass"]
    yield "attributes", "get_object_attributes", {**k, "ObjectAttributes": attributes}


def _ranges(k: dict[str, Any]) -> Iterator[Call]:
    for header in ("bytes=2-4", "bytes=7-", "bytes=-3", "bytes=5-99", "bytes=10-"):
        yield f"get {header}", "get_object", {**k, "Range": header}


def _conditions(k: dict[str, Any], answers: dict[str, Any]) -> Iterator[Call]:
    etag = answers["put"]["ETag"]
    yield "if match", "get_object", {**k, "IfMatch": etag}
    yield "if match fails", "get_object", {**k, "IfMatch": '"other"'}
    yield "if none match", "head_object", {**k, "IfNoneMatch": etag}
    yield "put if none there", "put_object", {**k, "Body": b"x", "IfNoneMatch": "*"}
    yield "put if match", "put_object", {**k, "Body": b"0123456789", "IfMatch": etag}
    yield "put if match fails", "put_object", {**k, "Body": b"x", "IfMatch": '"other"'}


def _copies(here: dict[str, Any], k: dict[str, Any], absent: dict[str, Any]) -> Iterator[Call]:
    yield "copy", "copy_object", {**here, "Key": "copy", "CopySource": k}
    yield "get copy", "get_object", {**here, "Key": "copy"}
    replace = {"MetadataDirective": "REPLACE", "Metadata": {"new": "1"}, "ContentType": "text/plain"}
    yield "copy anew", "copy_object", {**here, "Key": "replaced", "CopySource": k, **replace}
    yield "get copy anew", "get_object", {**here, "Key": "replaced"}
    yield "copy onto itself", "copy_object", {**k, "CopySource": k}
    yield "copy absent", "copy_object", {**here, "Key": "copy", "CopySource": absent}


def _tags(k: dict[str, Any], absent: dict[str, Any]) -> Iterator[Call]:
    tags = {"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2 3"}]}
    yield "put tags", "put_object_tagging", {**k, "Tagging": tags}
    yield "get tags", "get_object_tagging", k
    yield "head with tags", "head_object", k
    yield "delete tags", "delete_object_tagging", k
    yield "get no tags", "get_object_tagging", k
    yield "tags of absent", "get_object_tagging", absent


def _listings(here: dict[str, Any]) -> Iterator[Call]:
    for key in ("a", "a/1", "a/2", "b//c", "é"):
        yield f"put {key}", "put_object", {**here, "Key": key, "Body": key.encode()}
    yield "list v2", "list_objects_v2", here
    yield "list v1", "list_objects", here
    yield "list prefix", "list_objects_v2", {**here, "Prefix": "a"}
    yield "list delimiter", "list_objects_v2", {**here, "Delimiter": "/"}
    yield "list folder", "list_objects_v2", {**here, "Prefix": "a/", "Delimiter": "/"}
    yield "list page", "list_objects_v2", {**here, "MaxKeys": 2}
    yield "list v1 page", "list_objects", {**here, "MaxKeys": 2, "Delimiter": "/"}
    yield "list after", "list_objects_v2", {**here, "StartAfter": "a/1"}
    yield "list versions", "list_object_versions", {**here, "Prefix": "a/"}


def _multipart(here: dict[str, Any], answers: dict[str, Any]) -> Iterator[Call]:
    big = {**here, "Key": "big"}
    yield "begin", "create_multipart_upload", {**big, "ContentType": "text/csv"}
    upload = {**big, "UploadId": answers["begin"]["UploadId"]}
    yield "part 1", "upload_part", {**upload, "PartNumber": 1, "Body": PART}
    yield "part 2", "upload_part", {**upload, "PartNumber": 2, "Body": b"end"}
    yield "parts", "list_parts", upload
    yield "uploads", "list_multipart_uploads", here
    parts = [{"PartNumber": n, "ETag": answers[f"part {n}"]["ETag"]} for n in (1, 2)]
    yield "complete in wrong order", "complete_multipart_upload", _complete(upload, parts[::-1])
    yield (
        "complete with wrong part",
        "complete_multipart_upload",
        _complete(upload, [{**parts[0], "ETag": '"x"'}]),
    )
    yield "complete", "complete_multipart_upload", _complete(upload, parts)
    yield "head big", "head_object", big
    yield "complete again", "complete_multipart_upload", _complete(upload, parts)
    yield "begin another", "create_multipart_upload", big
    another = {**big, "UploadId": answers["begin another"]["UploadId"]}
    yield "abort", "abort_multipart_upload", another
    yield "abort again", "abort_multipart_upload", another


def _complete(upload: dict[str, Any], parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {**upload, "MultipartUpload": {"Parts": parts}}
