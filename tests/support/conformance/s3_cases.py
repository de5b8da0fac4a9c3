"""The cases of S3's operations: members in headers, queries and XML.

S3's model has few limits; S3 refuses most bad values as InvalidArgument or MalformedXML.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from tests.support.conformance.encoding import Message
from tests.support.conformance.s3_values import REFUSING, header_text, valid_text, xml_document
from tests.support.conformance.values import BUCKET

_COMBINATIONS = 6
_DEEPEST = 6
_WHOLE_NUMBERS = ("0", "1", "-1", "2147483647", "2147483648", "9" * 30)
_NO_NUMBERS = ("many", "1.5", "0x10", "1_0", "\u0661", "1e3")
_NO_TIMES = ("never", "Thu, 99 Foo 2026 00:00:00 GMT", "2026-13-45T00:00:00Z")
_TEXTS = ("", "a", "a" * 1025, "%zz", "<&>\"'", "\u00e4", " a  b ", "*", "null", "../..", "a,b;c=d")
_KEYS = ("a" * 1024, "\u00e4/\u65e5\u672c", "a//b", "../x", "a b+c%25", "x" * 1025, "\u00e9" * 513, "?#")
_BUCKETS = (
    "ab",
    "UPPER",
    "a..b",
    "192.168.1.1",
    "a" * 64,
    "under_score",
    "no-such-bucket-here",
    "-a",
    "a\u00e4b",
)

Members = dict[str, Any]


@dataclass(frozen=True, slots=True)
class S3Case:
    """A request of S3. `refused` says whether it must be refused; None if both are right."""

    operation: str
    what: str
    message: Message
    refused: bool | None
    service: str = field(default="s3")

    @property
    def title(self) -> str:
        """The case in a line."""
        return f"s3:{self.operation}: {self.what}"


def s3_cases(model: OperationModel, resource_texts: Mapping[str, str], seed: int) -> list[S3Case]:
    """All cases of an operation. The same arguments give the same cases."""
    return list(_Maker(model, resource_texts, random.Random(f"{seed} s3 {model.name}")).cases())


class _Maker:
    def __init__(
        self, model: OperationModel, resource_texts: Mapping[str, str], source: random.Random
    ) -> None:
        self._model = model
        self._resource_texts = resource_texts
        self._random = source
        shape = model.input_shape
        self._members: Mapping[str, Shape] = shape.members if isinstance(shape, StructureShape) else {}
        self._required = list(shape.required_members) if isinstance(shape, StructureShape) else []
        self._payload = shape.serialization.get("payload") if shape else None

    def cases(self) -> Iterator[S3Case]:
        yield self._case("required members", {}, refused=False)
        message = self._message({})
        odd = Message(
            message.method, message.target, {**message.headers, "x-never-heard-of": "x"}, message.body
        )
        yield S3Case(self._model.name, "an unknown header", odd, False)
        optional = [
            n for n, m in self._members.items() if n not in self._required and m.serialization.get("location")
        ]
        for number in range(_COMBINATIONS if optional else 0):
            names = [name for name in optional if self._random.random() < (number + 1) / (_COMBINATIONS + 1)]
            members = {name: valid_text(name, self._members[name], self._resource_texts) for name in names}
            yield self._case(f"optional members {number + 1}", members, refused=None)
        for name, shape in self._members.items():
            location = shape.serialization.get("location")
            if location == "headers":
                yield from self._metadata_cases(name)
            elif location == "uri":
                texts = _KEYS if name == "Key" else _BUCKETS
                for text in texts:
                    yield self._case(f"{name} is {text[:20]!r} of {len(text)}", {name: text}, refused=None)
            elif location and name != "ContentLength":
                yield from self._text_cases(name, shape)
        payload = self._members.get(self._payload or "")
        if isinstance(payload, StructureShape):
            yield from self._xml_cases(payload)
        elif payload is not None:
            for text in ("", "x" * 70_000):
                yield self._case(
                    f"{self._payload} of {len(text)} bytes", {self._payload or "": text}, refused=None
                )

    def _text_cases(self, name: str, shape: Shape) -> Iterator[S3Case]:
        refusing = REFUSING.get((self._model.name, name), REFUSING.get(("", name), True))
        right, wrong = _texts_of(shape)
        for text in right:
            yield self._case(f"{name} is {text[:12]!r} of {len(text)}", {name: text}, refused=None)
        for text in wrong:
            yield self._case(f"{name} is {text!r}", {name: text}, refused=refusing)

    def _metadata_cases(self, name: str) -> Iterator[S3Case]:
        for what, headers, refused in (
            ("of 2,048 bytes", {"a": "x" * 2047}, False),
            ("of 2,049 bytes", {"a": "x" * 2048}, True),
            ("that is not ASCII", {"a": "\u00e4"}, None),
            ("without a name", {"": "x"}, None),
            ("of many names", {f"n{number}": "" for number in range(90)}, None),
        ):
            # A copy takes the metadata of its source over.
            must = None if self._model.name == "CopyObject" else refused
            yield self._case(f"{name} {what}", {name: headers}, refused=must)

    def _xml_cases(self, shape: StructureShape) -> Iterator[S3Case]:
        right = xml_document(shape, self._resource_texts)
        root = right[1:].partition(b" ")[0].partition(b">")[0]
        for what, body in (
            ("cut short", right[: len(right) // 2]),
            ("of another root", b"<NeverHeardOf/>"),
            ("that is none", b"none at all"),
            ("with a document type", b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + right),
            ("in another coding", right.decode().encode("utf-16-le")),
            ("nested 5,000 times", b"<a>" * 5000),
        ):
            yield self._body_case(f"XML {what}", body, refused=True)
        unknown = right.replace(b"<" + root + b">", b"<" + root + b"><NeverHeardOf>x</NeverHeardOf>", 1)
        yield self._body_case("XML with an unknown element", unknown, refused=None)
        yield self._body_case("XML with no element", b"<" + root + b"/>", refused=None)
        for path, member in _below(shape, (), 0):
            where = ".".join(path)
            for what, text, refused in _odd_contents(member):
                body = xml_document(shape, self._resource_texts, path, text)
                yield self._body_case(f"{where} {what}", body, refused=refused)

    def _body_case(self, what: str, body: bytes, *, refused: bool | None) -> S3Case:
        message = self._message({})
        return S3Case(
            self._model.name, what, Message(message.method, message.target, message.headers, body), refused
        )

    def _case(self, what: str, members: Members, *, refused: bool | None) -> S3Case:
        return S3Case(self._model.name, what, self._message(members), refused)

    def _message(self, changes: Members) -> Message:
        members = {
            n: valid_text(n, self._members[n], self._resource_texts)
            for n in self._required
            if n != self._payload
        }
        members.update(changes)
        path, _, query = self._model.http["requestUri"].partition("?")
        pairs = [query] if query else []
        headers: dict[str, str] = {}
        body = b""
        for name, value in members.items():
            shape = self._members[name]
            location, wire_name = shape.serialization.get("location"), shape.serialization.get("name", name)
            if location == "uri":
                safe = "-_.~/" if name == "Key" else "-_.~"
                path = path.replace(f"{{{name}}}", quote(value, safe=safe)).replace(
                    f"{{{name}+}}", quote(value, safe=safe)
                )
            elif location == "querystring":
                pairs.append(f"{wire_name}={quote(value, safe='-_.~')}")
            elif location == "headers":
                headers.update({wire_name + key: header_text(text) for key, text in value.items()})
            elif location == "header":
                headers[wire_name] = header_text(value)
            elif name == self._payload:
                body = value.encode()
        payload = self._members.get(self._payload or "")
        if isinstance(payload, StructureShape):
            body = xml_document(payload, self._resource_texts)
        path = path.replace("{Bucket}", BUCKET)
        return Message(
            self._model.http["method"], f"{path}?{'&'.join(pairs)}" if pairs else path, headers, body
        )


def _texts_of(shape: Shape) -> tuple[Sequence[str], Sequence[str]]:
    """Texts of a header or of a query's parameter: those that S3 may take, and those that no member of its type has."""
    if enum := shape.metadata.get("enum"):
        return enum, ["NeverHeardOf"]
    if shape.type_name in ("integer", "long"):
        return _WHOLE_NUMBERS, _NO_NUMBERS
    if shape.type_name == "boolean":
        return ["true", "false", "TRUE", ""], ["perhaps"]
    return (_NO_TIMES if shape.type_name == "timestamp" else _TEXTS), []


def _odd_contents(shape: Shape) -> Iterator[tuple[str, str | None, bool | None]]:
    """What an element holds instead: a title, its content (None: it is missing), whether it must be refused."""
    yield "is missing", None, None
    yield "is empty", "", None
    if isinstance(shape, StructureShape | ListShape):
        yield "is a text", "NeverHeardOf", None
        return
    if shape.metadata.get("enum"):
        yield "is no word of its enum", "NeverHeardOf", True
    elif shape.type_name in ("integer", "long"):
        for text in _NO_NUMBERS:
            yield f"is {text!r}", text, True
        for text in _WHOLE_NUMBERS:
            yield f"is {text}", text, None
    elif shape.type_name == "boolean":
        yield "is neither true nor false", "perhaps", True
    elif shape.type_name == "timestamp":
        yield "is no time", "never", True
    else:
        yield "is long", "a" * 1025, None
        yield "is not ASCII", "\u00e4\u65e5", None


def _below(shape: Shape, path: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], Shape]]:
    if depth > _DEEPEST or isinstance(shape, MapShape):
        return
    if isinstance(shape, ListShape):
        yield from _below(shape.member, path, depth + 1)
    elif isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield (*path, name), member
            yield from _below(member, (*path, name), depth + 1)
