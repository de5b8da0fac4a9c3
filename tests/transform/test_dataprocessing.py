"""Filters and joins: what the model is sent, what is kept, and what is said when a record does not fit."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transform.csv_rows import Csv, columns
from transform.dataprocessing import DataProcessing, data_processing
from transform.formats import InferenceMark, RecordError
from transform.jsonpath import NotInRecord, parse

CSV, JSON, LINES = "text/csv", "application/json", "application/jsonlines"

#: Cells as a CSV writer would have them: quotes, commas, nothing; no line ends, which rows cannot hold.
CELLS = st.text(st.sampled_from('ab7 ",é'), max_size=4)
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=6).filter(any), min_size=1, max_size=6)
PATHS = st.sampled_from(
    ["$", "$[0]", "$[-1]", "$[1:]", "$[:2]", "$[1:3]", "$[0,-1]", "$[2,0,1]", "$[-2:]", "$[*]"]
)


def processing(kind: str, **more: Any) -> DataProcessing:
    return data_processing(content_type=kind, accept=kind, **more)


def csv_text(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def csv_rows(text: bytes) -> list[list[str]]:
    return [*csv.reader(io.StringIO(text.decode()))]


@given(ROWS, PATHS)
def test_a_csv_filter_finds_what_it_finds_in_an_array_of_the_columns(
    rows: list[list[str]], path: str
) -> None:
    def expected(row: list[str]) -> list[str]:
        selected = parse(path).select(row)
        return selected if isinstance(selected, list) else [selected]

    job = processing(CSV, input_filter=path)
    try:
        expected_rows = [expected(row) for row in rows]
    except NotInRecord:
        with pytest.raises(RecordError, match="finds nothing"):
            job.request(csv_text(rows))
        return
    sent = job.request(csv_text(rows))
    assert sent is not None
    # What is left of a row may be one empty cell, which is an empty line.
    got = sent.decode().removesuffix("\n").split("\n")
    assert [next(csv.reader([line])) or [""] for line in got] == expected_rows


@given(ROWS, ROWS, PATHS)
def test_joined_csv_is_the_input_columns_then_the_answers_columns(
    rows: list[list[str]], answers: list[list[str]], path: str
) -> None:
    rows, answers = rows[: len(answers)], answers[: len(rows)]
    job = processing(CSV, join_source="Input", input_filter="$[0]")
    assert csv_rows(job.result(csv_text(rows), csv_text(answers))) == [
        [*row, *answer] for row, answer in zip(rows, answers, strict=True)
    ]


@given(st.lists(CELLS, min_size=1, max_size=6))
def test_the_columns_of_a_row_keep_their_bytes(cells: list[str]) -> None:
    row = csv_text([cells]).removesuffix(b"\n")
    assert b",".join(columns(row)) == row
    assert ["".join(next(csv.reader([cell.decode()]))) for cell in columns(row)] == cells


def test_columns_are_not_read_as_numbers_nor_written_anew() -> None:
    job = processing(CSV, input_filter="$[1:]")
    assert job.request(b'1,01.50, x ,"a, ""b""",1e3\n') == b'01.50, x ,"a, ""b""",1e3\n'


def test_the_join_takes_the_raw_input_and_the_output_filter_sees_both() -> None:
    job = processing(CSV, input_filter="$[1:]", join_source="Input", output_filter="$[0,-1]")
    assert job.request(b"id1,2,3\nid2,4,5\n") == b"2,3\n4,5\n"
    assert job.result(b"id1,2,3\nid2,4,5\n", b"0.5\n0.7\n") == b"id1,0.5\nid2,0.7\n"


