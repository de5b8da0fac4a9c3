"""The figures of a column over many rows, in memory that does not grow with them."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from results.reading.cells import is_number
from results.reading.filters import is_null

#: Bins that are kept, and the width of the first ones as a power of two. Two neighbours become one when there are more.
MOST_BINS, _FINEST = 512, -40
#: Different texts that are counted, and characters of each.
MOST_LABELS, _LENGTH = 50, 80
#: A column of whole numbers with no more different ones is counted as labels.
_FEW = 12
#: Beyond it a number has no bin of its own.
_LARGEST = 1e15


@dataclass(slots=True)
class Bins:
    """Counts of numbers by intervals of one width, a power of two; `counts` has those that hold any."""

    exponent: int = _FINEST
    counts: dict[int, int] = field(default_factory=dict)

    def add(self, number: float) -> None:
        """Count a number."""
        number = max(-_LARGEST, min(_LARGEST, number))
        at = math.floor(math.ldexp(number, -self.exponent))
        self.counts[at] = self.counts.get(at, 0) + 1
        while len(self.counts) > MOST_BINS:
            self._widen()

    def _widen(self) -> None:
        wider: dict[int, int] = {}
        for at, count in self.counts.items():
            wider[at >> 1] = wider.get(at >> 1, 0) + count
        self.exponent, self.counts = self.exponent + 1, wider

    @property
    def width(self) -> float:
        """The width of a bin."""
        return math.ldexp(1.0, self.exponent)

    def quantile(self, part: float) -> float | None:
        """The number below which this part of all lies, exact to the width of a bin; None without numbers."""
        rank = part * sum(self.counts.values())
        below = 0
        for at in sorted(self.counts):
            count = self.counts[at]
            if below + count >= rank:
                return (at + (rank - below) / count) * self.width
            below += count
        return None

    def spread(self, low: float, high: float, number: int) -> list[float]:
        """The counts in `number` intervals of one width from `low` to `high`; a bin across a border is divided."""
        # The difference of two floats may be more than a float can hold.
        step = high / number - low / number or 1.0
        bars = [0.0] * number
        for at, count in self.counts.items():
            start = min(max(at * self.width, low), high)
            end = min(max((at + 1) * self.width, low), high)
            first = min(int((start - low) / step), number - 1)
            last = min(int((end - low) / step), number - 1)
            for bar in range(first, last + 1):
                share = min(end, low + (bar + 1) * step) - max(start, low + bar * step)
                bars[bar] += count * (share / (end - start) if end > start else 1 / (last - first + 1))
        return bars


@dataclass(slots=True)
class ColumnFigures:
    """A column's values, nulls, numbers and labels. `further` counts texts beyond the labels that are kept."""

    name: str
    count: int = 0
    nulls: int = 0
    numbers: int = 0
    total: float = 0.0
    least: float | None = None
    most: float | None = None
    is_whole: bool = True
    bins: Bins = field(default_factory=Bins)
    labels: dict[str, int] = field(default_factory=dict)
    further: int = 0

    def add(self, text: str) -> None:
        """Count a cell."""
        self.count += 1
        if is_null(text):
            self.nulls += 1
            return
        if is_number(text):
            self._add_number(float(text))
        if len(text) > _LENGTH or (text not in self.labels and len(self.labels) == MOST_LABELS):
            self.further += 1
        else:
            self.labels[text] = self.labels.get(text, 0) + 1

    def _add_number(self, number: float) -> None:
        self.numbers += 1
        # Of numbers near the largest float the sum stays at the largest float: infinity is no JSON.
        self.total = max(-sys.float_info.max, min(sys.float_info.max, self.total + number))
        self.least = number if self.least is None else min(self.least, number)
        self.most = number if self.most is None else max(self.most, number)
        self.is_whole = self.is_whole and number.is_integer()
        self.bins.add(number)

    @property
    def values(self) -> int:
        """The cells that are not null."""
        return self.count - self.nulls

    @property
    def is_of_labels(self) -> bool:
        """Whether its values are counted one by one: most are no numbers, or they are a few whole numbers."""
        few = not self.further and len(self.labels) <= _FEW and self.is_whole
        return bool(self.values) and (self.numbers * 2 <= self.values or few)

    @property
    def null_share(self) -> float:
        """The part of the cells without a value."""
        return self.nulls / self.count if self.count else 0.0

    @property
    def mean(self) -> float | None:
        """The mean of the numbers."""
        return self.total / self.numbers if self.numbers else None

    def quantile(self, part: float) -> float | None:
        """See Bins; never outside of the lowest and highest number."""
        number = self.bins.quantile(part)
        if number is None or self.least is None or self.most is None:
            return None
        return min(max(number, self.least), self.most)

    def as_json(self) -> dict[str, Any]:
        """The figures for a row of the database."""
        plain_members = {name: getattr(self, name) for name in _PLAIN}
        return {**plain_members, "exponent": self.bins.exponent, "bins": [*self.bins.counts.items()]}


_PLAIN = ("name", "count", "nulls", "numbers", "total", "least", "most", "is_whole", "labels", "further")


def column_of(values: Mapping[str, Any]) -> ColumnFigures:
    """The figures that `as_json` wrote."""
    bins = Bins(values["exponent"], dict(values["bins"]))
    return ColumnFigures(**{name: values[name] for name in _PLAIN}, bins=bins)
