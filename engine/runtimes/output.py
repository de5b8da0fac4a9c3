"""The output of a model server, passed on in lines."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

LogLines = Callable[[list[str]], None]

#: Maximum bytes of an output line; longer ones are split. CloudWatch's limit is 256 KB per message.
LONGEST_LINE = 16 * 1024
#: Lines that are passed on at a time. If that takes longer than `_BUSY` seconds, reading pauses for `_REST` times
#: as long.
_LINES_AT_ONCE, _BUSY, _REST = 1000, 0.005, 4
#: Lines of a server's output that are kept.
_LINES_KEPT = 200


class ServerOutput:
    """Splits a server's output into lines, passes them on and keeps the last ones."""

    def __init__(self, lines: LogLines, runs: Callable[[], bool]) -> None:
        """`lines` receives the lines; `runs` tells whether the server still runs."""
        self._log_lines = lines
        self._runs = runs
        self._tail: deque[str] = deque(maxlen=_LINES_KEPT)
        self._rest = b""

    def last_lines(self) -> list[str]:
        """The last lines."""
        return list(self._tail)

    async def add(self, chunk: bytes) -> None:
        """Pass on the lines that end in a piece of output."""
        *whole_lines, self._rest = (self._rest + chunk).split(b"\n")
        lines = [piece for line in whole_lines for piece in _pieces(line)]
        if len(self._rest) > LONGEST_LINE:
            *more, self._rest = _pieces(self._rest)
            lines += more
        await self._hand_on(lines)

    def end(self) -> None:
        """Pass on the last line, if the output does not end with a line feed."""
        if self._rest:
            self._log(self._rest)
            self._rest = b""

    def _log(self, *lines: bytes) -> None:
        texts = [line.decode(errors="replace") for line in lines]
        self._tail.extend(texts[-_LINES_KEPT:])
        self._log_lines(texts)

    async def _hand_on(self, lines: list[bytes]) -> None:
        """Pass lines on in batches, with pauses, so that endless output does not block the engine."""
        for start in range(0, len(lines), _LINES_AT_ONCE):
            began = time.monotonic()
            self._log(*lines[start : start + _LINES_AT_ONCE])
            spent = time.monotonic() - began
            await asyncio.sleep(_REST * spent if spent > _BUSY and self._runs() else 0)


def _pieces(line: bytes) -> list[bytes]:
    """The line split into pieces of at most LONGEST_LINE bytes; an empty line is one empty piece."""
    return [line[start : start + LONGEST_LINE] for start in range(0, len(line), LONGEST_LINE)] or [b""]
