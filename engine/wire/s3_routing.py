"""Finds the S3 operation of a request by method, bucket, key, query and headers."""

from __future__ import annotations

import functools
from collections.abc import Collection
from dataclasses import dataclass

from botocore.model import OperationModel

from engine.aws_models import service_model


@dataclass(frozen=True, slots=True)
class _Route:
    """The requirements for a request to be this operation, from its `requestUri` and required members."""

    operation: str
    query: frozenset[tuple[str, str]]
    query_members: frozenset[str]
    header_members: frozenset[str]

    def matches(self, query: dict[str, str], headers: Collection[str]) -> bool:
        literal = all(name in query and value in ("", query[name]) for name, value in self.query)
        members = self.query_members.issubset(query) and self.header_members.issubset(headers)
        return literal and members

    @property
    def weight(self) -> int:
        """Of several matching routes, the one with most requirements applies."""
        return 2 * len(self.query) + len(self.query_members) + len(self.header_members)


def find_operation(
    method: str, *, bucket: bool, key: bool, query: dict[str, str], headers: Collection[str]
) -> OperationModel | None:
    """The S3 operation of a request, or None. `headers` are lower-case names."""
    routes = _routes().get((method, _level(bucket, key)), ())
    matching_routes = [route for route in routes if route.matches(query, headers)]
    if not matching_routes:
        return None
    return service_model("s3").operation_model(max(matching_routes, key=lambda route: route.weight).operation)


@functools.cache
def _routes() -> dict[tuple[str, str], list[_Route]]:
    model = service_model("s3")
    routes: dict[tuple[str, str], list[_Route]] = {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        if operation.deprecated:
            # A newer operation has the same request.
            continue
        path, _, query = operation.http["requestUri"].partition("?")
        level = _level("{Bucket}" in path, "{Key+}" in path)
        routes.setdefault((operation.http["method"], level), []).append(_route(operation, query))
    return routes


def _route(operation: OperationModel, query: str) -> _Route:
    literal = frozenset(part.partition("=")[::2] for part in query.split("&") if part)
    members: dict[str, set[str]] = {"querystring": set(), "header": set()}
    shape = operation.input_shape
    required = [shape.members[name] for name in shape.required_members] if shape else []
    for member in required:
        serialization = member.serialization
        members.get(serialization.get("location", ""), set()).add(serialization.get("name", member.name))
    headers = frozenset(header.lower() for header in members["header"])
    return _Route(operation.name, literal, frozenset(members["querystring"]), headers)


def _level(bucket: bool, key: bool) -> str:
    return "object" if key else "bucket" if bucket else "service"
