"""Additions to drf-spectacular's schema: error answers, required fields, and closed request bodies."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension

from jobs.services.listing import spending

_ERROR = {
    "type": "object",
    "required": ["error", "title", "status", "detail"],
    "properties": {
        "title": {"type": "string", "description": "The status in words, as in RFC 9457."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "The same as `error.message`."},
        "error": {
            "type": "object",
            "required": ["code", "message", "fields", "request_id"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "fields": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                },
                "request_id": {"type": "string", "description": "The same as the header X-Request-ID."},
                "outputs": {"type": "integer", "description": "How many objects a job would replace."},
                "output_path": {"type": "string", "description": "An output path at which it replaces none."},
                "preset": {"type": "string", "description": "The model's default preset."},
                "jobs": {"type": "integer", "description": "How many jobs of other people would be stopped."},
                "size": {"type": "integer", "description": "Bytes of the object that is there."},
                "modified": {
                    "type": "string",
                    "format": "date-time",
                    "description": "When the object that is there was written.",
                },
                "job": {
                    "type": "string",
                    "description": "The id of the job that it is about, where it is one.",
                },
            },
        },
    },
}
#: The errors of all operations.
_ANSWERS = {
    "400": "A field, parameter or the JSON itself cannot be used.",
    "401": "No valid token or session.",
    "403": "The role does not allow this.",
    "404": "No such object in this team.",
    "405": "The address does not know this method.",
    "406": "The Accept header leaves out JSON, which every answer and error is.",
    "409": "It makes no sense in the present state, or the name is taken.",
    "414": "The address is too long.",
    "429": "The token or its team sent too many requests; Retry-After says when to go on.",
    "431": "The header fields are too long.",
    "500": "A fault of this service, which is logged.",
    "503": "The connection or the database cannot be asked now.",
}
_CHANGED = {"412": "It was changed since it was read, and If-Match asks for what was read."}
#: The errors of operations by their method.
_ANSWERS_TO_METHODS = {"patch": _CHANGED, "delete": _CHANGED}
_NOT_MODIFIED = {"description": "It is as If-None-Match says; the answer has no body."}
#: The errors of operations with a body.
_ANSWERS_TO_BODIES = {"413": "The body is too large.", "415": "The body is not JSON."}


#: The ends of the names of request schemas.
_OF_REQUESTS = ("Body", "ConnectionChanges", "ModelClientConfig", "DataCaptureConfig")
#: The types of a text, and of a text that may be null.
_TEXTS = ("string", ["string", "null"])
_WITHOUT_NUL = r"^[^\u0000]*$"


def add_error_answers(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the error shape to each operation of the schema, for each status that it may answer."""
    result.setdefault("components", {}).setdefault("schemas", {})["Error"] = _ERROR
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for path in result["paths"].values():
        for method, operation in path.items():
            answers = {**_ANSWERS, **_ANSWERS_TO_METHODS.get(method, {})}
            answers |= _ANSWERS_TO_BODIES if "requestBody" in operation else {}
            if method == "get":
                operation["responses"]["304"] = _NOT_MODIFIED
            for code, meaning in sorted(answers.items()):
                operation["responses"].setdefault(code, {"description": meaning, "content": content})
    return result


def require_fields_of_answers(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Declare that answers always have all fields; a total has only the keys it is grouped by."""
    for name, schema in result["components"]["schemas"].items():
        if name.endswith("Answer"):
            apart = spending.KEYS if name == "TotalAnswer" else ()
            schema["required"] = [field for field in schema["properties"] if field not in apart]
            _allow_empty(schema)
            _let_any_value_be_null(schema)
    return result


def close_requests(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Declare that requests with unknown fields, or with a NUL character in a text, are refused."""
    for path in result["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", []):
                _forbid_nul(parameter["schema"])
    for name, schema in result["components"]["schemas"].items():
        if name.endswith(_OF_REQUESTS):
            schema["additionalProperties"] = False
            _forbid_nul(schema)
    return result


def _allow_empty(schema: Any) -> None:
    """Remove the minimum length of texts, which holds for requests only."""
    if isinstance(schema, dict):
        schema.pop("minLength", None)
        for part in schema.values():
            _allow_empty(part)


def _let_any_value_be_null(schema: Any) -> None:
    """Declare a value of any kind once: null would fit both parts of "any value or null", and fail one of two."""
    if isinstance(schema, dict):
        if schema.get("oneOf") == [{}, {"type": "null"}]:
            del schema["oneOf"]
        for part in schema.values():
            _let_any_value_be_null(part)


def _forbid_nul(schema: Any) -> None:
    """Give texts without pattern, enum or format the pattern of a text without NUL."""
    if isinstance(schema, list):
        for item in schema:
            _forbid_nul(item)
    if not isinstance(schema, dict):
        return
    if schema.get("type") in _TEXTS and not {"pattern", "enum", "format"} & set(schema):
        schema["pattern"] = _WITHOUT_NUL
    for name, part in schema.items():
        if name in ("items", "additionalProperties", "anyOf", "oneOf", "allOf"):
            _forbid_nul(part)
        elif name == "properties":
            _forbid_nul(list(part.values()))


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # no stubs
    """The token in the schema."""

    target_class = "jobs.api.authentication.BearerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """A bearer token in the Authorization header."""
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # no stubs
    """The session of a signed-in browser."""

    target_class = "jobs.api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Django's session cookie."""
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
