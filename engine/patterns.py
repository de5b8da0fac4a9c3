"""Regular expressions of clients. They get a bounded time: the engine answers nobody else meanwhile."""

from __future__ import annotations

import time

import regex

#: Seconds that all matches of one request may take.
_SECONDS = 0.3


class PatternTooSlow(Exception):
    """The patterns of a request took too long. The message is a sentence."""


class PatternTime:
    """The time that the patterns of one request may still take."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds

    def fits(self, pattern: str, text: str, *, whole: bool) -> bool:
        """Whether the pattern matches the text, all of it if `whole`. Raises regex.error, PatternTooSlow."""
        compiled = regex.compile(pattern)
        method = compiled.fullmatch if whole else compiled.search
        began = time.monotonic()
        try:
            return method(text, timeout=max(self._seconds, 0.001)) is not None
        except TimeoutError:
            raise PatternTooSlow(f"The pattern {pattern!r} takes too long to match.") from None
        finally:
            self._seconds -= time.monotonic() - began
