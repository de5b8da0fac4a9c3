"""Parsing and writing XML by botocore shapes, for the REST-XML and query protocols."""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from botocore.model import ListShape, MapShape, Shape, StructureShape

from engine.errors import ServiceError
from engine.wire.text_values import from_text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")
_SPECIAL = re.compile(r"[\x00-\x08\x0b-\x1f&<>]")
#: Shapes whose words the operation checks: S3 has an error of its own for them.
_CHECKED_LATER = ("BucketLocationConstraint",)
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def parse_xml(shape: Shape, body: bytes, most_tags: int) -> Any:
    """Parse a request's XML; its root element must have the shape's name.

    Raises MalformedXML, also for more than `most_tags` tags, counting opening and closing ones before parsing. Refuses
    document types, so that entities cannot expand.
    """
    # The parser would read UTF-16, in which neither types nor tags are seen here; it has zero bytes.
    if b"\0" in body or b"<!DOCTYPE" in body or b"<!ENTITY" in body or body.count(b"<") > most_tags:
        raise malformed_xml()
    try:
        # Always UTF-8, whatever coding the XML names: codings exist in which the checks above see nothing.
        parser = ElementTree.XMLParser(encoding="utf-8")  # noqa: S314 - no document type, size bounded by the caller
        root = ElementTree.fromstring(body, parser)  # noqa: S314
    except (ElementTree.ParseError, ValueError, LookupError):
        raise malformed_xml() from None
    if _local(root.tag) != shape.serialization.get("name", _local(root.tag)):
        raise malformed_xml()
    return _parse(shape, root)


def malformed_xml() -> ServiceError:
    """S3's error for invalid XML."""
    return ServiceError(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )


def _parse(shape: Shape, node: ElementTree.Element) -> Any:
    if isinstance(shape, StructureShape):
        members = ((name, _member(name, member, node)) for name, member in shape.members.items())
        value = {name: item for name, item in members if item is not None}
        if not value.keys() >= set(shape.required_members):
            raise malformed_xml()
        return value
    if isinstance(shape, ListShape):
        return [_parse(shape.member, child) for child in node]
    text = node.text or ""
    if text not in shape.metadata.get("enum", (text,)) and shape.name not in _CHECKED_LATER:
        raise malformed_xml()
    try:
        return from_text(shape.type_name, text)
    except ValueError:
        raise malformed_xml() from None


def _member(name: str, shape: Shape, node: ElementTree.Element) -> Any:
    tag = shape.serialization.get("name", name)
    if shape.serialization.get("xmlAttribute"):
        return next((text for key, text in node.items() if _local(key) == tag.rpartition(":")[2]), None)
    children = [child for child in node if _local(child.tag) == tag]
    if isinstance(shape, ListShape) and shape.serialization.get("flattened"):
        return [_parse(shape.member, child) for child in children] if children else None
    return _parse(shape, children[0]) if children else None


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def write_xml(name: str, shape: Shape, value: Any) -> str:
    """Write an element `name` with a value of that shape; members that are None are omitted."""
    if value is None:
        return ""
    if isinstance(shape, ListShape):
        return _write_list(name, shape, value)
    return f"<{name}{_write_attributes(shape, value)}>{write_content(shape, value)}</{name}>"


def write_content(shape: Shape, value: Any) -> str:
    """Write the content of an element."""
    if isinstance(shape, StructureShape):
        return "".join(
            [
                write_xml(tag, member, value[name])
                for name, tag, member in _elements(shape)
                if value.get(name) is not None
            ]
        )
    if isinstance(shape, MapShape):
        raise TypeError("no operation here answers with a map in XML")
    return escape_text(_text(shape, value))


def escape_text(text: str) -> str:
    """Escape the text of an element. Control characters are written as numbers, as S3 does, so that carriage returns
    survive. XML does not allow the others, for which clients use EncodingType."""
    if not _SPECIAL.search(text):
        return text
    return _CONTROL.sub(lambda match: f"&#{ord(match[0])};", escape(text))


@functools.cache
def _elements(shape: StructureShape) -> list[tuple[str, str, Shape]]:
    """The structure's members that are elements, as (name, tag, shape). Cached: listings use it very often."""
    return [
        (name, member.serialization.get("name", name), member)
        for name, member in shape.members.items()
        if "location" not in member.serialization and not member.serialization.get("xmlAttribute")
    ]


@functools.cache
def _attributes(shape: Shape) -> list[tuple[str, str]]:
    """The structure's members that are attributes, as (name, tag). Cached as `_elements`."""
    members = shape.members if isinstance(shape, StructureShape) else {}
    return [
        (name, member.serialization["name"])
        for name, member in members.items()
        if member.serialization.get("xmlAttribute")
    ]


def _write_attributes(shape: Shape, value: Any) -> str:
    attributes = _attributes(shape)
    if not attributes:
        return ""
    namespace = shape.serialization["xmlNamespace"]
    texts = "".join(f" {tag}={quoteattr(str(value[name]))}" for name, tag in attributes if name in value)
    return f' xmlns:{namespace["prefix"]}="{namespace["uri"]}"{texts}'


def _write_list(name: str, shape: ListShape, value: list[Any]) -> str:
    if shape.serialization.get("flattened"):
        tag = shape.member.serialization.get("name", name)
        return "".join(write_xml(tag, shape.member, item) for item in value)
    tag = shape.member.serialization.get("name", "member")
    return f"<{name}>{''.join(write_xml(tag, shape.member, item) for item in value)}</{name}>"


def _text(shape: Shape, value: Any) -> str:
    if shape.type_name == "boolean":
        return "true" if value else "false"
    if shape.type_name == "timestamp":
        return iso8601(value)
    return str(value)


def iso8601(epoch: float) -> str:
    """The time in S3's XML form, with milliseconds."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
