"""The cases of one operation: a valid request, and requests that differ from it in one member."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape

from tests.support.conformance.texts import fits, text_of_length
from tests.support.conformance.values import Values, bounds, no_optional_members

#: Requests with optional members taken at random, of each operation.
_COMBINATIONS = 8
#: Longest list and text of a case: longer ones would only be long.
_LONGEST_LIST = 1000
_LONGEST_TEXT = 1_100_000
#: A recursive shape is followed that deep.
_DEEPEST = 9

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The request is right by the model: the operation answers it, or refuses it by an error of its own."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The service's validation error, whose message has this `constraint` and this `path`."""

    path: str
    constraint: str


@dataclass(frozen=True, slots=True)
class Mistyped:
    """The value has another type than the member: a SerializationException. `in_forms`: it has so in a form too."""

    in_forms: bool


Expectation = Accepted | Refused | Mistyped


@dataclass(frozen=True, slots=True)
class Case:
    """A request: `what` says what is special, `document` has its members in the forms of Python."""

    service: str
    operation: str
    what: str
    document: Mapping[str, Any]
    expected: Expectation

    @property
    def title(self) -> str:
        """The case in a line."""
        return f"{self.service}:{self.operation}: {self.what}"


def operation_cases(
    service: str, model: OperationModel, resource_texts: Mapping[str, str], seed: int
) -> list[Case]:
    """All cases of an operation of a JSON, CBOR, query or REST-JSON service. The same arguments give the same cases."""
    shape = model.input_shape
    if shape is None:
        return [Case(service, model.name, "nothing", {}, Accepted())]
    assert isinstance(shape, StructureShape)
    return list(_Maker(service, model.name, shape, Values(resource_texts), seed).cases())


class _Maker:
    def __init__(
        self, service: str, operation: str, shape: StructureShape, values: Values, seed: int
    ) -> None:
        self._service = service
        self._operation = operation
        self._shape = shape
        self._values = values
        self._random = random.Random(f"{seed} {service} {operation}")

    def cases(self) -> Iterator[Case]:
        yield self._case("required members", self._document(), Accepted())
        yield self._case("an unknown member", {**self._document(), "NeverHeardOf": "x"}, Accepted())
        for number in range(_COMBINATIONS):
            share = (number + 1) / (_COMBINATIONS + 1)
            document = self._values.value(
                self._shape, choose=lambda path, s=share: self._random.random() < s ** len(path)
            )
            yield self._case(f"optional members {number + 1}", document, Accepted())
        for path, shape, required in _members(self._shape, (), 0):
            yield from self._member_cases(path, shape, required=required)

    def _member_cases(self, path: Path, shape: Shape, *, required: bool) -> Iterator[Case]:
        where = wire_path(path)
        if required:
            constraint = Refused(where, "Member must not be null")
            yield self._changed(f"{where} is missing", path, _Missing, constraint)
            yield self._changed(f"{where} is null", path, None, constraint)
        if isinstance(shape, StructureShape):
            yield from self._mistyped(path, where, shape, ["text", [], 7])
            value = {**self._values.value(shape), "NeverHeardOf": "x"}
            if not getattr(shape, "is_tagged_union", False):
                yield self._changed(f"{where} with an unknown member", path, value, Accepted())
        elif isinstance(shape, ListShape | MapShape):
            yield from self._collection_cases(path, where, shape)
        elif isinstance(shape, StringShape):
            yield from self._text_cases(path, where, shape)
        elif shape.type_name in ("integer", "long", "float", "double"):
            yield from self._number_cases(path, where, shape)
        elif shape.type_name == "boolean":
            yield from self._mistyped(path, where, shape, ["perhaps", [], {}])
            yield self._changed(f"{where} is true", path, True, Accepted())
        elif shape.type_name == "timestamp":
            yield from self._mistyped(path, where, shape, ["never", [], {}, True])
            for number in (0, -1, 253402300799):
                yield self._changed(f"{where} is {number}", path, number, Accepted())

    def _collection_cases(self, path: Path, where: str, shape: ListShape | MapShape) -> Iterator[Case]:
        is_list = isinstance(shape, ListShape)
        yield from self._mistyped(path, where, shape, ["text", 7, {} if is_list else []])
        low, high = shape.metadata.get("min", 0), shape.metadata.get("max")
        make: Any = self._values.items if is_list else self._values.entries
        if low > 0:
            refused = Refused(where, f"Member must have length greater than or equal to {low}")
            yield self._changed(f"{where} of {low - 1}", path, make(shape, low - 1), refused)
        if high is None or high > _LONGEST_LIST:
            return
        for count in {low, high} - {0}:
            value = make(shape, count)
            if len(value) == count:
                yield self._changed(f"{where} of {count}", path, value, Accepted())
        refused = Refused(where, f"Member must have length less than or equal to {high}")
        value = make(shape, high + 1)
        if len(value) == high + 1:
            yield self._changed(f"{where} of {high + 1}", path, value, refused)

    def _text_cases(self, path: Path, where: str, shape: StringShape) -> Iterator[Case]:
        low, high, pattern = bounds(shape)
        yield from self._mistyped(path, where, shape, [7, 1.5, True, ["x"], {"x": "y"}])
        if shape.enum:
            constraint = f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
            for word in ("NeverHeardOf", f"{shape.enum[0]} ", ""):
                yield self._changed(f"{where} is {word!r}", path, word, Refused(where, constraint))
            for word in (shape.enum[0], shape.enum[-1]):
                yield self._changed(f"{where} is {word!r}", path, word, Accepted())
            return
        if low > 0:
            refused = Refused(where, f"Member must have length greater than or equal to {low}")
            yield self._changed(f"{where} of {low - 1} characters", path, "a" * (low - 1), refused)
        if high is not None and high < _LONGEST_TEXT:
            refused = Refused(where, f"Member must have length less than or equal to {high}")
            yield self._changed(f"{where} of {high + 1} characters", path, "a" * (high + 1), refused)
        for length in {low, high}:
            text = text_of_length(pattern, length) if length and length < _LONGEST_TEXT else None
            if text is not None:
                yield self._changed(f"{where} of {length} characters", path, text, Accepted())
        for text in _odd_texts(low, high):
            right = fits(pattern, text)
            expected = (
                Accepted()
                if right
                else Refused(where, f"Member must satisfy regular expression pattern: {pattern}")
            )
            yield self._changed(f"{where} is {text[:20]!r}", path, text, expected)

    def _number_cases(self, path: Path, where: str, shape: Shape) -> Iterator[Case]:
        whole = shape.type_name in ("integer", "long")
        yield from self._mistyped(path, where, shape, ["many", True, [], {}])
        if whole:
            yield from self._mistyped(path, where, shape, [1.5, 2**63])
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if low is not None:
            refused = Refused(where, f"Member must have value greater than or equal to {low}")
            yield self._changed(f"{where} is {low - 1}", path, low - 1, refused)
            yield self._changed(f"{where} is {low}", path, low, Accepted())
        if high is not None:
            refused = Refused(where, f"Member must have value less than or equal to {high}")
            yield self._changed(f"{where} is {high}", path, high, Accepted())
            if not whole or high + 1 < 2**31:
                yield self._changed(f"{where} is {high + 1}", path, high + 1, refused)
        elif shape.type_name == "integer":
            yield self._changed(f"{where} is the largest", path, 2**31 - 1, Accepted())
            yield from self._mistyped(path, where, shape, [2**31])

    def _mistyped(self, path: Path, where: str, shape: Shape, values: list[Any]) -> Iterator[Case]:
        for value in values:
            is_number_or_text = isinstance(value, str | int | float) and not isinstance(value, bool)
            expected = Mistyped(is_number_or_text and not isinstance(shape, StringShape))
            yield self._changed(f"{where} is {value!r}", path, value, expected)

    def _changed(self, what: str, path: Path, value: Any, expected: Expectation) -> Case:
        document = self._document()
        _put(document, self._shape, path, value, self._values)
        return self._case(what, document, expected)

    def _document(self) -> dict[str, Any]:
        return copy.deepcopy(self._values.value(self._shape, choose=no_optional_members))

    def _case(self, what: str, document: Mapping[str, Any], expected: Expectation) -> Case:
        return Case(self._service, self._operation, what, document, expected)


