"""What a line of a log says of itself: an error, a warning, or neither. Lines of a traceback stay together."""

from __future__ import annotations

import re
from enum import StrEnum

#: Escape sequences of terminals (colours, cursor moves, titles), and control characters that show as nothing.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

_ERROR = re.compile(
    r"\b(?:ERROR|CRITICAL|FATAL)\b|\b\w+(?:Error|Exception)\b|\b(?:Error|error|panic): |"
    r"""(?:level|severity)["']?\s*[:=]\s*["']?(?:error|fatal|critical)\b|\[(?:error|crit)\]|"""
    r"""\bKilled\b|Segmentation fault|\bTraceback \(most recent|HTTP/1\.[01]" 5\d\d\b|"""
    r"^Caused by: |^During handling of the above exception|^The above exception was the direct cause"
)
_WARNING = re.compile(r"""\bWARN(?:ING)?\b|\b\w*Warning\b|level["']?\s*[:=]\s*["']?warn""")
#: What begins a traceback, also one whose first line is on an earlier page.
_OPENS = re.compile(r'\bTraceback \(most recent call last\)|^\s+File "[^"]*", line \d+')
_JAVA_FRAME = re.compile(r"^\s+at [\w.$<>]+\(")
#: The stamp of each line of a data log.
DATA_LOG_STAMP = "[sagemaker logs]: "
#: The object that a line of a data log is about.
_ABOUT = re.compile(r"^(\S+/\S[^:]*):")

#: Texts that every line with an error has at least one of, as CloudWatch looks for them: it has no word limits and
#: knows case, so they find more than are errors. The blanks are those before the lines of a traceback.
TERMS = (
    "ERROR", "CRITICAL", "FATAL", "Error", "Exception", "error: ", "panic: ", "error", "fatal", "critical",
    "[crit]", "Killed", "Segmentation fault", "Traceback", "Caused by: ", 'HTTP/1.1" 5', 'HTTP/1.0" 5',
    "above exception", "    ", '  File "', DATA_LOG_STAMP,
)  # fmt: skip


class LogLevel(StrEnum):
    """How bad a line is."""

    ERROR = "error"
    WARNING = "warning"
    PLAIN = ""


def clean(text: str) -> str:
    """The text without colours of terminals and characters that cannot be seen or that turn others around."""
    return _CONTROL.sub("", _ANSI.sub("", text))


class Levels:
    """Tells the level of lines, one after the other in the order of their time."""

    def __init__(self) -> None:
        self._inside: set[str] = set()
        self._told: set[str] = set()
        self._about: dict[str, str] = {}

    def of(self, stream: str, text: str) -> tuple[LogLevel, bool]:
        """A container's line: its level, and whether it begins what went wrong rather than going on with it."""
        # Python's logging writes its message right before the traceback: one thing went wrong, not two.
        told = stream in self._told
        self._told.discard(stream)
        if stream in self._inside:
            if not text.strip() or text[0] in " \t":
                return LogLevel.ERROR, False
            self._inside.discard(stream)
            if not _OPENS.search(text):
                return LogLevel.ERROR, False
        if _OPENS.search(text):
            self._inside.add(stream)
            return LogLevel.ERROR, not told
        if _JAVA_FRAME.match(text):
            return LogLevel.ERROR, False
        if _ERROR.search(text):
            self._told.add(stream)
            return LogLevel.ERROR, True
        return (LogLevel.WARNING if _WARNING.search(text) else LogLevel.PLAIN), False

    def of_object(self, stream: str, text: str) -> tuple[LogLevel, bool]:
        """The same of a line of a data log that is about an object: an error, begun by the object's first line."""
        named = _ABOUT.match(text)
        about = named[1] if named else ""
        begins = self._about.get(stream) != about
        self._about[stream] = about
        return LogLevel.ERROR, begins
