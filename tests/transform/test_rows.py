"""Rows are counted as SplitType Line cuts them, however the text arrives."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transform.batching import single_lines
from transform.decompression import gunzip
from transform.rows import RowCounter, has_a_row_each


def count(*pieces: bytes) -> int:
    counter = RowCounter()
    for piece in pieces:
        counter.add(piece)
    return counter.rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (b"", 0),
        (b"\n", 0),
        (b"a", 1),
        (b"a\n", 1),
        (b"a\nb", 2),
        (b"a\n\n\nb\n\n", 2),
        (b"\n\na\n", 1),
        (b"a\r\nb\r\n\r\n", 2),
        (b"\r\n\r\r\n", 0),
        (b" \n,\n", 2),
        (b'1,"two\nlines",3\n', 2),
    ],
)
def test_a_row_is_a_line_that_holds_something(text: bytes, rows: int) -> None:
    assert count(text) == rows
    assert count(*(text[at : at + 1] for at in range(len(text)))) == rows


@given(
    st.lists(st.binary(max_size=6).map(lambda b: b.translate(bytes(b"a\n\rb\n"[n % 5] for n in range(256)))))
)
def test_as_many_rows_are_counted_as_requests_are_made_of_single_records(pieces: list[bytes]) -> None:
    assert count(*pieces) == len(list(single_lines(pieces, None)))


def test_each_member_of_a_gzip_is_counted() -> None:
    packed = gzip.compress(b"a\nb") + gzip.compress(b"c\nd\n")
    # What one member leaves open the next one goes on with.
    assert count(*gunzip([packed[:20], packed[20:]])) == 3


LINES = {"split_type": "Line", "assemble_with": "Line"}


@pytest.mark.parametrize(
    ("request_", "has"),
    [
        (LINES, True),
        ({**LINES, "input_filter": "$[1:]", "join_source": "Input"}, True),
        ({**LINES, "content_type": "application/jsonlines", "strategy": "MultiRecord"}, True),
        ({**LINES, "compression_type": "Gzip"}, True),
        ({**LINES, "accept": "application/json; charset=utf-8", "strategy": "SingleRecord"}, True),
        ({**LINES, "accept": "application/json"}, False),
        ({**LINES, "content_type": "application/json", "strategy": "MultiRecord"}, False),
        ({"split_type": "Line"}, False),
        ({"assemble_with": "Line"}, False),
        ({**LINES, "split_type": "RecordIO"}, False),
    ],
)
def test_rows_are_held_against_each_other_where_each_should_have_one(
    request_: dict[str, Any], has: bool
) -> None:
    assert has_a_row_each(request_) is has
