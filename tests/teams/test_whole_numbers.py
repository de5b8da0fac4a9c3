"""Whole numbers out of addresses."""

from __future__ import annotations

import pytest

from teams.whole_numbers import LARGEST_ID, parse_whole_number


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("17", 17), ("007", 7), (str(LARGEST_ID), LARGEST_ID)]
)
def test_digits_are_read(text: str, number: int) -> None:
    assert parse_whole_number(text) == number


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1.0", "1 ", "1_000", "\u0661", "\u00b2", str(LARGEST_ID + 1), "9" * 5000]
)
def test_what_is_no_row_id_is_none(text: str) -> None:
    assert parse_whole_number(text) is None


def test_a_number_outside_its_bounds_is_none() -> None:
    assert [parse_whole_number(text, low=2, high=3) for text in ("1", "2", "3", "4")] == [None, 2, 3, None]
