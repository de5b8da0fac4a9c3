"""Strategies of changes that make a right request odd."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

Place = tuple[str | int, ...]

#: Values that stand for others in documents. Half of a surrogate pair and numbers that JSON lacks are among them.
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 2**31, -(2**31) - 1, 2**63, 2**64, 10**400, -(10**400)]),
    st.sampled_from([0.5, -0.0, 1e308, float("nan"), float("inf"), float("-inf")]),
    st.sampled_from(
        ["", " ", "\x00", "\ud800", "\udfff\ud800", "\ufffe", "\u202e", "1e999", "NaN", "-1", "\u0661"]
    ),
    st.sampled_from(
        ["s3://", "s3://b", "s3://../..", "arn:aws:", "2026-13-45T99:99:99Z", "$[", "*", "{}", "%"]
    ),
    st.sampled_from(["x" * 1025, "\u00e9" * 7000, "a," * 5000, "{" * 3000, "[" * 3000, "(" * 3000]),
    st.sampled_from([{}, [], [None], [[]], ["x"] * 1001, {"": ""}, {"\x00": None}, {"a": {"b": ["c"]}}]),
    st.builds(lambda depth: _nested(depth), st.sampled_from([10, 70, 150])),
    st.text(max_size=30),
    st.integers(),
    st.floats(),
)

_JSON_TOKENS = [
    *rb'{ } [ ] , : " "" null NaN 1e999 - "\ud800" \u0000 /* "a":1,"a":2,'.split(),
    *[b"\xff", b"\xef\xbb\xbf", b"\x00", b"[" * 5000, b'{"a":' * 2000, b"9" * 5000],
]
_XML_TOKENS = [
    *b"< > /> & &amp; &a; &#0; &#1; &#xd800; <!-- --> <![CDATA[ ]]> <?a?> <a:b/> <Key/> <Key>a</Key>".split(),
    *b"<PartNumber>-1</PartNumber> <VersionId>x</VersionId>".split(),
    *[b'<!DOCTYPE a [<!ENTITY a "b">]>', b'<?xml version="1.1" encoding="utf-16"?>', b' xmlns="urn:a"'],
    *[b"<a>" * 400, b"<a>" * 3000, b"9" * 5000, b"\x00", b"\xff", b"\xc2\x85", b"\xef\xbb\xbf"],
]
_FORM_TOKENS = [
    *b"& = % %zz %00 %ff %01 . .member. .member.1 .member.99999999999= .member.-1= .entry.1.key= .1 + ;".split(),
    *b"&Action= &Action=GetCallerIdentity &Version= NaN 1e999 -1 &= &a&a=1&a.b=2".split(),
    *[b"&a.b.c" * 2000, b".a" * 3000, b"9" * 5000, b"\x00", b"\xff"],
]
#: Breaks, indefinite lengths, tags, simple values, lengths beyond the end, deep nesting, keys that are numbers.
_CBOR_TOKENS = [
    *[bytes([byte]) for byte in b"\xff\x9f\xbf\x5f\x7f\xc0\xc1\xdf\xf6\xf7\x1c"],
    *[b"\xc2\x49", b"\xd9\xd9\xf7", b"\xf8\x20", b"\xf9\x7e\x00", b"\xfb\x7f\xf0" + b"\x00" * 6, b"\xa1\x00"],
    *[bytes([head]) + b"\xff" * 8 for head in b"\x1b\x3b\x5b\x9b\xbb\xdb"],
    *[
        b"\x7b" + b"\x7f" * 8,
        b"\xbb\x00\x00\x00\x01" + b"\x00" * 4,
        b"\x81" * 5000,
        b"\xc1" * 5000,
        b"\x62\xc3\x28",
    ],
]
_HEAD_TOKENS = [
    *b", ; = / % - 0 AWS4-HMAC-SHA256 Credential= Signature= SignedHeaders= SignedHeaders=;; host;host".split(),
    *[b" ", b"\t", b'"', b"AWS a:b", b"Basic YTpi", b"\xe4", b"\xff", b"9" * 30, b"x" * 3000],
]
_CHUNK_TOKENS = [
    *b"; chunk-signature= ffffffffffffffff -1 0x10 +5 _ : x-amz-checksum-crc32: x-amz-trailer-signature:".split(),
    *[b"\r\n", b"\n", b"\r", b" ", b"\x00", b"0\r\n\r\n", b"x-amz-checksum-crc32:AAAAAA==\r\n"],
    *[b"a:b\r\n" * 40, b"0" * 5000, b"a" * 5000],
]

TOKENS: Mapping[str, Sequence[bytes]] = {
    "json": _JSON_TOKENS,
    "rest-json": _JSON_TOKENS,
    "rest-xml": _XML_TOKENS,
    "query": _FORM_TOKENS,
    "smithy-rpc-v2-cbor": _CBOR_TOKENS,
    "head": _HEAD_TOKENS,
    "chunks": _CHUNK_TOKENS,
}


def _words(text: str) -> list[str]:
    return text.split()


_SEGMENTS = [
    *_words(
        ". .. %2e%2e %2F %00 %zz % %ff %c3%28 %ed%a0%80 // + %20 \xe4 \xc3\xa4 %E2%80%AE * %0a %0d%0a %EF%BF%BE"
    ),
    *_words("%F0%9F%98%80 & ; ? ' <b>"),
    *[" ", "x" * 1024, "x" * 1025, "%C3%A9" * 512, "%C3%A9" * 513, "x" * 9000],
]
_NAMES = """
    acl attributes continuation-token cors delete delimiter encoding-type encryption key-marker lifecycle
    list-type location marker max-buckets max-keys max-parts max-uploads partNumber part-number-marker policy
    prefix response-content-type response-expires start-after tagging uploadId uploads upload-id-marker
    versionId version-id-marker versioning versions website x-id X-Amz-Signature X-Amz-Expires X-Amz-Date
    X-Amz-Credential X-Amz-Algorithm X-Amz-Security-Token Signature Expires AWSAccessKeyId Action Version
    notification select select-type legal-hold retention object-lock append
