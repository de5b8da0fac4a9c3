"""Previews: what is shown of an output's first bytes."""

from __future__ import annotations

import gzip
import json
import random

from jobs.services.connections.object_preview import COLUMNS, LIMIT, ROWS, make_preview


def test_csv_is_a_table() -> None:
    preview = make_preview(b'1,"a, b"\n2,c\n', size=13, key="x.csv.out")
    assert preview.kind == "table"
    assert preview.rows == (("1", "a, b"), ("2", "c"))
    assert not preview.truncated


def test_json_lines_are_a_table_with_every_key_as_a_column() -> None:
    preview = make_preview(b'{"a": 1}\n{"b": [2], "a": "x"}\n', size=30, key="x.out", content_type="")
    assert preview.columns == ("a", "b")
    assert preview.rows == (("1", ""), ("x", "[2]"))


def test_accept_decides_over_the_name() -> None:
    assert make_preview(b"0.5\n", size=4, key="x.jpg.out", content_type="text/csv").kind == "table"


def test_lines_that_only_look_like_json_are_text() -> None:
    assert make_preview(b"{oops\n", size=6, key="x.json.out").kind == "text"


def test_more_than_two_hundred_rows_are_cut() -> None:
    body = b"1,2\n" * 500
    preview = make_preview(body, size=len(body), key="x.csv.out")
    assert len(preview.rows) == ROWS
    assert preview.truncated


def test_a_row_cut_in_its_middle_is_left_out() -> None:
    body = "first,ü\nsecond,ü".encode()
    preview = make_preview(body[:-1], size=10_000, key="x.csv.out")
    assert preview.rows == (("first", "ü"),)
    assert preview.truncated


def test_all_members_of_a_gzip_are_shown_up_to_the_limit() -> None:
    members = gzip.compress(b"1,2\n") + gzip.compress(b"3,4\n") + bytes(8)
    preview = make_preview(members, size=len(members), key="x.csv.gz.out")
    assert (preview.rows, preview.truncated) == ((("1", "2"), ("3", "4")), False)
    # The object goes on behind the bytes that were read.
    assert make_preview(members, size=10_000, key="x.csv.gz.out").truncated
    many = b"".join(gzip.compress(b"1,2\n" * 1000) for _ in range(200))
    assert make_preview(many, size=len(many), key="x.csv.gz.out").truncated


def test_gzip_is_opened_no_further_than_the_limit() -> None:
    bomb = gzip.compress(b"1,2\n" * 1_000_000)
    preview = make_preview(bomb, size=len(bomb), key="x.csv.out")
    assert preview.kind == "table"
    assert preview.truncated
    assert len(preview.rows) == ROWS


def test_a_long_text_without_lines_is_shown_to_the_limit() -> None:
    preview = make_preview(b"x" * LIMIT, size=10 * LIMIT, key="x.out")
    assert preview.kind == "text"
    assert len(preview.text) == LIMIT


def test_what_is_no_text_is_said_to_be_binary() -> None:
    assert make_preview(random.Random(1).randbytes(1000), size=1000, key="x.out").kind == "binary"
    assert make_preview(b"a\0b", size=3, key="x.out").kind == "binary"


def test_an_empty_output_is_said_to_be_empty() -> None:
    assert make_preview(b"", size=0, key="x.out").kind == "empty"


def test_a_table_with_a_field_beyond_pythons_limit_is_still_shown() -> None:
    body = b"a," + b"x" * 200_000
    assert make_preview(body, size=len(body), key="x.csv.out").kind in {"table", "text"}


def test_json_that_is_nested_too_deeply_is_text() -> None:
    body = b"[" * 100_000
    for deep in (body, body + b"]" * len(body)):
        preview = make_preview(deep, size=len(deep), key="x.json.out", content_type="application/json")
        assert preview.kind == "text"


def test_more_columns_than_a_browser_can_show_are_cut() -> None:
    wide = b",".join([b"1"] * 100_000) + b"\n"
    preview = make_preview(wide, size=len(wide), key="x.csv.out")
    assert ([len(row) for row in preview.rows], preview.truncated) == ([COLUMNS], True)
    # Each line has keys of its own, so that the table would have a thousand times as many cells as the text.
    lines = "\n".join(json.dumps({f"{line}-{key}": 1 for key in range(100)}) for line in range(150)).encode()
    preview = make_preview(lines, size=len(lines), key="x.out")
    assert (len(preview.columns), {len(row) for row in preview.rows}, preview.truncated) == (
        COLUMNS,
        {COLUMNS},
        True,
    )
