"""Numbers as TensorFlow Serving prints them."""

from __future__ import annotations

from typing import Any

import numpy as np

#: Digits that tell all values of a type apart, by its size in bytes.
_EXACT_DIGITS = {4: 9, 8: 17}


def write_decimals(values: Any) -> list[str]:
    """Floating-point numbers of an array, flattened: six digits if they read back as the same number, else all.

    Whole numbers end in ".0" unless they have an exponent.
    """
    flat = np.ascontiguousarray(values).reshape(-1)
    if flat.dtype.itemsize not in _EXACT_DIGITS:
        flat = flat.astype(np.float32)
    numbers = flat.tolist()
    texts = ("%.6g " * len(numbers) % tuple(numbers)).split()
    # NaN differs from itself, and is written by its name like the infinite ones.
    for index in np.flatnonzero(np.array(texts, dtype=np.float64).astype(flat.dtype) != flat).tolist():
        texts[index] = f"{numbers[index]:.{_EXACT_DIGITS[flat.dtype.itemsize]}g}"
    if not np.isfinite(flat).all():
        texts = [_NAMES.get(text, text) for text in texts]
    return [text if "." in text or "e" in text or text in _NAMED else f"{text}.0" for text in texts]


def write_decimal(value: float) -> str:
    """One double."""
    return write_decimals(np.array([value]))[0]


_NAMES = {"nan": "NaN", "-nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_NAMED = frozenset(_NAMES.values())