"""
_WORDS = [
    *_words(
        "0 1 -1 2 1001 99999999999999999999 \xd9\xa1 1_0 1e3 true url %zz %ff %00 a%0ab / %2F * null a=b=c %25"
    ),
    *_words("%F4%8F%BF%BF %EF%BF%BF aaaa MTI="),
    *_words("20261201T000000Z AWS4-HMAC-SHA256 Thu,%2001%20Jan%201970%2000:00:00%20GMT"),
    *["", "x" * 2000],
]
_HEADERS = """
    Content-MD5 Content-Type Content-Encoding Cache-Control Expires If-Match If-None-Match If-Modified-Since
    If-Unmodified-Since If-Range Range x-amz-acl x-amz-checksum-crc32 x-amz-checksum-crc64nvme
    x-amz-checksum-sha256 x-amz-checksum-mode x-amz-checksum-type x-amz-checksum-algorithm x-amz-copy-source
    x-amz-copy-source-range x-amz-copy-source-if-match x-amz-copy-source-if-modified-since
    x-amz-metadata-directive x-amz-tagging-directive x-amz-meta-a x-amz-meta- x-amz-mp-object-size
    x-amz-object-attributes x-amz-sdk-checksum-algorithm x-amz-storage-class x-amz-tagging x-amz-trailer
    x-amz-website-redirect-location x-amz-expected-bucket-owner x-amz-decoded-content-length
    x-amz-server-side-encryption x-amz-server-side-encryption-customer-algorithm x-amz-object-lock-mode
    x-amz-write-offset-bytes x-amz-if-match-size x-amz-if-match-last-modified-time
    x-amz-bypass-governance-retention x-amz-security-token x-amz-max-parts x-amz-part-number-marker
    x-amz-request-payer x-amz-source-expected-bucket-owner Accept-Encoding X-Amz-Target smithy-protocol Expect
    Upgrade Connection TE X-HTTP-Method-Override X-Amz-User-Agent Cookie Date x-amz-grant-read
