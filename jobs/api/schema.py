"""What drf-spectacular cannot see: the answers that every operation may give."""

from __future__ import annotations

from typing import Any

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "fields"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "fields": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                },
            },
        }
    },
}
_ANSWERS = {
    "400": "A field, parameter or the JSON itself cannot be used.",
    "401": "No valid token or session.",
    "403": "The role does not allow this.",
    "404": "No such object in this team.",
    "405": "The address does not know this method.",
    "409": "It makes no sense in the present state.",
    "415": "The body is not JSON.",
    "503": "The connection cannot be asked now.",
}


def add_error_answers(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the one error shape to each operation of the schema."""
    result.setdefault("components", {}).setdefault("schemas", {})["Error"] = _ERROR
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for path in result["paths"].values():
        for operation in path.values():
            for code, meaning in _ANSWERS.items():
                operation["responses"].setdefault(code, {"description": meaning, "content": content})
    return result
