"""What the first lines of CSV show."""

from __future__ import annotations

import pytest

from transform.csv_head import has_first_column_of_names, header_of


@pytest.mark.parametrize(
    ("head", "names"),
    [
        (b"age,plan\n41,x\n", ("age", "plan")),
        (b"age,plan\r\n41,x\r\n", ("age", "plan")),
        (b"age,plan\n41,x", ("age", "plan")),
        (b"\nage,plan\n\n41,x\n", ("age", "plan")),
        (b'"age, in years", plan\n41,x\n', ("age, in years", "plan")),
        (b"id,value,id\n1,2,3\n", ("id", "value", "id")),
        (b"score\n0.5\n", ("score",)),
    ],
)
def test_names_above_a_number_are_a_header(head: bytes, names: tuple[str, ...]) -> None:
    assert header_of(head) == names


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"age,plan\n",
        b"age,plan\nold,x\n",
        b"age,1\n41,2\n",
        b"age,nan\n41,2\n",
        b"age,\n41,2\n",
        b"age,plan\n41\n",
        b"NA,NA\n1,2\n",
        b"%s,plan\n1,2\n" % (b"x" * 200_000),
    ],
)
def test_a_line_that_may_be_data_is_no_header(head: bytes) -> None:
    assert header_of(head) == ()


def test_rows_that_begin_with_an_id_have_a_first_column_of_names() -> None:
    assert has_first_column_of_names(b"a1,2,3\nb2,3,4\nc3,cut")
    assert not has_first_column_of_names(b"a1,2,3\nb2,x,4\n")
    assert not has_first_column_of_names(b"1,2,3\n")
    assert not has_first_column_of_names(b"")
