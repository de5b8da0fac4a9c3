"""The filters' JSONPath: what each form finds, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from transform.jsonpath import BadPath, NotInRecord, parse, unexpected_character

ROW = ["a", "b", "c", "d"]
RECORD = {"id": 7, "features": [1, 2, 3], "who": {"first": "Ada", "last": "L"}, "many": [{"x": 1}, {"x": 2}]}


@pytest.mark.parametrize(
    ("path", "value", "selected"),
    [
        ("$", ROW, ROW),
        ("$[0]", ROW, "a"),
        ("$[-1]", ROW, "d"),
        ("$[0, -1]", ROW, ["a", "d"]),
        ("$[2,0]", ROW, ["c", "a"]),
        ("$[1:]", ROW, ["b", "c", "d"]),
        ("$[:2]", ROW, ["a", "b"]),
        ("$[1:3]", ROW, ["b", "c"]),
        ("$[-2:]", ROW, ["c", "d"]),
        ("$[:9]", ROW, ROW),
        ("$[*]", ROW, ROW),
        ("$.features", RECORD, [1, 2, 3]),
        ("$['features']", RECORD, [1, 2, 3]),
        ("$.features[0]", RECORD, 1),
        ("$.who.first", RECORD, "Ada"),
        ("$.who.*", RECORD, ["Ada", "L"]),
        ("$['id','features']", RECORD, {"id": 7, "features": [1, 2, 3]}),
        ("$.who.['first', 'last']", RECORD, {"first": "Ada", "last": "L"}),
        ("$.many[*].x", RECORD, [1, 2]),
        ("$.many[0:1].x", RECORD, [1]),
        ("$.many[0,1].x", RECORD, [1, 2]),
    ],
)
def test_a_path_finds(path: str, value: Any, selected: Any) -> None:
    assert parse(path).select(value) == selected


@pytest.mark.parametrize(
    ("path", "selected"),
    [("$[1:2]", ["b", "c"]), ("$[:0]", ["a"]), ("$[1:-1]", ["b", "c", "d"]), ("$[1:]", ["b", "c", "d"])],
)
def test_a_range_takes_its_end_along_when_told_to(path: str, selected: list[str]) -> None:
    assert parse(path, end_included=True).select(ROW) == selected


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        ("$[4]", ROW, r"\$\[4\] finds nothing: there is no \[4\]"),
        ("$[-5]", ROW, r"no \[-5\]"),
        ("$[0,9]", ROW, r"no \[9\]"),
        ("$[4:]", ROW, "the array has 4 elements"),
        ("$.nothing", RECORD, "no 'nothing'"),
        ("$['id','nothing']", RECORD, "no 'nothing'"),
        ("$.id.deeper", RECORD, "no 'deeper'"),
        ("$[0]", RECORD, r"no \[0\]"),
        ("$.id[*]", RECORD, "no array"),
    ],
)
def test_what_a_record_does_not_have_is_an_error(path: str, value: Any, why: str) -> None:
    with pytest.raises(NotInRecord, match=why):
        parse(path).select(value)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "features",
        "$features",
        "$.",
        "$..x",
        "$[",
        "$[]",
        "$[?(@.x)]",
        "$[1",
        "$['a.b']",
        "$['a',1]",
        "$x[0]",
    ],
)
def test_what_is_no_path_of_the_subset_is_refused(path: str) -> None:
    with pytest.raises(BadPath):
        parse(path)


def test_two_ranges_are_refused_in_the_services_words() -> None:
    with pytest.raises(BadPath) as caught:
        parse("$[0:2,246:]")
    assert str(caught.value) == (
        "Invalid JsonPath: $[0:2,246:]: only single range filters of format (eg: [1:5]) are supported. "
        "Format [0:2,246:] is not supported"
    )


def test_an_underscore_is_refused_in_the_services_words() -> None:
    assert unexpected_character("$['account_id','SageMakerOutput']", "application/jsonlines") == (
        'Unexpected "_" in JsonPath. Supported operators for "application/jsonlines" are '
        "['$', '[', ']', '*', '.', ' ', ',', ':', '-', ''']"
    )
    assert unexpected_character("$['accountId']", "application/json") is None
    assert unexpected_character("$['a']", "text/csv") is not None
