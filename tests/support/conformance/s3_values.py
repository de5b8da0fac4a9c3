"""Valid texts and XML of S3's members, and S3's error codes."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from botocore.model import ListShape, Shape, StructureShape

from tests.support.conformance.values import BUCKET, COPIED_KEY, KEY

_TEXTS: dict[str, str] = {
    "Bucket": BUCKET,
    "Key": KEY,
    "CopySource": f"{BUCKET}/{COPIED_KEY}",
    "PartNumber": "1",
    "Range": "bytes=0-1",
    "CopySourceRange": "bytes=0-1",
    "ContentType": "text/csv",
    "Tagging": "a=b",
    "ExpectedBucketOwner": "000000000000",
    "ExpectedSourceBucketOwner": "000000000000",
    "ObjectAttributes": "ETag",
    "ContentLength": "0",
    "MaxKeys": "2",
    "IfMatch": '"etag"',
    "IfNoneMatch": '"etag"',
    "LocationConstraint": "eu-west-1",
    "ETag": '"d41d8cd98f00b204e9800998ecf8427e"',
    "AllowedMethod": "GET",
    "AllowedMethods": "GET",
    "Days": "1",
    "Date": "2027-01-01T00:00:00Z",
}

#: Members whose bad values S3 does not refuse: it stores or ignores them. By (operation, member), "" for any.
REFUSING: dict[tuple[str, str], bool | None] = {
    ("", "PartNumber"): None,
    ("", "EncodingType"): True,
    ("", "RequestPayer"): None,
}

#: The error codes of a valid request for what is not there or not possible.
_ABSENT_CODES = """
    NoSuchKey NoSuchUpload NoSuchBucket NoSuchVersion NoSuchTagSet NoSuchCORSConfiguration NoSuchLifecycleConfiguration
    NoSuchPublicAccessBlockConfiguration NoSuchBucketPolicy NoSuchWebsiteConfiguration
    OwnershipControlsNotFoundError ServerSideEncryptionConfigurationNotFoundError ObjectLockConfigurationNotFoundError
    ReplicationConfigurationNotFoundError AccessControlListNotSupported
    BucketNotEmpty BucketAlreadyOwnedByYou InvalidPart NotImplemented
"""
ABSENT_CODES = frozenset(_ABSENT_CODES.split())

#: All error codes of S3 that an answer may have.
_FURTHER_CODES = """
    AccessDenied AuthorizationHeaderMalformed BadDigest BucketAlreadyExists
    EntityTooLarge EntityTooSmall InvalidPartNumber
    IllegalLocationConstraintException IncompleteBody InvalidArgument InvalidBucketName InvalidDigest
    InvalidEncryptionAlgorithmError InvalidLocationConstraint InvalidObjectState InvalidPartOrder InvalidRange
    InvalidRequest InvalidStorageClass InvalidTag InvalidTargetBucketForLogging InvalidToken InvalidURI
    KeyTooLongError MalformedACLError MalformedPolicy MalformedXML MetadataTooLarge MethodNotAllowed
    MissingContentLength MissingRequestBodyError PreconditionFailed RequestTimeout SignatureDoesNotMatch
    UnexpectedContent XAmzContentSHA256Mismatch XAmzContentChecksumMismatch BadRequest URITooLong
    RequestHeaderSectionTooLarge NotModified InvalidBucketState IllegalVersioningConfigurationException
"""
S3_CODES = ABSENT_CODES | frozenset(_FURTHER_CODES.split())


def valid_text(name: str, shape: Shape, resource_texts: Mapping[str, str]) -> str | dict[str, str]:
    """A valid text of a header, a query's parameter or an element; a header of many names is a dict."""
    if shape.type_name == "map":
        return {"conformance": "x"}
    if name.lower() in resource_texts:
        return resource_texts[name.lower()]
    if name in _TEXTS:
        return _TEXTS[name]
    if enum := shape.metadata.get("enum"):
        return str(enum[0])
    texts = {"boolean": "true", "integer": "1", "long": "1", "timestamp": "Thu, 01 Jan 2026 00:00:00 GMT"}
    return texts.get(shape.type_name, "conformance")


def header_text(text: str) -> str:
    """The text as http.client takes it: the bytes of UTF-8 as Latin-1."""
    return text.encode().decode("latin-1")


def xml_document(
    shape: StructureShape,
    resource_texts: Mapping[str, str],
    path: tuple[str, ...] = (),
    text: str | None = None,
) -> bytes:
    """The XML of a payload with its required members. The member at `path` has `text` as its content, or is missing."""
    root = shape.serialization.get("name", shape.name)
    return f"<{root}>{_content(shape, resource_texts, path, text)}</{root}>".encode()


def _content(shape: Shape, resource_texts: Mapping[str, str], path: tuple[str, ...], text: str | None) -> str:
    if isinstance(shape, StructureShape):
        names = [
            name
            for name in shape.members
            if name in shape.required_members or path[:1] == (name,) or not shape.required_members
        ]
        if not shape.required_members and path:
            names = [name for name in names if name == path[0]]
        return "".join(_element(name, shape.members[name], resource_texts, path, text) for name in names[:8])
    if isinstance(shape, ListShape):
        tag = shape.member.serialization.get("name", "member")
        return f"<{tag}>{_content(shape.member, resource_texts, path, text)}</{tag}>"
    return escape(str(valid_text(shape.name, shape, resource_texts)))


def _element(
    name: str, shape: Shape, resource_texts: Mapping[str, str], path: tuple[str, ...], text: str | None
) -> str:
    tag = shape.serialization.get("name", name)
    if shape.serialization.get("xmlAttribute"):
        return ""
    if path == (name,):
        return "" if text is None else f"<{tag}>{escape(text)}</{tag}>"
    below = path[1:] if path[:1] == (name,) else ()
    if isinstance(shape, ListShape) and shape.serialization.get("flattened"):
        item = shape.member
        tag = item.serialization.get("name", tag)
        return f"<{tag}>{_scalar_or_content(name, item, resource_texts, below, text)}</{tag}>"
    return (
        f"<{tag}{_attributes(shape)}>{_scalar_or_content(name, shape, resource_texts, below, text)}</{tag}>"
    )


def _attributes(shape: Shape) -> str:
    members = shape.members.values() if isinstance(shape, StructureShape) else ()
    attributes = [member for member in members if member.serialization.get("xmlAttribute")]
    texts = [f' {member.serialization["name"]}="{member.metadata["enum"][0]}"' for member in attributes]
    namespace = shape.serialization["xmlNamespace"] if attributes else {}
    return "".join([f' xmlns:{namespace["prefix"]}="{namespace["uri"]}"', *texts]) if attributes else ""


def _scalar_or_content(
    name: str, shape: Shape, resource_texts: Mapping[str, str], path: tuple[str, ...], text: str | None
) -> str:
    if isinstance(shape, StructureShape | ListShape):
        return _content(shape, resource_texts, path, text) if len(path) < 8 else ""
    return escape(str(valid_text(name, shape, resource_texts)))
