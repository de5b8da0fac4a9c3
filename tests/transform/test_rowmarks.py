"""The sparse index of rows: every row is found from its nearest mark, and counting by it changes no count."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from transform import rowmarks
from transform.rowmarks import START, Mark, RowMarks, nearest, pack, unpack
from transform.rows import RowCounter


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rowmarks, "STEP", 100)


def rows_of(text: bytes) -> list[bytes]:
    return [line for line in text.split(b"\n") if line.strip(b"\r")]


def pieces_of(text: bytes, seed: int) -> list[bytes]:
    chance, out = random.Random(seed), []
    while text:
        size = chance.randint(1, 300)
        out.append(text[:size])
        text = text[size:]
    return out


@given(text=some.binary(max_size=2000).map(lambda b: b.replace(b"\x07", b"\n")), seed=some.integers(0, 99))
def test_rows_are_counted_as_the_comparison_counts_them(text: bytes, seed: int) -> None:
    plain, marked = RowCounter(), RowMarks()
    for piece in pieces_of(text, seed):
        plain.add(piece)
        marked.add(piece)
    assert marked.rows == plain.rows


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("seed", range(20))
def test_behind_each_mark_stand_the_rows_it_names(seed: int) -> None:
    chance = random.Random(seed)
    lines = [b"x" * chance.choice([0, 1, 5, 40, 350]) + chance.choice([b"", b"\r"]) for _ in range(200)]
    text = b"\n".join(lines)
    marked = RowMarks()
    for piece in pieces_of(text, seed):
        marked.add(piece)
    whole = rows_of(text)
    assert len(marked.marks) > 10
    for rows, at in marked.marks:
        assert rows_of(text[at:]) == whole[rows:]


@pytest.mark.usefixtures("small_steps")
def test_a_row_is_never_further_than_a_step_from_its_mark() -> None:
    text = b"".join(b"%d\n" % n for n in range(1000))
    marked = RowMarks()
    marked.add(text)
    for row in range(1000):
        assert text.index(b"\n%d\n" % row) + 1 - nearest(marked.marks, row).at <= 100 if row else True


@pytest.mark.usefixtures("small_steps")
def test_counting_goes_on_from_the_last_mark() -> None:
    text = b"0123456789\n" * 500
    first, whole = RowMarks(), RowMarks()
    first.add(text[:2000])
    whole.add(text)
    second = RowMarks(first.marks)
    second.add(text[first.marks[-1].at :])
    assert (second.rows, second.marks) == (whole.rows, whole.marks)


def test_marks_survive_being_packed() -> None:
    marks = [START, Mark(5, 2**40)]
    assert unpack(pack(marks)) == marks
    assert unpack(b"") == [START]