def test_carriage_returns_end_rows_and_blank_lines_are_none() -> None:
    job = processing(CSV, input_filter="$[1]", join_source="Input")
    assert job.request(b"a,1\r\n\r\nb,2\r\n") == b"1\n2\n"
    assert job.result(b"a,1\r\n\r\nb,2\r\n", b"x\r\ny") == b"a,1,x\nb,2,y"
    assert job.request(b"\n\n") is None


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (b'a,b"c"', 'Failed to parse input as CSV: bare " in non quoted field found near: "c"'),
        (b'a,"b"c', 'Failed to parse input as CSV: text after a closing " in a quoted field found near: c'),
        (b'a,"b', 'Failed to parse input as CSV: " that is never closed found near: "b'),
    ],
)
def test_wrong_quotes_are_told_with_the_place(row: bytes, why: str) -> None:
    filtering, joining = processing(CSV, input_filter="$[1]"), processing(CSV, join_source="Input")
    for work in (lambda: filtering.request(row), lambda: joining.result(row, b"1")):
        with pytest.raises(RecordError) as caught:
            work()
        assert str(caught.value) == why
        assert not caught.value.of_answer


def test_an_answer_with_wrong_quotes_is_the_models_fault() -> None:
    with pytest.raises(RecordError, match="Failed to parse output from the algorithm as CSV") as caught:
        processing(CSV, join_source="Input").result(b"1\n", b'a"b"\n')
    assert caught.value.of_answer


def test_a_row_of_which_an_empty_cell_is_kept_is_an_empty_line() -> None:
    job = processing(CSV, output_filter="$[0]")
    assert job.result(b"", b",1\n") == b"\n"
    assert job.result(b"", b"a,1\n,2\n") == b"a\n\n"


def test_a_row_too_short_for_the_filter_is_told_by_its_number() -> None:
    with pytest.raises(RecordError, match=r"Row 2 of the request: \$\[2\] finds nothing: there is no \[2\]"):
        processing(CSV, input_filter="$[2]").request(b"1,2,3\n1,2\n")
    with pytest.raises(RecordError, match=r"Row 1 .* the array has 1 elements"):
        processing(CSV, input_filter="$[1:]").request(b"1\n")


@pytest.mark.parametrize("answer", [b"", b"1\n", b"1\n2\n3\n"])
def test_answers_that_are_not_as_many_as_the_records_are_not_joined(answer: bytes) -> None:
    with pytest.raises(RecordError, match="the request has 2 records") as caught:
        processing(CSV, join_source="Input").result(b"a\nb\n", answer)
    assert caught.value.of_answer


@pytest.mark.parametrize("kind", [JSON, LINES])
@pytest.mark.parametrize(
    ("record", "answer", "joined"),
    [
        (b'{"a": 1.10}', b'{"y": 2}', b'{"a": 1.10,"SageMakerOutput":{"y": 2}}'),
        (b'{"a":1 } ', b"0.5", b'{"a":1 ,"SageMakerOutput":0.5}'),
        (b"{}", b"[]", b'{"SageMakerOutput":[]}'),
        (b'{"SageMakerOutput": 9, "a": 1}', b"2", b'{"a":1,"SageMakerOutput":2}'),
        (b"[1, 2]", b'"yes"', b'{"SageMakerInput":[1, 2],"SageMakerOutput":"yes"}'),
    ],
)
def test_json_is_joined_as_documented_and_keeps_its_bytes(
    kind: str, record: bytes, answer: bytes, joined: bytes
) -> None:
    assert processing(kind, join_source="Input").result(record, answer) == joined


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=4), st.booleans())
def test_what_json_lines_hold_after_a_join(pairs: list[tuple[Any, Any]], ascii_only: bool) -> None:
    def text(values: list[Any]) -> bytes:
        return "".join(json.dumps(value, ensure_ascii=ascii_only) + "\n" for value in values).encode(
            "utf-8", "surrogatepass"
        )

    job = processing(LINES, join_source="Input")
    joined = job.result(text([value for value, _ in pairs]), text([answer for _, answer in pairs]))
    assert [json.loads(line) for line in joined.splitlines()] == [
        {**value, "SageMakerOutput": answer}
        if isinstance(value, dict)
        else {"SageMakerInput": value, "SageMakerOutput": answer}
        for value, answer in pairs
    ]


