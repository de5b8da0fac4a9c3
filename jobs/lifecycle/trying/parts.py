"""The parts of an object that a round of a search tests: ranges of record numbers. No I/O."""

from __future__ import annotations

from itertools import pairwise

from transform.record_places import RecordPlace

#: Parts that a part is divided into, so that a million records take five rounds.
WIDTH = 16
Part = tuple[int, int]


def rounds_for(records: int) -> int:
    """The most rounds that it takes to come from so many records to single ones."""
    rounds, size = 1, -(-records // WIDTH)
    while size > 1:
        rounds, size = rounds + 1, -(-size // WIDTH)
    return rounds


def divided(first: int, last: int, width: int = WIDTH) -> list[Part]:
    """The range in up to `width` parts of nearly the same size."""
    count = last - first + 1
    width = min(width, count)
    bounds = [first + count * number // width for number in range(width + 1)]
    return [(start, end - 1) for start, end in pairwise(bounds)]


def around(first: int, last: int, place: RecordPlace | None) -> list[Part]:
    """The range divided; the records that an error names are tested apart from those before and after them."""
    if place is None or not (first <= place.first <= place.last <= last):
        return divided(first, last)
    if (place.first, place.last) == (first, last):
        return divided(first, last)
    parts = divided(place.first, place.last)
    # Most models are asked in the records' order: those before are taken.
    before = [(first, place.first - 1)] if place.first > first else []
    after = divided(place.last + 1, last) if place.last < last else []
    return [*before, *parts, *after]


def name_of(part: Part) -> str:
    """The name of a part's object."""
    return f"records-{part[0]}-{part[1]}"
