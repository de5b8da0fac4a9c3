"""CBOR against the examples of RFC 8949 (appendix A), and against what is no CBOR."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.wire.cbor import BadCbor, Timestamp, dumps, loads


@pytest.mark.parametrize(
    ("hexadecimal", "value"),
    [
        ("00", 0),
        ("17", 23),
        ("1818", 24),
        ("1903e8", 1000),
        ("1a000f4240", 1000000),
        ("1b000000e8d4a51000", 1000000000000),
        ("20", -1),
        ("3903e7", -1000),
        ("f4", False),
        ("f5", True),
        ("f6", None),
        ("fb3ff199999999999a", 1.1),
        ("4401020304", b"\x01\x02\x03\x04"),
        ("62c3bc", "ü"),
        ("83010203", [1, 2, 3]),
        ("a26161016162820203", {"a": 1, "b": [2, 3]}),
    ],
)
def test_the_examples_of_the_rfc_are_read_and_written(hexadecimal: str, value: Any) -> None:
    assert loads(bytes.fromhex(hexadecimal)) == value
    assert dumps(value).hex() == hexadecimal


@pytest.mark.parametrize(
    ("hexadecimal", "value"),
    [
        ("f93c00", 1.0),
        ("fa47c35000", 100000.0),
        ("c11a514b67b0", 1363896240),
        ("5f42010243030405ff", b"\x01\x02\x03\x04\x05"),
        ("7f657374726561646d696e67ff", "streaming"),
        ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
        ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
    ],
)
def test_other_forms_of_the_rfc_are_read(hexadecimal: str, value: Any) -> None:
    assert loads(bytes.fromhex(hexadecimal)) == value


def test_a_timestamp_is_tagged() -> None:
    assert dumps(Timestamp(1363896240.5)).hex() == "c1fb41d452d9ec200000"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x18",
        b"\x62a",
        b"\x00\x00",
        b"\x81" * 100 + b"\x00",
        b"\x9f\x00",
        b"\xbb" + b"\xff" * 8,
        b"\xa1\x00\x00",
        b"\xa1\x80\x00",
        b"\x61\xff",
        b"\x1f",
        b"\xff",
        b"\xf9\x7e\x00",
        b"\xf8\x20",
        b"\x7f\x00\xff",
    ],
)
def test_what_is_no_cbor_is_refused(data: bytes) -> None:
    with pytest.raises(BadCbor):
        loads(data)


documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(documents)
def test_whatever_is_written_is_read_back(value: Any) -> None:
    assert loads(dumps(value)) == value


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(BadCbor):
        loads(data)


def test_values_without_end_are_refused_before_they_are_all_read() -> None:
    assert len(loads(b"\x9f" + b"\x01" * 50_000 + b"\xff")) == 50_000
    with pytest.raises(BadCbor, match="more than 100000 values"):
        loads(b"\x9f" + b"\x01" * 1_000_000 + b"\xff")
