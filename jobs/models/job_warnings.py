"""The warnings of a job as its row holds them: a code, and the sentence that people read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from jobs.states import WarningCode


class JobWarning(TypedDict):
    """What does not agree in an ended job. `code` is a WarningCode, `text` a sentence."""

    code: str
    text: str


def job_warning(code: WarningCode, text: str) -> JobWarning:
    """A warning for a job's row."""
    return {"code": code.value, "text": text}


def warning_texts(warnings: Iterable[JobWarning]) -> list[str]:
    """The sentences alone."""
    return [warning["text"] for warning in warnings]
