"""What a script's functions return, as an answer: the values that the Flask server of the images takes.

A Flask response is known by its attributes, so that Flask is imported only by scripts that use it.
"""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from http_server import Reply

#: Flask's content type of a text without one.
_TEXT = "text/html; charset=utf-8"
_JSON = "application/json"
_STATUSES = {str(number) for number in range(200, 600)}
#: Statuses whose answers have no body.
_WITHOUT_BODY = (204, 304)
#: A Flask view's tuple: body, status, headers.
_LONGEST_TUPLE = 3


def transform_reply(result: Any) -> Reply:
    """The answer for the result of `transform_fn` or `output_fn`. Raises TypeError.

    A tuple is (body, content type) there, and what stands behind these two is ignored.
    """
    if not isinstance(result, tuple):
        return _reply(result)
    if len(result) == 1:
        raise TypeError("output_fn returned a tuple of one; return text or bytes, or (body, content type)")
    body, kind = result[:2]
    if not isinstance(kind, str | None):
        raise TypeError(f"output_fn must return (body, content type), not (body, {type(kind).__name__})")
    return Reply(200, _joined(body), _with_charset(kind or _JSON))


def view_reply(result: Any) -> Reply:
    """The answer for the result of `execution_parameters_fn`, which is a view of Flask. Raises TypeError.

    A tuple is (body, status), (body, headers) or (body, status, headers) there.
    """
    if not isinstance(result, tuple):
        return _reply(result)
    body, *details = result
    if not 1 <= len(details) < _LONGEST_TUPLE:
        raise TypeError("a tuple must be (body, status), (body, headers) or (body, status, headers)")
    reply = _reply(body)
    status = details.pop(0) if not isinstance(details[0], dict | list) else reply.status
    headers = {str(name).lower(): str(value) for name, value in (dict(details[0]) if details else {}).items()}
    return _with_status(status, reply.body, headers.get("content-type", reply.content_type))


def _reply(result: Any) -> Reply:
    if isinstance(result, str | bytes | bytearray):
        return Reply(200, _joined(result), _TEXT)
    if isinstance(result, dict):
        text = json.dumps(result, sort_keys=True, separators=(",", ":"))
        return Reply(200, f"{text}\n".encode(), _JSON)
    if hasattr(result, "get_data") and hasattr(result, "status_code"):
        result.direct_passthrough = False
        return _with_status(result.status_code, result.get_data(), result.headers.get("Content-Type", _TEXT))
    raise TypeError(f"output_fn must return text or bytes, not {type(result).__name__}")


def _with_status(status: Any, body: bytes, kind: str) -> Reply:
    """The answer with a status such as 200 or "200 OK". Raises TypeError."""
    number, _, _ = str(status).partition(" ")
    if number not in _STATUSES:
        raise TypeError(f"{status!r} is no status of an answer")
    return Reply(int(number), b"" if int(number) in _WITHOUT_BODY else body, kind)


def _joined(body: Any) -> bytes:
    """The bytes of a response's body: text, bytes, or several of these."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    if isinstance(body, Iterable) and not isinstance(body, dict):
        pieces = list(body)
        if all(isinstance(piece, str | bytes) for piece in pieces):
            return b"".join(piece.encode() if isinstance(piece, str) else piece for piece in pieces)
    raise TypeError(f"output_fn must return text or bytes, not {type(body).__name__}")


def _with_charset(kind: str) -> str:
    """The content type as Flask completes it: texts are UTF-8."""
    return f"{kind}; charset=utf-8" if kind.startswith("text/") and "charset" not in kind else kind
