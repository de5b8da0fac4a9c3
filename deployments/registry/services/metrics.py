"""A version's metrics: the numbers in the S3 documents of its ModelMetrics, and in its metadata."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aws import GatewayError, Target, objects
from aws.packages import PackageVersion
from deployments.registry.services.calls import answers, registry_call
from jobs.models import Connection
from transform.json_values import read_json
from transform.keys import parse_s3_uri

#: Bytes read of a document, numbers shown of it, and how deep it may be nested.
_MOST_BYTES = 256 * 1024
_MOST_NUMBERS = 60
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Metric:
    """One number with its standard deviation; `name` has the names of the objects it lies in, with slashes."""

    name: str
    value: float
    deviation: float | None = None


@dataclass(frozen=True, slots=True)
class MetricDocument:
    """A document of ModelMetrics, such as "Model quality statistics". `problem` says why it has no metrics."""

    title: str
    uri: str
    metrics: tuple[Metric, ...] = ()
    problem: str = ""


def documents(connection: Connection, version: PackageVersion) -> list[MetricDocument]:
    """The documents of the version's ModelMetrics. One that cannot be read says why."""
    sources = _sources(version.metrics)
    if not sources:
        return []
    with registry_call(connection, "DescribeModelPackage") as target:
        read = answers(lambda source: _document(target, *source), sources)
    return [
        document or MetricDocument(title, uri, problem="It could not be read in time.")
        for (title, uri), document in zip(sources, read, strict=True)
    ]


def numbers_in_metadata(version: PackageVersion) -> list[Metric]:
    """The CustomerMetadataProperties that are numbers."""
    metrics = []
    for name, text in sorted(version.custom.items()):
        number = _number(text)
        if number is not None:
            metrics.append(Metric(name, number))
    return metrics


def first_metrics(target: Target, version: PackageVersion, most: int = 3) -> list[Metric]:
    """Some of the version's numbers for a list: those of its metadata, else of its first document that has any."""
    if metrics := numbers_in_metadata(version):
        return metrics[:most]
    for title, uri in _sources(version.metrics):
        if metrics := list(_document(target, title, uri).metrics):
            return metrics[:most]
    return []


def _sources(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Title and S3 URI of each document: {"ModelQuality": {"Statistics": {"S3Uri": …}}}."""
    return [
        (f"{_words(section)} {_words(part).lower()}", source["S3Uri"])
        for section, parts in metrics.items()
        for part, source in parts.items()
        if source.get("S3Uri")
    ]


def _words(name: str) -> str:
    """ModelQuality as "Model quality"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def _document(target: Target, title: str, uri: str) -> MetricDocument:
    try:
        bucket, key = parse_s3_uri(uri)
        body = objects.read(target, bucket, key, limit=_MOST_BYTES + 1)
    except ValueError:
        return MetricDocument(title, uri, problem="This is no address of an object in S3.")
    except GatewayError as error:
        return MetricDocument(title, uri, problem=f"It cannot be read: {error.sentence}")
    if body is None:
        return MetricDocument(title, uri, problem="There is no such object.")
    if len(body) > _MOST_BYTES:
        return MetricDocument(title, uri, problem="It has more than 256 KB; open it in S3.")
    try:
        content = read_json(body)
    except (ValueError, RecursionError):
        return MetricDocument(title, uri, problem="It is no JSON; open it in S3.")
    metrics = tuple(_metrics(content))
    return MetricDocument(title, uri, metrics, "" if metrics else "It has no numbers.")


def _metrics(content: Any) -> Iterator[Metric]:
    """The first numbers of a document."""
    for count, metric in enumerate(_numbers(content, ())):
        if count >= _MOST_NUMBERS:
            return
        yield metric


def _numbers(content: Any, path: tuple[str, ...]) -> Iterator[Metric]:
    """The numbers in nested objects; {"value": 4.9, "standard_deviation": 2.1} is one metric of both."""
    if isinstance(content, Mapping) and len(path) < _DEEPEST:
        value = _number(content.get("value"))
        if value is not None:
            yield Metric(" / ".join(path) or "value", value, _number(content.get("standard_deviation")))
            return
        for name, inner in content.items():
            yield from _numbers(inner, (*path, str(name)))
    elif path and (value := _number(content)) is not None:
        yield Metric(" / ".join(path), value)


def _number(value: Any) -> float | None:
    """A finite number, which may be a text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
