"""The policy of a POST form: what its signer allows to be uploaded ("POST Policy" in the S3 API reference)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engine.errors import ServiceError

#: Fields that need no condition, since they contain or sign the policy.
_FREE = frozenset({"policy", "signature", "awsaccesskeyid", "x-amz-signature", "file"})


#: The only form of an expiration.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that the form's fields meet. The file may have `least` to `most` bytes."""

    least: int = 0
    most: int | None = None

    def check_size(self, size: int) -> None:
        """Raises EntityTooSmall, EntityTooLarge."""
        if size < self.least:
            raise ServiceError(
                "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed object size."
            )
        if self.most is not None and size > self.most:
            raise ServiceError(
                "EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size."
            )


def check_policy(text: str, fields: Mapping[str, str]) -> Policy:
    """Parse the Base64 policy and check that the form's `fields`, with bucket and key, meet it.

    Raises InvalidPolicyDocument, AccessDenied.
    """
    document = _document(text)
    _check_expiration(document.get("expiration"))
    conditions = document.get("conditions")
    if not isinstance(conditions, list):
        raise _invalid("it has no list of conditions")
    named: set[str] = {"bucket"}
    policy = Policy()
    for operator, name, value in (rule for condition in conditions for rule in _split(condition)):
        if operator == "content-length-range":
            policy = Policy(_size(name), _size(value))
            continue
        field = str(name).removeprefix("$").lower()
        named.add(field)
        _check(operator, field, str(value), fields.get(field, ""))
    extra = [name for name in fields if name not in named | _FREE and not name.startswith("x-ignore-")]
    if extra:
        raise _denied(f"Extra input fields: {', '.join(extra)}")
    return policy


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise _invalid("it is not JSON in Base64") from None
    if not isinstance(document, dict):
        raise _invalid("it is not an object")
    return document


def _check_expiration(text: Any) -> None:
    try:
        expires = datetime.fromisoformat(text) if _TIME.fullmatch(text) else None
    except (TypeError, ValueError):
        expires = None
    if expires is None:
        raise _invalid(f"its expiration {text!r} is not of the form 2030-12-31T23:59:59.000Z")
    if expires < datetime.now(UTC):
        raise _denied("Policy expired.")


def _split(condition: Any) -> list[tuple[str, Any, Any]]:
    if isinstance(condition, dict) and len(condition) == 1:
        return [("eq", name, value) for name, value in condition.items()]
    if isinstance(condition, dict):
        raise _invalid("Simple-Conditions must have exactly one property specified")
    if isinstance(condition, list) and len(condition) == 3 and isinstance(condition[0], str):
        return [(condition[0].lower(), condition[1], condition[2])]
    raise _invalid("a condition is neither an object nor a list of three")


def _check(operator: str, field: str, condition_value: str, field_value: str) -> None:
    if operator not in ("eq", "starts-with"):
        raise _invalid(f"{operator!r} is no condition")
    if not (field_value == condition_value if operator == "eq" else field_value.startswith(condition_value)):
        raise _denied(f'Policy Condition failed: ["{operator}", "${field}", "{condition_value}"]')


def _size(value: Any) -> int:
    try:
        size = int(value)
    except (TypeError, ValueError, OverflowError):
        raise _invalid("a content-length-range is not two numbers") from None
    return size


def _invalid(why: str) -> ServiceError:
    return ServiceError("InvalidPolicyDocument", f"The content of the form's policy is invalid: {why}.")


def _denied(why: str) -> ServiceError:
    return ServiceError("AccessDenied", f"Invalid according to Policy: {why}", status=403)