def test_json_filters_apply_to_each_line_or_to_the_document() -> None:
    lines = processing(
        LINES, input_filter="$.x", join_source="Input", output_filter="$['id','SageMakerOutput']"
    )
    assert lines.request(b'{"id":1,"x":[1,2]}\n{"id":2,"x":[3]}\n') == b"[1,2]\n[3]\n"
    assert (
        lines.result(b'{"id":1,"x":[1,2]}\n{"id":2,"x":[3]}', b'{"p":"\xc3\xa9"}\n0.5\n')
        == b'{"id":1,"SageMakerOutput":{"p":"\xc3\xa9"}}\n{"id":2,"SageMakerOutput":0.5}\n'
    )
    document = processing(JSON, input_filter="$.rows[0]", output_filter="$.predictions")
    assert document.request(b'{\n "rows": [\n[1, 2]]\n}') == b"[1,2]"
    assert document.result(b"", b'{"predictions": [1]}') == b"[1]"


def test_a_document_over_several_lines_is_joined_to_one() -> None:
    job = processing(JSON, join_source="Input")
    assert job.result(b'{\n"a": 1\n}\n', b'{\r\n"p": 2}') == b'{ "a": 1 ,"SageMakerOutput":{ "p": 2}}'


@pytest.mark.parametrize(
    "text",
    [b"{", b"{} {}", b"\xff", b"\xef\xbb\xbf{}", b"[" * 100_000],
    ids=["cut", "two", "latin", "bom", "deep"],
)
def test_what_is_no_json_is_told(text: bytes) -> None:
    with pytest.raises(RecordError, match="Failed to parse input as JSON Lines"):
        processing(LINES, input_filter="$.a").request(text)
    with pytest.raises(RecordError, match="Failed to parse output from the algorithm as JSON"):
        processing(JSON, output_filter="$.a").result(b"", text)


def test_half_a_surrogate_pair_survives_a_filter() -> None:
    assert processing(JSON, input_filter="$.a").request(b'{"a": "\\ud83d"}') == b'"\\ud83d"'


def test_nothing_asked_for_changes_nothing() -> None:
    job = data_processing(content_type="image/png", input_filter="$", output_filter="$", join_source="None")
    assert job.does_nothing
    assert job.request(b"\x89PNG\n\n") == b"\x89PNG\n\n"
    assert job.result(b"", b"a\n\n") == b"a\n\n"


def test_a_range_may_take_its_end_along() -> None:
    job = processing(CSV, input_filter="$[0:1]", range_end_included=True)
    assert job.request(b"a,b,c") == b"a,b"


@pytest.mark.parametrize(("kind", "of"), [("image/png", CSV), (CSV, "image/png")])
def test_a_type_it_cannot_read_is_refused(kind: str, of: str) -> None:
    with pytest.raises(ValueError, match="must be one of text/csv"):
        data_processing(content_type=kind, accept=of, join_source="Input")


def test_marks_are_the_last_columns_or_two_more_members() -> None:
    def mark() -> InferenceMark:
        return InferenceMark("id", "2026-01-02T03:04:05Z")

    assert processing(CSV, mark=mark).result(b"", b"0\n1\n") == (
        b"0,id,2026-01-02T03:04:05Z\n1,id,2026-01-02T03:04:05Z\n"
    )
    assert processing(LINES, mark=mark).result(b"", b'{"output": 0}\n5') == (
        b'{"output": 0,"SageMakerInferenceId":"id","SageMakerInferenceTime":"2026-01-02T03:04:05Z"}\n'
        b'{"SageMakerOutput":5,"SageMakerInferenceId":"id","SageMakerInferenceTime":"2026-01-02T03:04:05Z"}'
    )


def test_the_quick_way_through_plain_rows_finds_what_the_slow_one_does() -> None:
    plain = [b"a,b,c,d", b"1,2,3,4"]
    quoted = [b'"a",b,c,d', *plain]
    for text in ("$[0]", "$[3]", "$[-1]", "$[-4]", "$[1:]", "$[:3]", "$[1:3]", "$[:-1]", "$[-2:]", "$[3,0]"):
        path = parse(text)
        quick = Csv().filtered(plain, path, of_answer=False)
        assert quick == Csv().filtered(quoted, path, of_answer=False)[1:]