"""
_RANGES = [
    *_words(
        "bytes=0- bytes=-1 bytes=-0 bytes=5-2 bytes=0-0,2-3 bytes=99999999999999999999- bytes bytes=a-b lines=1-2"
    ),
    *["bytes= 0 - 1 ", "bytes=" + "0-1," * 500],
]
_VALUES = [
    *_words(
        """* " "" W/"a" 0 -1 1 null enabled ENABLED CRC32 COPY REPLACE AES256 aws:kms COMPOSITE FULL_OBJECT"""
    ),
    *_words(
        "1970-01-01T00:00:00Z 99999-01-01 0001-01-01T00:00:00+23:59 \xe4 \xff\xfe \xc3\xa4 a=b&c a=b&a=c"
    ),
    *_words("%zz=%ff / //"),
    *_words(
        "conformance/in/data.csv /conformance conformance/in/data.csv?versionId=x =?UTF-8?Q?=ff?= =?x?y?z?="
    ),
    *_words(
        "AAAAAA== AAAA=AAA 100-continue websocket close trailers DELETE rpc-v2-cbor SageMaker. private id=1"
    ),
    *["", " ", "9" * 40, "x" * 5000, "not base64"],
    *["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 32 Foo 99999 99:99:99 XYZ"],
]

SEGMENTS = st.one_of(
    st.sampled_from(_SEGMENTS),
    st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x7f#?"), max_size=12),
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(_HEADERS.split()),
        st.one_of(
            st.sampled_from([*_VALUES, *_RANGES]),
            st.text(
                st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=20
            ),
        ),
    ),
    max_size=4,
)
_QUERY_NAMES = st.one_of(
    st.sampled_from(_NAMES.split()), st.sampled_from(["", "%ff", "%00", "%zz", "x" * 200])
)
QUERIES = st.lists(
    st.one_of(
        _QUERY_NAMES,
        st.builds(
            "{}={}".format,
            _QUERY_NAMES,
            st.sampled_from(_WORDS),
        ),
    ),
    max_size=4,
).map("&".join)
METHODS = st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS"])


def _nested(depth: int) -> Any:
    value: Any = "x"
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


@st.composite
def odd_documents(draw: st.DrawFn, document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with odd values in one or two places."""
    odd = dict(copy.deepcopy(document))
    for _ in range(draw(st.integers(0, 2))):
        places = list(_places(odd, ()))
        if places:
            _put(odd, draw(st.sampled_from(places)), copy.deepcopy(draw(VALUES)))
    return odd


@st.composite
def odd_bytes(draw: st.DrawFn, content: bytes, protocol: str, most: int = 3) -> bytes:
    """The bytes with tokens of the protocol put in, and some left out."""
    odd = content
    for _ in range(draw(st.integers(0, most))):
        start = draw(st.integers(0, len(odd)))
        end = draw(st.integers(start, min(len(odd), start + draw(st.sampled_from([0, 0, 1, 4, 1000])))))
        token = draw(st.one_of(st.sampled_from(TOKENS[protocol]), st.binary(max_size=3)))
        odd = odd[:start] + token + odd[end:]
    return odd


def json_bytes(document: Any) -> bytes:
    """The document as JSON, with words such as NaN that JSON lacks."""
    return json.dumps(document).encode()


def _places(value: Any, place: Place) -> Iterator[Place]:
    items: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, item in list(items)[:30]:
        yield (*place, key)
        if len(place) < 12:
            yield from _places(item, (*place, key))


def _put(document: Any, place: Place, value: Any) -> None:
    for part in place[:-1]:
        document = document[part]
    document[place[-1]] = value
