"""From the texts about a failed job to its cause, the line that shows it, and the change to try."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache, lru_cache
from itertools import takewhile
from typing import Any

from failures.blame import classify
from failures.cause import UNKNOWN, Cause
from failures.causes import CAUSES
from failures.causes_of_model import BYTE_ORDER_MARK
from failures.changes import Change, Facts
from failures.data_log import ObjectError, read_error
from transform.record_places import PLACE_PREFIX, RecordPlace
from transform.tracebacks import last_exception

#: Characters quoted of a line.
LONGEST_QUOTE = 600
#: Causes that are replaced by BYTE_ORDER_MARK if the first input begins with a byte order mark.
_OF_TEXT = {"csv-unreadable", "json-unreadable", "not-text", "record-refused", "model-error"}
#: Lines of a model's answer that are quoted with the status.
_ANSWER_LINES = 3
#: A line with a status and nothing of the model's answer.
_BARE_STATUS = re.compile(r": \w*Error: \d{3} *$")
#: General causes at the start of a container. Its log says more than SageMaker's reason.
_AT_START = {"ping-failed", "container-ended"}
#: An object's name, "bucket/key", before the text about it.
_NAMED = re.compile(r"^(?P<name>\S+/\S[^:]*):(?: |$)")


class LogSource(Enum):
    """Where a line comes from."""

    REASON = "FailureReason"
    DATA_LOG = "data log"
    CONTAINER = "container's log"


@dataclass(frozen=True, slots=True)
class LogText:
    """One line, without the stamp that SageMaker puts before it."""

    source: LogSource
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a job failed. `quoted` is the text that shows it, empty if unknown; `source` is where it comes from.

    `object` is the "bucket/key" that failed and `place` its records in the request that failed, if they are known.
    """

    cause: Cause
    quoted: str = ""
    source: LogSource | None = None
    change: Change | None = None
    object: str = ""
    place: RecordPlace | None = None

    @property
    def is_sure(self) -> bool:
        """Whether the cause is specific, so that no further log is read."""
        return self.cause is not UNKNOWN and not self.cause.general


def explain(lines: Sequence[LogText], facts: Facts) -> Explanation:
    """The first cause that fits a line: by source in the order of LogSource, specific causes before general ones."""
    match = _first(lines, general=False) or _first(lines, general=True)
    if match is None:
        return Explanation(UNKNOWN)
    explanation = _explained(lines, match, facts)
    name = _name_of(lines[match[1]]) or _first_located(lines)
    return replace(explanation, object=name, place=_error_of(lines, name).place)


def _explained(lines: Sequence[LogText], match: tuple[Cause, int], facts: Facts) -> Explanation:
    cause, position = match
    if cause.slug in _OF_TEXT and facts.head.startswith(BOM_UTF8):
        cause = BYTE_ORDER_MARK
    line = lines[position]
    if cause.slug in _AT_START and (last_words := _last_words(lines, cause)) is not None:
        line = last_words
        return Explanation(cause, line.text[:LONGEST_QUOTE], line.source, cause.propose(facts, line.text))
    bare = cause.general or _BARE_STATUS.search(line.text)
    quoted = _with_answer(lines, position) if bare else _with_announced(lines, position)
    return Explanation(cause, quoted[:LONGEST_QUOTE], line.source, cause.propose(facts, quoted))


def columns(explanation: Explanation) -> dict[str, Any]:
    """The job's columns that store the explanation."""
    failure: dict[str, Any] = {
        "quoted": explanation.quoted,
        "source": explanation.source.value if explanation.source else "",
    }
    if explanation.change:
        failure["change"] = {
            "field": explanation.change.field, "value": explanation.change.value, "says": explanation.change.says,
        }  # fmt: skip
    if explanation.object:
        failure["object"] = explanation.object
    if explanation.place:
        failure["records"] = str(explanation.place)
    return {"cause": explanation.cause.slug, "failure": failure}


def columns_of_reason(reason: str) -> dict[str, Any]:
    """The job's columns if only SageMaker's reason is known, without request and log."""
    return columns(_by_reason(reason))


@lru_cache(maxsize=256)
def _by_reason(reason: str) -> Explanation:
    return explain([LogText(LogSource.REASON, reason)], Facts())


def _first(lines: Sequence[LogText], *, general: bool) -> tuple[Cause, int] | None:
    for source in LogSource:
        positions = [position for position, line in enumerate(lines) if line.source is source]
        for cause in CAUSES:
            if cause.general is general and (at := _telling(cause, lines, positions)) is not None:
                return cause, at
    return None


def _telling(cause: Cause, lines: Sequence[LogText], positions: Iterable[int]) -> int | None:
    for position in positions:
        line = lines[position]
        if cause.failure and line.source is LogSource.REASON and classify(line.text) is cause.failure:
            return position
        if cause.patterns and _pattern(cause).search(line.text):
            return position
    return None


@cache
def _pattern(cause: Cause) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in cause.patterns), re.IGNORECASE)


def _last_words(lines: Sequence[LogText], cause: Cause) -> LogText | None:
    """The last exception in the containers' logs, or else the last line of a container that ended."""
    container_lines = [line for line in lines if line.source is LogSource.CONTAINER and line.text.strip()]
    exception = last_exception([line.text for line in container_lines])
    if exception is not None:
        return container_lines[exception]
    return container_lines[-1] if container_lines and cause.slug == "container-ended" else None


def _name_of(line: LogText) -> str:
    """The object that a line of the data log is about, as "bucket/key"; empty for other lines."""
    name = _NAMED.match(line.text) if line.source is LogSource.DATA_LOG else None
    return name["name"] if name else ""


def _first_located(lines: Sequence[LogText]) -> str:
    """The first object in the data log whose failed records are known; empty if there is none."""
    located = (line for line in lines if f": {PLACE_PREFIX}" in line.text)
    return next((name for line in located if (name := _name_of(line))), "")


def _error_of(lines: Sequence[LogText], name: str) -> ObjectError:
    """What the data log says about the object."""
    texts = [line.text for line in lines if line.source is LogSource.DATA_LOG]
    # Blank lines of the answer may have lost the blank at their end.
    about = [text.removeprefix(f"{name}:").removeprefix(" ") for text in texts if text.startswith(f"{name}:")]
    return read_error(about if name else [])


def _with_announced(lines: Sequence[LogText], position: int) -> str:
    """The line, and in the data log also what the object's next lines say if the line ends with a colon."""
    line = lines[position]
    name = _name_of(line)
    if not name or not line.text.rstrip().endswith(":"):
        return line.text
    following = lines[position + 1 : position + _ANSWER_LINES]
    announced = takewhile(lambda next_line: _name_of(next_line) == name, following)
    return "\n".join(
        [line.text, *(next_line.text.removeprefix(f"{name}:").strip() for next_line in announced)]
    )


def _with_answer(lines: Sequence[LogText], position: int) -> str:
    """The line, and in the data log also the model's answer: its beginning, or the exception of its traceback."""
    line = lines[position]
    answer = _error_of(lines[position:], name).answer if (name := _name_of(line)) else ()
    return "\n".join([line.text, *answer[:_ANSWER_LINES]])