class _Missing:
    """Stands for a member that is left out."""


def _odd_texts(low: int, high: int | None) -> Iterator[str]:
    for text in ("\u00e4 \u65e5\u672c \U0001f600", "a\nb\tc", "$%^&<>\"'\\", " ", "\u0000\u0001\u007f"):
        repeated = text if len(text) >= low else text * (low // len(text) + 1)
        if high is None or len(repeated) <= high:
            yield repeated


def wire_path(path: Path) -> str:
    """A member's path in AWS's messages: `tags.1.member.key`."""
    parts = ["1.member" if part == 0 else str(part)[:1].lower() + str(part)[1:] for part in path]
    return ".".join(parts)


def _members(shape: StructureShape, path: Path, depth: int) -> Iterator[tuple[Path, Shape, bool]]:
    """All members below a structure, with their paths and whether they are required; of lists the first item."""
    for name, member in shape.members.items():
        yield (*path, name), member, name in shape.required_members
        yield from _below(member, (*path, name), depth + 1)


def _below(shape: Shape, path: Path, depth: int) -> Iterator[tuple[Path, Shape, bool]]:
    if depth > _DEEPEST:
        return
    if isinstance(shape, StructureShape):
        yield from _members(shape, path, depth)
    elif isinstance(shape, ListShape):
        yield (*path, 0), shape.member, False
        yield from _below(shape.member, (*path, 0), depth + 1)


def _put(document: Any, shape: Shape, path: Path, value: Any, values: Values) -> None:
    """Set the member at the path; structures and lists on the way to it are made, with what they require."""
    part, *rest = path
    if isinstance(shape, ListShape):
        member: Shape = shape.member
        key: Any = 0
        exists = bool(document)
    else:
        assert isinstance(shape, StructureShape)
        member, key = shape.members[str(part)], part
        exists = part in document
        if getattr(shape, "is_tagged_union", False):
            for rival in [name for name in document if name != part]:
                del document[rival]
    if rest:
        if not exists:
            value_on_the_way = values.value(member, str(part))
            document.append(value_on_the_way) if isinstance(document, list) else document.__setitem__(
                key, value_on_the_way
            )
        _put(document[key], member, tuple(rest), value, values)
    elif value is _Missing:
        document.pop(key, None)
    elif isinstance(document, list):
        document[:1] = [value]
    else:
        document[key] = value
