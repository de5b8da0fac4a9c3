"""The part of JSONPath that DataProcessing's filters may use: parsed once a job, applied to every record.

Source: "Associate prediction results with input records" in the developer guide: names, `*`, several names or
positions in one bracket, one range. Expressions, `..` and brackets in brackets are not part of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_LETTERS = re.compile(r"[^\W_]")

#: What a filter may hold besides letters and digits, as the service lists it for JSON Lines. It has no
#: underscore, which the service refuses. For CSV, whose columns have no names, quotes go too.
_OPERATORS = ("$", "[", "]", "*", ".", " ", ",", ":", "-", "'")
_CSV_OPERATORS = _OPERATORS[:-1]

_STEP = re.compile(r"\.(?P<name>[^\s.\[\]'*,:$]+)|\.(?P<all>\*)|\.?\[(?P<inside>[^\]]*)\]")
_NAMES = re.compile(r"\s*'[^'.]+'\s*(?:,\s*'[^'.]+'\s*)*")
_NUMBERS = re.compile(r"\s*-?\d+\s*(?:,\s*-?\d+\s*)*")
_RANGE = re.compile(r"\s*(-?\d+)?\s*:\s*(-?\d+)?\s*")


class BadPath(ValueError):
    """A text that is not a filter; the message is the service's where it is known."""


class NotInRecord(ValueError):
    """The path selects nothing in a record."""


@dataclass(frozen=True, slots=True)
class Names:
    """`.name`, `['name']`, `['one','two']`."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Positions:
    """`[0]`, `[-1]`, `[0,2]`."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """`[1:]`, `[:5]`, `[2:5]`: from `start` up to but without `end`, as Python counts."""

    start: int | None
    end: int | None


@dataclass(frozen=True, slots=True)
class Everything:
    """`*`: all values of an object or an array."""


Step = Names | Positions | Range | Everything


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A parsed path. Without steps it is `$`, the whole record."""

    text: str
    steps: tuple[Step, ...]

    def select(self, value: Any) -> Any:
        """The selection of the path in a JSON value. Raises NotInRecord.

        Several names give an object of them, several positions, a range and `*` an array; steps behind them
        apply to each selected value.
        """
        return self._select(value, self.steps)

    def _select(self, value: Any, steps: tuple[Step, ...]) -> Any:
        if not steps:
            return value
        step, later_steps = steps[0], steps[1:]
        if isinstance(step, Names):
            values = [self._select(self._member(value, name), later_steps) for name in step.names]
            if len(values) > 1 and not later_steps:
                return dict(zip(step.names, values, strict=True))
        elif isinstance(step, Positions):
            values = [self._select(self._item(value, number), later_steps) for number in step.numbers]
        else:
            return [self._select(item, later_steps) for item in self._some(value, step)]
        return values[0] if len(values) == 1 else values

    def _member(self, value: Any, name: str) -> Any:
        if not isinstance(value, dict) or name not in value:
            raise NotInRecord(f"{self.text} finds nothing: there is no '{name}'")
        return value[name]

    def _item(self, value: Any, number: int) -> Any:
        if not isinstance(value, list) or not -len(value) <= number < len(value):
            raise NotInRecord(f"{self.text} finds nothing: there is no [{number}]")
        return value[number]

    def _some(self, value: Any, step: Range | Everything) -> list[Any]:
        if isinstance(step, Everything) and isinstance(value, dict):
            return list(value.values())
        if not isinstance(value, list):
            raise NotInRecord(f"{self.text} finds nothing: there is no array")
        if isinstance(step, Everything):
            return value
        some = value[step.start : step.end]
        if not some:
            raise NotInRecord(f"{self.text} finds nothing: the array has {len(value)} elements")
        return some


def parse(text: str, *, end_included: bool = False) -> JsonPath:
    """Parse a filter. With `end_included`, `[1:4]` selects the element at 4 too. Raises BadPath."""
    if not text.startswith("$"):
        raise BadPath("It must be a JSONPath that starts with $.")
    steps: list[Step] = []
    at = 1
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            raise BadPath(f"Invalid JsonPath: {text}: {text[at:]!r} is neither .name, .* nor [...].")
        steps.append(_step(text, match, end_included))
        at = match.end()
    return JsonPath(text, tuple(steps))


def unexpected_character(text: str, media_type: str) -> str | None:
    """The service's sentence about the first forbidden character of a filter; None if there is none."""
    operators = _CSV_OPERATORS if media_type == "text/csv" else _OPERATORS
    for character in text:
        if character not in operators and not _LETTERS.match(character):
            listed = ", ".join(f"'{operator}'" for operator in operators)
            return (
                f'Unexpected "{character}" in JsonPath. Supported operators for "{media_type}" are [{listed}]'
            )
    return None


def _step(text: str, match: re.Match[str], end_included: bool) -> Step:
    if match["name"]:
        return Names((match["name"],))
    inside = match["inside"]
    if match["all"] or inside.strip() == "*":
        return Everything()
    if _NAMES.fullmatch(inside):
        return Names(tuple(part.strip()[1:-1] for part in inside.split(",")))
    if _NUMBERS.fullmatch(inside):
        return Positions(tuple(int(part) for part in inside.split(",")))
    if range_match := _RANGE.fullmatch(inside):
        return _range(range_match[1], range_match[2], end_included)
    if ":" in inside:
        raise BadPath(
            f"Invalid JsonPath: {text}: only single range filters of format (eg: [1:5]) are supported. "
            f"Format [{inside}] is not supported"
        )
    raise BadPath(f"Invalid JsonPath: {text}: [{inside}] must hold names in single quotes, or positions.")


def _range(start: str | None, end: str | None, end_included: bool) -> Range:
    last = int(end) if end is not None else None
    if last is not None and end_included:
        last = last + 1 or None  # Up to and with the last element is up to the end.
    return Range(int(start) if start is not None else None, last)
