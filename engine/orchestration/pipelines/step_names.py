"""Names of the jobs and models that steps create."""

from __future__ import annotations

import secrets
import string

#: Maximum characters of a name.
_LONGEST = 63
#: Characters at most of a prefix that the definition or the pipeline gives.
_LONGEST_PREFIX = 24
_RANDOM_LENGTH = 10
_LETTERS = string.ascii_letters + string.digits
_USUAL_PREFIX = "pipelines"


def new_name(execution_id: str, step: str, prefix: str = _USUAL_PREFIX) -> str:
    """A new name such as pipelines-c3q0x9k2m5ab-Transform-Ab12Cd34Ef."""
    start = _plain(prefix)[:_LONGEST_PREFIX].strip("-") or _USUAL_PREFIX
    room = _LONGEST - len(start) - len(execution_id) - _RANDOM_LENGTH - 3
    middle = _plain(step)[:room].strip("-") or "step"
    return f"{start}-{execution_id}-{middle}-{random_text()}"


def new_token(execution_id: str) -> str:
    """A new client token, at most 36 characters."""
    return f"{execution_id}-{random_text()}{random_text()}"


def random_text() -> str:
    """Ten random letters and digits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM_LENGTH))


def _plain(text: str) -> str:
    """The text with hyphens for the characters that names cannot have."""
    return "".join(letter if letter in _LETTERS else "-" for letter in text)
