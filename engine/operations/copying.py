"""CopyObject, and the source object of copies."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote_to_bytes

from engine.errors import ServiceError, invalid_argument
from engine.objects import ObjectInfo, ObjectReader, checksums, no_such_version
from engine.operations.conditions import check_read, check_write
from engine.operations.content import checked_key, encryption_members, kept_headers, metadata_of, quoted_etag
from engine.operations.context import Context
from engine.operations.header_tags import header_tags
from engine.operations.objects import checksum_members
from engine.operations.table import operation

#: The largest object of one copy, in bytes (S3: 5 GiB; larger ones are copied by parts).
MAX_COPY = 5 * 1024**3
_CHUNK = 1024 * 1024
#: The headers about an object's storage.
_STORAGE_HEADERS = (
    "StorageClass",
    "ServerSideEncryption",
    "SSEKMSKeyId",
    "BucketKeyEnabled",
    "WebsiteRedirectLocation",
)
#: What a copy of an object onto itself may change without replacing its metadata.
_CHANGES = ("StorageClass", "ServerSideEncryption", "WebsiteRedirectLocation")


@operation("s3", "CopyObject")
async def copy_object(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Copy an object, with its headers and metadata or with new ones."""
    with open_source(ctx, params) as reader:
        _check_copy(params, reader.info)
        check_write(params, ctx.objects.head(params["Bucket"], checked_key(params["Key"])))
        # In a thread: copying gigabytes takes seconds.
        info = await asyncio.to_thread(_copy, ctx, params, reader)
    result = {"ETag": quoted_etag(info.etag), "LastModified": info.modified, **checksum_members(info)}
    return {"CopyObjectResult": result, **encryption_members(info.headers)}


def _check_copy(params: dict[str, Any], source: ObjectInfo) -> None:
    replace = params.get("MetadataDirective") == "REPLACE"
    changes = replace or any(name in params for name in _CHANGES)
    if (source.bucket, source.key) == (params["Bucket"], params["Key"]) and not changes:
        raise ServiceError(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing "
            "the object's metadata, storage class, website redirect location or encryption attributes.",
        )
    if source.size > MAX_COPY:
        raise ServiceError(
            "InvalidRequest", f"The specified copy source is larger than the maximum size: {MAX_COPY}"
        )


def source_of(params: Mapping[str, Any]) -> tuple[str, str]:
    """The bucket and key of the copy's source. Raises InvalidArgument."""
    path = params["CopySource"].partition("?versionId=")[0]
    try:
        bucket, _, key = unquote_to_bytes(path).decode().removeprefix("/").partition("/")
    except UnicodeDecodeError:
        bucket = key = ""
    if not key:
        message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        raise invalid_argument(message, "x-amz-copy-source", params["CopySource"])
    return bucket, key


def open_source(ctx: Context, params: dict[str, Any]) -> ObjectReader:
    """Open the copy's source object.

    Raises NoSuchKey, NoSuchBucket, NoSuchVersion, PreconditionFailed, InvalidArgument.
    """
    bucket, key = source_of(params)
    version = params["CopySource"].partition("?versionId=")[2]
    if version not in ("", "null"):
        raise no_such_version()
    reader = ctx.objects.open(bucket, key)
    try:
        check_read(params, reader.info, "CopySource")
    except ServiceError:
        reader.close()
        raise
    return reader


def _new_headers(params: dict[str, Any], source: ObjectInfo) -> dict[str, str]:
    new_headers = kept_headers(params)
    if params.get("MetadataDirective") == "REPLACE":
        return new_headers
    # Headers about storage come from the request, those about the content from the source.
    described = {name: value for name, value in source.headers.items() if name not in _STORAGE_HEADERS}
    return {**described, **{name: new_headers[name] for name in _STORAGE_HEADERS if name in new_headers}}


def _copy(ctx: Context, params: dict[str, Any], reader: ObjectReader) -> ObjectInfo:
    source = reader.info
    headers = _new_headers(params, source)
    metadata = metadata_of(params) if params.get("MetadataDirective") == "REPLACE" else source.metadata
    tags = header_tags(params) if params.get("TaggingDirective") == "REPLACE" else source.tags
    source_algorithms = [checksums.algorithm_of(name) for name in source.checksums]
    algorithm = params.get("ChecksumAlgorithm") or (
        source_algorithms[0] if source_algorithms else checksums.DEFAULT
    )
    digest = checksums.new_digest(algorithm)
    with ctx.objects.writer(
        params["Bucket"], params["Key"], headers=headers, metadata=metadata, tags=tags
    ) as writer:
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            writer.write(chunk)
        computed = {checksums.member_name(algorithm): checksums.text_of(digest)}
        return writer.commit(computed, partial(check_write, params))
