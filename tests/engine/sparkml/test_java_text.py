"""Numbers are written and read as Java does it."""

from __future__ import annotations

import math

import pytest

from engine.runtimes.sparkml.container.mleap.java_text import (
    double_text,
    float_text,
    json_text,
    parse_double,
    parse_whole,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"), (-0.0, "-0.0"), (1.0, "1.0"), (100.0, "100.0"), (-2.5, "-2.5"), (0.1, "0.1"),
        (0.001, "0.001"), (0.0012, "0.0012"), (0.00099, "9.9E-4"), (1e-5, "1.0E-5"), (1.25e-7, "1.25E-7"),
        (9999999.0, "9999999.0"), (1234567.125, "1234567.125"), (1e7, "1.0E7"), (12345678.5, "1.23456785E7"),
        (1e16, "1.0E16"), (1.2e22, "1.2E22"), (1.7976931348623157e308, "1.7976931348623157E308"), (5e-324, "4.9E-324"),
        (232.62463916840318, "232.62463916840318"), (math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity"),
    ],
)  # fmt: skip
def test_a_double_is_written_as_java_writes_it(value: float, text: str) -> None:
    assert double_text(value) == text


def test_a_float_has_the_digits_of_32_bits() -> None:
    assert [float_text(value) for value in (0.1, 1e10, 16777216.0)] == ["0.1", "1.0E10", "1.6777216E7"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0), (" 1.5\t", 1.5), ("+.5e-2", 0.005), ("1.", 1.0), ("2d", 2.0), ("3.5F", 3.5),
        ("-Infinity", -math.inf), ("0x1.8p1", 3.0), ("1e999", math.inf),
    ],
)  # fmt: skip
def test_a_double_is_read_as_java_reads_it(text: str, value: float) -> None:
    assert parse_double(text) == value


@pytest.mark.parametrize("text", ["", "  ", "abc", "1_0", "inf", "nan", "1,5", "0x10", "--1", "1e"])
def test_what_java_reads_no_double_from_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"empty String|For input string"):
        parse_double(text)


@pytest.mark.parametrize(
    ("text", "java_type", "reason"),
    [
        ("1.0", "int", 'For input string: "1.0"'),
        (" 1", "int", 'For input string: " 1"'),
        ("2147483648", "int", 'For input string: "2147483648"'),
        ("9" * 5000, "long", "For input string"),
        ("128", "byte", 'Value out of range. Value:"128" Radix:10'),
    ],
)
def test_a_whole_number_of_another_kind_is_refused(text: str, java_type: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"For input|out of range") as refusal:
        parse_whole(text, java_type)
    assert str(refusal.value).startswith(reason)


def test_the_limits_of_whole_numbers() -> None:
    assert parse_whole("-128", "byte") == -128
    assert parse_whole("+2147483647", "int") == 2**31 - 1
    assert parse_whole("-9223372036854775808", "long") == -(2**63)


def test_other_json_values_are_texts_as_java_has_them() -> None:
    assert json_text([1, "a", 1e7, {"k": True}]) == "[1, a, 1.0E7, {k=true}]"
