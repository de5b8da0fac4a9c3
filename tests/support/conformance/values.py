"""Valid values of botocore's shapes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from tests.support.conformance.texts import fits, text_for

BUCKET = "conformance"
KEY = "in/data.csv"
#: The source of copies: copying an object onto itself is refused.
COPIED_KEY = "in/other.csv"
INSTANCE_TYPE = "ml.m5.large"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"

#: Seconds since 1970 of every timestamp: 2026-01-01.
NOW = 1_767_225_600

#: Texts by the end of a member's name: forms that no pattern tells. The first that fits is taken.
_HINTS: list[tuple[str, str]] = [
    (r"Image(Uri)?$", IMAGE),
    (r"^InstanceType$", INSTANCE_TYPE),
    (r"Role(Arn|ARN)?$", "arn:aws:iam::000000000000:role/Conformance"),
    (r"(S3Uri|S3Path|OutputPath|ModelDataUrl|Uri|Url)$", f"s3://{BUCKET}/{KEY}"),
    (r"^Bucket$", BUCKET),
    (r"^Key$", KEY),
    (r"ContentType$", "text/csv"),
    (r"^PipelineDefinition$", json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": []})),
    (
        r"^TemplateBody$",
        json.dumps({"Resources": {"Group": {"Type": "AWS::SSM::Parameter", "Properties": {}}}}),
    ),
    (r"^ScheduleExpression$", "rate(1 hour)"),
    (r"^EventPattern$", json.dumps({"source": ["aws.sagemaker"]})),
    (r"^DashboardBody$", json.dumps({"widgets": []})),
    (r"(?i)policy(Document|Text|Body)?$", json.dumps({"Version": "2012-10-17", "Statement": []})),
    (r"^ServiceCode$", "sagemaker"),
]

#: A recursive shape is followed that deep.
_DEEPEST = 12

#: Whether an optional member is given: its path and shape.
Choice = Callable[[tuple[str, ...]], bool]


def no_optional_members(_: tuple[str, ...]) -> bool:
    """The choice of a request with its required members alone."""
    return False


class Values:
    """Makes valid values. `resource_texts` has texts by member name that name things which exist."""

    def __init__(self, resource_texts: Mapping[str, str]) -> None:
        self._resource_texts = resource_texts

    def value(
        self, shape: Shape, name: str = "", choose: Choice = no_optional_members, path: tuple[str, ...] = ()
    ) -> Any:
        """A valid value of the shape; `name` is the member that it is for."""
        if isinstance(shape, StructureShape):
            return self._structure(shape, choose, path)
        if isinstance(shape, ListShape):
            low = max(shape.metadata.get("min", 1), 1)
            return self.items(shape, low, choose, (*path, "0"))
        if isinstance(shape, MapShape):
            low = max(shape.metadata.get("min", 1), 1)
            return self.entries(shape, low, choose, (*path, "0"))
        if isinstance(shape, StringShape):
            return self.text(shape, name)
        return _plain_value(shape)

    def _structure(self, shape: StructureShape, choose: Choice, path: tuple[str, ...]) -> dict[str, Any]:
        if len(path) > _DEEPEST:
            return {}
        names = [n for n in shape.members if n in shape.required_members or choose((*path, n))]
        if getattr(shape, "is_tagged_union", False):
            names = (names or list(shape.members))[:1]
        if not names and path:
            # A form cannot hold an empty structure.
            names = [n for n, member in shape.members.items() if not _has_members(member)][:1]
        return {n: self.value(shape.members[n], n, choose, (*path, n)) for n in names}

    def items(
        self,
        shape: ListShape,
        count: int,
        choose: Choice = no_optional_members,
        path: tuple[str, ...] = (),
    ) -> list[Any]:
        """That many items; names and keys in them differ."""
        item = self.value(shape.member, shape.member.name, choose, path)
        return [_numbered(item, shape.member, number) if number else item for number in range(count)]

    def entries(
        self, shape: MapShape, count: int, choose: Choice = no_optional_members, path: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """That many entries."""
        value = self.value(shape.value, shape.value.name, choose, path)
        key = self.text(shape.key, shape.key.name)
        return {_numbered(key, shape.key, number) if number else key: value for number in range(count)}

    def text(self, shape: Shape, name: str) -> str:
        """A text that the shape allows: one that exists, one in the usual form, else any that matches."""
        low, high, pattern = bounds(shape)
        enum = shape.metadata.get("enum", ())
        hints = [text for hint, text in _HINTS if re.search(hint, name[:1].upper() + name[1:])]
        for text in (self._resource_texts.get(name.lower()), *hints, *enum[:1]):
            if text is not None and (text in enum if enum else allows(shape, text)):
                return text
        return text_for(pattern, max(low, 1), high) or "a" * max(low, 1)


def _has_members(shape: Shape) -> bool:
    return isinstance(shape, StructureShape | ListShape | MapShape)


def bounds(shape: Shape) -> tuple[int, int | None, str | None]:
    """Least and most characters and the pattern of a text."""
    return shape.metadata.get("min", 0), shape.metadata.get("max"), shape.metadata.get("pattern")


def allows(shape: Shape, text: str) -> bool:
    """Whether length and pattern of a text are right."""
    low, high, pattern = bounds(shape)
    return low <= len(text) and (high is None or len(text) <= high) and fits(pattern, text)


def _plain_value(shape: Shape) -> Any:
    if shape.type_name == "boolean":
        return False
    if shape.type_name == "timestamp":
        return NOW
    if shape.type_name == "blob":
        return b"conformance"
    low, high = shape.metadata.get("min", 1), shape.metadata.get("max")
    number = max(low, 1) if high is None or high >= 1 else high
    return number if shape.type_name in ("integer", "long") else float(number)


def _numbered(value: Any, shape: Shape, number: int) -> Any:
    """The value with a number at the end of its first text, if that is still allowed."""
    if isinstance(shape, StructureShape):
        copy = dict(value)
        for name, member in shape.members.items():
            if name in copy and isinstance(member, StringShape) and not member.enum:
                copy[name] = _numbered(copy[name], member, number)
                break
        return copy
    if isinstance(shape, StringShape):
        text = f"{value}{number}"
        shorter = f"{value[: -len(str(number))]}{number}"
        return next((t for t in (text, shorter) if not shape.enum and allows(shape, t)), value)
    return value
