"""Which texts are numbers: only those that nothing is lost of."""

from __future__ import annotations

import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.taking.column_kinds import ColumnKind, KindFinder, is_decimal, is_whole

DOUBLES = st.floats(allow_nan=False, allow_infinity=False)


def kind_of(*texts: str | None) -> ColumnKind:
    """The kind of a column with these texts."""
    finder = KindFinder()
    for text in texts:
        finder.see([text])
    return finder.kinds[0]


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", "-2", None, ""], ColumnKind.WHOLE),
        (["1", "0.5"], ColumnKind.DECIMAL),
        (["0.5", "1", "NaN", "-inf", "1e-7", "5.", ".5"], ColumnKind.DECIMAL),
        ([None, ""], ColumnKind.EMPTY),
        (["1", "yes"], ColumnKind.TEXT),
        (["0.5", "1", "yes", "2"], ColumnKind.TEXT),
        (["007"], ColumnKind.TEXT),
        (["+49"], ColumnKind.TEXT),
        ([" 1"], ColumnKind.TEXT),
        (["1_000"], ColumnKind.TEXT),
        (["٣"], ColumnKind.TEXT),
        (["true"], ColumnKind.TEXT),
        (["NA"], ColumnKind.TEXT),
        (["9223372036854775807"], ColumnKind.WHOLE),
        (["9223372036854775808"], ColumnKind.DECIMAL),
        (["9223372036854775809"], ColumnKind.TEXT),
        (["9007199254740993", "0.5"], ColumnKind.TEXT),
        (["0.5", "9007199254740993"], ColumnKind.TEXT),
        (["0.12345678901234567890"], ColumnKind.TEXT),
        (["1.234500000000000064e+01"], ColumnKind.DECIMAL),
        (["1e999"], ColumnKind.TEXT),
        (["1e-999"], ColumnKind.TEXT),
        (["1.23456e-320"], ColumnKind.TEXT),
        (["9" * 5000], ColumnKind.TEXT),
    ],
)
def test_a_column_is_of_numbers_if_nothing_of_its_texts_is_lost(
    texts: list[str | None], kind: ColumnKind
) -> None:
    assert kind_of(*texts) is kind


@given(DOUBLES, st.sampled_from(["r", ".18e", ".6g", ".9g", ".17g", ".3f"]))
def test_what_programs_write_of_doubles_are_decimals(number: float, form: str) -> None:
    text = repr(number) if form == "r" else format(number, form)
    assert is_decimal(text) or is_whole(text) or len(text) > 300


@given(st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False))
def test_what_programs_write_of_single_floats_are_decimals(number: float) -> None:
    assert is_decimal(format(struct.unpack("f", struct.pack("f", number))[0], ".9g"))


@given(st.from_regex(r"-?(0|[1-9]\d{0,25})(\.\d{0,25})?(e-?\d{1,3})?", fullmatch=True))
def test_two_texts_of_one_length_are_never_the_same_number(text: str) -> None:
    if is_decimal(text) and "." in text and "e" not in text:
        places = len(text.partition(".")[2])
        assert Decimal(f"{float(text):.{places}f}") == Decimal(text)


def test_a_finder_is_settled_once_all_columns_are_texts() -> None:
    finder = KindFinder()
    assert not finder.is_settled
    finder.see(["a", "1"])
    assert not finder.is_settled
    finder.see(["1", "b"])
    assert finder.is_settled
