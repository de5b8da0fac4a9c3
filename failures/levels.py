"""The level of a log's lines: error, warning or neither. The lines of a traceback have one level."""

from __future__ import annotations

import re
from enum import StrEnum

#: Escape sequences of terminals (colours, cursor moves, titles), and invisible control characters.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

_ERROR = re.compile(
    r"\b(?:ERROR|CRITICAL|FATAL)\b|\b\w+(?:Error|Exception)\b|\b(?:Error|error|panic): |"
    r"""(?:level|severity)["']?\s*[:=]\s*["']?(?:error|fatal|critical)\b|\[(?:error|crit)\]|"""
    r"""\bKilled\b|Segmentation fault|\bTraceback \(most recent|HTTP/1\.[01]" 5\d\d\b|"""
    r"^Caused by: |^During handling of the above exception|^The above exception was the direct cause"
)
_WARNING = re.compile(r"""\bWARN(?:ING)?\b|\b\w*Warning\b|level["']?\s*[:=]\s*["']?warn""")
#: The beginning of a traceback, also of one whose first line is on an earlier page.
_OPENS = re.compile(r'\bTraceback \(most recent call last\)|^\s+File "[^"]*", line \d+')
_JAVA_FRAME = re.compile(r"^\s+at [\w.$<>]+\(")
#: The stamp of each line of a data log.
DATA_LOG_STAMP = "[sagemaker logs]: "
#: The object that a line of a data log is about.
_ABOUT = re.compile(r"^(\S+/\S[^:]*):")

#: Every line with an error contains one of these texts. CloudWatch's search is case-sensitive and knows no word
#: limits, so it also finds other lines. The blanks are those before the lines of a traceback.
TERMS = (
    "ERROR", "CRITICAL", "FATAL", "Error", "Exception", "error: ", "panic: ", "error", "fatal", "critical",
    "[crit]", "Killed", "Segmentation fault", "Traceback", "Caused by: ", 'HTTP/1.1" 5', 'HTTP/1.0" 5',
    "above exception", "    ", '  File "', DATA_LOG_STAMP,
)  # fmt: skip


class LogLevel(StrEnum):
    """The level of a line."""

    ERROR = "error"
    WARNING = "warning"
    PLAIN = ""


def clean(text: str) -> str:
    """The text without terminal colours and without invisible or direction-changing characters."""
    return _CONTROL.sub("", _ANSI.sub("", text))


class Levels:
    """The levels of lines, which have to be passed in order of time."""

    def __init__(self) -> None:
        self._inside: set[str] = set()
        self._announced: set[str] = set()
        self._about: dict[str, str] = {}

    def of(self, stream: str, text: str) -> tuple[LogLevel, bool]:
        """The level of a container's line, and whether it is the first line of an error."""
        # Python's logging writes its message right before the traceback: both are one error.
        is_announced = stream in self._announced
        self._announced.discard(stream)
        if stream in self._inside:
            if not text.strip() or text[0] in " \t":
                return LogLevel.ERROR, False
            self._inside.discard(stream)
            if not _OPENS.search(text):
                return LogLevel.ERROR, False
        if _OPENS.search(text):
            self._inside.add(stream)
            return LogLevel.ERROR, not is_announced
        if _JAVA_FRAME.match(text):
            return LogLevel.ERROR, False
        if _ERROR.search(text):
            self._announced.add(stream)
            return LogLevel.ERROR, True
        return (LogLevel.WARNING if _WARNING.search(text) else LogLevel.PLAIN), False

    def of_object(self, stream: str, text: str) -> tuple[LogLevel, bool]:
        """As `of`, for a data log's line about an object: an error, which the object's first line begins."""
        named = _ABOUT.match(text)
        about = named[1] if named else ""
        begins = self._about.get(stream) != about
        self._about[stream] = about
        return LogLevel.ERROR, begins
