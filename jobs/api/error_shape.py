"""The shape of all errors of the API: {"error": {…}} with the members of RFC 9457 beside it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any


def error_body(
    status: int,
    code: str,
    message: str,
    request_id: str,
    fields: Mapping[str, list[str]] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """The JSON of an error; `fields` maps a field to sentences that say what it must be.

    `more` are further members for programs, such as a job's id; those that are None are left out.
    """
    beside = {name: value for name, value in more.items() if value is not None}
    error = {"code": code, "message": message, "fields": dict(fields or {}), "request_id": request_id}
    return {
        "error": {**error, **beside},
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": message,
    }
