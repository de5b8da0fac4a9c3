"""Each answer of the API that a test gets from Django's client is held against the OpenAPI schema."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator, FormatChecker

ROOT = "/api/v1/"
#: The schema's own addresses, which are not in it.
_UNLISTED = ("/api/v1/schema/", "/api/v1/docs/")
_FORMATS = FormatChecker()


@_FORMATS.checks("date-time", raises=ValueError)
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def checked(send: Callable[..., Any]) -> Callable[..., Any]:
    """Django's `Client.request`, which then raises AssertionError where the answer is not as the schema has it."""

    @functools.wraps(send)
    def request(client: Client, **environ: Any) -> Any:
        answer = send(client, **environ)
        path = str(answer.request["PATH_INFO"])
        if path.startswith(ROOT) and not path.startswith(_UNLISTED):
            check(answer, path)
        return answer

    return request


def check(answer: Any, path: str) -> None:
    """Raise AssertionError for a status, body or accepted query word that the schema does not have."""
    method = answer.request["REQUEST_METHOD"].lower()
    where = f"{method.upper()} {path} answered {answer.status_code}"
    operations = operations_at(path)
    if operations is None or method not in operations:
        assert answer.status_code >= 400 or method in {"head", "options"}, f"{where}, which the schema lacks"
        return
    operation = operations[method]
    documented = operation["responses"].get(str(answer.status_code))
    assert documented is not None, f"{where}, a status that the schema lacks"
    if answer.status_code < 400:
        declared_words = {item["name"] for item in operation.get("parameters", []) if item["in"] == "query"}
        words = set(getattr(answer.wsgi_request, "GET", {}))
        assert words <= declared_words, f"{where} to {words - declared_words}, which the schema lacks"
    _check_body(answer, documented.get("content", {}), where)


def _check_body(answer: Any, content: dict[str, Any], where: str) -> None:
    if not content:
        assert answer.streaming or not answer.content, f"{where} with a body that the schema lacks"
        return
    kind = answer.headers["Content-Type"].partition(";")[0]
    assert kind in content, f"{where} as {kind}, which the schema lacks"
    if kind == "application/json":
        problems = validator(content[kind]["schema"]).iter_errors(answer.json())
        messages = [f"{error.json_path}: {error.message[:300]}" for error in problems]
        assert not messages, f"{where}, but {messages}"


@functools.cache
def document() -> dict[str, Any]:
    """The OpenAPI document, as it is served."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


def operations_at(path: str) -> dict[str, Any] | None:
    """The operations of an address by method; None for an address that the schema lacks."""
    fits = [item for pattern, item in _paths() if pattern.fullmatch(path)]
    return fits[0] if fits else None


@functools.cache
def _paths() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Each address as a pattern; those without a placeholder go first, as they do where addresses are resolved."""
    paths = sorted(document()["paths"].items(), key=lambda item: item[0].count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), item) for path, item in paths]


def validator(schema: dict[str, Any]) -> Any:
    """What holds a value to a part of the document, where no field may be that the document lacks."""
    return _validator(json.dumps(schema, sort_keys=True))


@functools.cache
def _validator(schema: str) -> Any:
    """The validator of a schema's JSON: each holds the whole document, so one is made for each schema only."""
    whole = {**strict(json.loads(schema)), "components": _components()}
    return Draft202012Validator(whole, format_checker=_FORMATS)


@functools.cache
def _components() -> dict[str, Any]:
    schemas = document()["components"]["schemas"]
    return {"schemas": {name: strict(schema) for name, schema in schemas.items()}}


def strict(schema: Any) -> Any:
    """A schema of the document that allows no undeclared field."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    strict_schema = {name: strict(value) for name, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and "type" in schema:
        strict_schema.setdefault("additionalProperties", False)
    return strict_schema
