"""Numbers as Java writes and reads them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

#: Java writes magnitudes from the first to below the second without an exponent.
_LEAST_PLAIN, _LEAST_WITH_EXPONENT = 1e-3, 1e7

_DECIMAL = re.compile(r"([+-]?)(?:(NaN)|(Infinity)|((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[fFdD]?)", re.ASCII)
_HEXADECIMAL = re.compile(
    r"([+-]?0[xX](?:[0-9a-fA-F]+\.?|[0-9a-fA-F]*\.[0-9a-fA-F]+)[pP][+-]?\d+)[fFdD]?", re.ASCII
)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_BITS = {"byte": 8, "short": 16, "int": 32, "long": 64}


def double_text(value: float) -> str:
    """Double.toString: 1.0E-5, 100.0, 1.0E7."""
    return _written(float(value), repr(float(value)))


def float_text(value: float) -> str:
    """Float.toString: the shortest digits that tell apart 32-bit numbers."""
    return _written(float(value), str(np.float32(value)))


def _written(value: float, digits: str) -> str:
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "-0.0" if digits.startswith("-") else "0.0"
    sign = "-" if value < 0 else ""
    if len(digits.lower().partition("e")[0].replace(".", "").strip("-0")) == 1:
        # Java writes two digits at least: the nearest ones, which matters for the smallest numbers.
        digits = f"{value:.1e}"
    mantissa, _, exponent = digits.lstrip("-").lower().partition("e")
    integer_part, _, fraction = mantissa.partition(".")
    significant = (integer_part + fraction).lstrip("0")
    # The power of ten of the first significant digit.
    power = int(exponent or 0) + len(integer_part) - 1 - (len(integer_part + fraction) - len(significant))
    significant = significant.rstrip("0")
    if not _LEAST_PLAIN <= abs(value) < _LEAST_WITH_EXPONENT:
        return f"{sign}{significant[0]}.{significant[1:] or '0'}E{power}"
    if power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{significant}"
    significant = significant.ljust(power + 1, "0")
    return f"{sign}{significant[: power + 1]}.{significant[power + 1 :] or '0'}"


def parse_double(text: str) -> float:
    """What `new Double(text)` is. Raises ValueError with Java's message."""
    # Java leaves out what is at most a blank on both sides.
    trimmed = text.strip("".join(map(chr, range(33))))
    if not trimmed:
        raise ValueError("empty String")
    if number := _HEXADECIMAL.fullmatch(trimmed):
        try:
            return float.fromhex(number[1])
        except OverflowError:
            return float("-inf" if trimmed.startswith("-") else "inf")
    number = _DECIMAL.fullmatch(trimmed)
    if number is None:
        raise ValueError(f'For input string: "{text}"')
    sign, nan, infinity, digits = number.groups()
    return float("nan") if nan else float(f"{sign}{'inf' if infinity else digits}")


def parse_float(text: str) -> float:
    """What `new Float(text)` is, a 32-bit number. Raises ValueError with Java's message."""
    with np.errstate(over="ignore"):
        return float(np.float32(parse_double(text)))


def parse_whole(text: str, java_type: str) -> int:
    """What `new Integer(text)` is, or Byte, Short, Long. Raises ValueError with Java's message."""
    limit = 2 ** (_BITS[java_type] - 1)
    if not _WHOLE.fullmatch(text):
        raise ValueError(f'For input string: "{text}"')
    # Longer texts are out of range too; Python refuses to read very long ones.
    value = int(text) if len(text) < 1000 else limit
    if not -limit <= value < limit:
        small = java_type in ("byte", "short")
        raise ValueError(
            f'Value out of range. Value:"{text}" Radix:10' if small else f'For input string: "{text}"'
        )
    return value


def json_text(value: Any) -> str:
    """`toString` of a value that Java has read from JSON: [1, a], {k=v}, 1.0E7."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return double_text(value)
    if isinstance(value, list):
        return f"[{', '.join(map(json_text, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={json_text(item)}" for key, item in value.items()) + "}"
    return "null" if value is None else str(value)
