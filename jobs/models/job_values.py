"""Values of a job's row that are made from others: key, name, and the columns for search and order."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from failures import columns_of_reason
from jobs.states import FAILURES

_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
KEY_LENGTH = 12
_NAME_LENGTH = 63
#: The tag that marks a job as ours; another job may have the same name.
JOB_TAG = "batchdeck:job"
#: The tag by which an engine shares its capacity between teams.
TEAM_TAG = "batchdeck:team"
#: SageMaker allows 50 tags; one of them marks the job as ours.
MAX_TAGS = 49
OWN_TAGS = frozenset({JOB_TAG, TEAM_TAG})
#: Lines with a tag begin so in the text for the search; no name or address does.
_TAG_MARK = "#"


def new_key() -> str:
    """A public id: 60 random bits in 12 lowercase base32 letters."""
    return "".join(secrets.choice(_BASE32) for _ in range(KEY_LENGTH))


def remote_name(model_name: str, key: str, at: datetime) -> str:
    """A transform job name that no other job can have: model, time in UTC and the key's beginning."""
    ending = f"-{at:%Y%m%d%H%M%S}-{key[:6]}"
    return model_name[: _NAME_LENGTH - len(ending)].rstrip("-") + ending


def attempt_name(first_name: str, number: int, key: str = "") -> str:
    """The transform job name of a further attempt, such as nightly-2; at most 63 characters.

    With the attempt's `key`, whose beginning is added, no other job can have the name.
    """
    ending = f"-{number}-{key[:6]}" if key else f"-{number}"
    return first_name[: _NAME_LENGTH - len(ending)].rstrip("-") + ending


def has_own_name(name: str, key: str) -> bool:
    """Whether the name ends with the key's beginning, so that no other job can have it."""
    return name.endswith(f"-{key[:6]}")


def searchable(name: str, spec: Mapping[str, Any]) -> str:
    """The job's name, S3 addresses and tags in lower case, one a line, with a line break before and after each."""
    lines = [name, str(spec.get("data") or ""), str(spec.get("output_path") or "")]
    return "\n".join(["", *lines, *_tag_lines(spec.get("tags") or {}), ""]).lower()


def searchable_with_tags(text: str, tags: Mapping[str, str]) -> str:
    """The text of `searchable`, with the names of further attempts perhaps, with these tags in place of its own."""
    lines = [line for line in text.split("\n") if line and not line.startswith(_TAG_MARK)]
    return "\n".join(["", *lines, *_tag_lines(tags), ""]).lower()


def _tag_lines(tags: Mapping[str, str]) -> list[str]:
    return [f"{_TAG_MARK}{key}={value}" for key, value in tags.items()]


def derived(state: str, reason: str, started: datetime | None, ended: datetime | None) -> dict[str, Any]:
    """The columns that follow from state, reason and times: the duration, and the cause of a failure."""
    return {
        **(columns_of_reason(reason) if state in FAILURES else {}),
        "duration_seconds": max(0, int((ended - started).total_seconds())) if started and ended else 0,
    }
