"""The grammar of filters: what is true of which row, and errors that name their place."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

import pytest

from results.reading.cells import Cell
from results.reading.filters import LONGEST, BadFilter, parse_filter


@dataclass
class Row:
    """A row of named cells; the last one is the prediction."""

    cells: dict[str, str]

    def cell(self, name: str) -> Cell | None:
        name = name or list(self.cells)[-1]
        return Cell(self.cells[name], name) if name in self.cells else None

    def contains(self, text: str) -> bool:
        return text in ",".join(self.cells.values()).casefold()


ROW = Row(
    {"tenure": "2", "plan": "basic", "since login": "30", "day": "2026-11-02", "gone": "", "score": "0.81"}
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("> 0.8", True),
        ("  score  >=  8.1e-1  ", True),
        ("score >= 0.8 and tenure < 3", True),
        ("score >= 0.8 and tenure < 2", False),
        ("score > 0.9 or tenure = 2 and plan = basic", True),
        ("(score > 0.9 or tenure = 2) and plan = premium", False),
        ("not (score > 0.9)", True),
        ('not score > 0.9 and not plan = "premium"', True),
        ("since login = 30", True),
        ("`since login` != -.5", True),
        ('day >= "2026-11-01"', True),
        ("day < '2026-11-01'", False),
        ("gone is null", True),
        ("gone is not null", False),
        ("score IS NOT NULL AND nowhere is null", True),
        ("plan > 1", False),
        ("nowhere != 3", False),
        ("BASIC", True),
        ("salt and pepper", False),
        ('"basic" and score > 0.8', True),
        ('"="', False),
        ("it's", False),
    ],
)
def test_a_filter_is_true_of_the_rows_that_it_describes(text: str, holds: bool) -> None:
    row_filter = parse_filter(text)
    assert row_filter
    assert row_filter.holds(ROW) is holds


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "score >= and tenure < 3",
            "at character 10, a number or a text in quotes must follow >=, not “and”",
        ),
        ("score > high", "at character 9, a number or a text in quotes must follow >, not “high”"),
        ("> 1.2.3", "at character 3, a number"),
        ("score > 1 tenure < 3", "at character 11, “and” or “or” is missing before “tenure”"),
        ("(score > 1", "at character 11, a closing parenthesis is missing before the end"),
        ("score > 1 and", "at character 14, a column and a sign such as >= must stand before the end"),
        ('plan = "basic', "at character 8, a quote is not closed"),
        ("score ! > 1", "at character 7, “!” is not understood"),
        ("score > 1 and gone is not there or gone is null", "“null” or “not null” must follow “is”"),
        ("(" * 40 + "score > 1" + ")" * 40, "more than 20 parts are inside each other"),
        ("score > " + "1" * LONGEST, "has at most 500 characters"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, says: str) -> None:
    with pytest.raises(BadFilter, match="filter: ") as caught:
        parse_filter(text)
    assert says in caught.value.sentence


@pytest.mark.parametrize("text", ["", " \t"])
def test_an_empty_text_is_no_filter(text: str) -> None:
    assert parse_filter(text) is None


@pytest.mark.parametrize("part", [" ", '"', "'", "is ", "not ", "(", "a ", "<"])
def test_no_text_takes_long(part: str) -> None:
    begun = time.process_time()
    with contextlib.suppress(BadFilter):
        parse_filter((part * LONGEST)[: LONGEST - 4] + " > x")
    assert time.process_time() - begun < 1
