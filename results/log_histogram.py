"""How the lines of a page of a log are spread over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from failures.levels import LogLevel
from results.log_reading import PageLine

#: Parts of the time, and the fewest lines that are worth a chart.
BINS, LEAST = 60, 20
#: The size of the drawing of one part.
_WIDTH, HEIGHT = 10, 100
#: The width of a bar; the rest is a gap.
BAR = 8


@dataclass(frozen=True, slots=True)
class Bin:
    """A part of the time: its lines and errors, the heights of their bars, and the id of its first line or error."""

    x: int
    at: datetime
    lines: int
    errors: int
    height: float
    error_height: float
    line_id: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """The parts that have lines, between the first and the last line's time."""

    bins: tuple[Bin, ...]
    first: datetime
    last: datetime
    width: int = BINS * _WIDTH


def histogram(lines: Sequence[PageLine]) -> Histogram | None:
    """The lines by time; None for few lines, or if all have one time."""
    if len(lines) < LEAST or lines[0].at >= lines[-1].at:
        return None
    first, last = lines[0].at, lines[-1].at
    parts: list[list[PageLine]] = [[] for _ in range(BINS)]
    for line in lines:
        place = int((line.at - first) / (last - first) * BINS)
        parts[min(max(place, 0), BINS - 1)].append(line)
    most = max(len(part) for part in parts)
    return Histogram(
        tuple(_bin(number, part, most) for number, part in enumerate(parts) if part), first, last
    )


def _bin(number: int, lines: Sequence[PageLine], most: int) -> Bin:
    errors = [line for line in lines if line.level == LogLevel.ERROR]
    return Bin(
        number * _WIDTH,
        lines[0].at,
        len(lines),
        len(errors),
        round(len(lines) / most * HEIGHT, 1),
        round(len(errors) / most * HEIGHT, 1),
        (errors or list(lines))[0].id,
    )
