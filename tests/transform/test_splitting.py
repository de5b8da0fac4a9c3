"""Splitting and batching: nothing is lost, nothing is reordered, no limit is passed."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transform.assembling import assembled
from transform.batching import Splitting, payloads
from transform.records import PayloadTooLarge, UnsupportedSplit, lines, whole

#: Bytes rich in line ends, cut into pieces at random places.
TEXT = st.binary(max_size=400).map(lambda data: data.replace(b"\x00", b"\n").replace(b"\x01", b"\r\n"))


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """The data in chunks of those sizes, the last taking the rest."""
    chunks = []
    for size in sizes:
        chunks.append(data[:size])
        data = data[size:]
    return [*chunks, data]


CHUNKS = st.tuples(TEXT, st.lists(st.integers(0, 40), max_size=12)).map(lambda drawn: cut(*drawn))


@given(CHUNKS)
def test_concatenating_the_lines_gives_the_object(chunks: list[bytes]) -> None:
    assert b"".join(lines(chunks, None)) == b"".join(chunks)


@given(CHUNKS)
def test_a_line_ends_at_its_first_line_feed_and_nowhere_else(chunks: list[bytes]) -> None:
    records = list(lines(chunks, None))
    assert all(record.count(b"\n") == 1 and record.endswith(b"\n") for record in records[:-1])
    assert all(record for record in records)


@given(CHUNKS, st.integers(1, 60))
def test_multirecord_batches_keep_every_byte_and_the_limit(chunks: list[bytes], limit: int) -> None:
    data = b"".join(chunks)
    longest = max((len(line) for line in lines([data], None)), default=0)
    batches = payloads(chunks, Splitting("Line", "MultiRecord", limit))
    if longest > limit:
        with pytest.raises(PayloadTooLarge, match=f"{limit} bytes"):
            list(batches)
        return
    bodies = list(batches)
    assert b"".join(bodies) == data
    assert all(0 < len(batch) <= limit for batch in bodies)


@given(CHUNKS, st.integers(1, 60))
def test_multirecord_batches_are_as_full_as_whole_lines_allow(chunks: list[bytes], limit: int) -> None:
    records = list(lines(chunks, None))
    if any(len(record) > limit for record in records):
        return
    bodies = list(payloads(chunks, Splitting("Line", "MultiRecord", limit)))
    for batch, following in itertools.pairwise(bodies):
        first = next(lines([following], None))
        assert len(batch) + len(first) > limit


@given(CHUNKS)
def test_singlerecord_sends_each_line_that_holds_something(chunks: list[bytes]) -> None:
    sent = list(payloads(chunks, Splitting("Line", "SingleRecord", None)))
    assert sent == [record for record in lines(chunks, None) if record.strip(b"\r\n")]


@given(CHUNKS)
def test_without_a_split_the_object_is_one_request(chunks: list[bytes]) -> None:
    data = b"".join(chunks)
    for strategy in ("MultiRecord", "SingleRecord"):
        assert list(payloads(chunks, Splitting("None", strategy, None))) == ([data] if data else [])


@given(CHUNKS, st.integers(1, 60))
def test_without_a_limit_batches_have_their_size_and_a_longer_line_goes_alone(
    chunks: list[bytes], size: int
) -> None:
    bodies = list(payloads(chunks, Splitting("Line", "MultiRecord", None, batch=size)))
    assert b"".join(bodies) == b"".join(chunks)
    assert all(len(batch) <= size or batch.count(b"\n") <= 1 for batch in bodies)
    assert all(batch.endswith(b"\n") for batch in bodies[:-1])


@given(CHUNKS)
def test_singlerecord_leaves_the_line_feed_out_if_told_to(chunks: list[bytes]) -> None:
    bodies = payloads(chunks, Splitting("Line", "SingleRecord", None))
    bare = payloads(chunks, Splitting("Line", "SingleRecord", None, newline=False))
    assert list(bare) == [record.removesuffix(b"\n") for record in bodies]


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
@pytest.mark.parametrize("first", [b"", b"x\n"])
def test_a_line_exactly_as_long_as_the_limit_passes_and_one_longer_does_not(
    strategy: str, first: bytes
) -> None:
    how = Splitting("Line", strategy, 8)
    assert list(payloads([first + b"1234567\n", b"y"], how))[-2:] == [b"1234567\n", b"y"]
    assert list(payloads([first + b"12345678"], how))[-1] == b"12345678"
    with pytest.raises(PayloadTooLarge, match=r"A record is larger than MaxPayloadInMB allows \(8 bytes\)"):
        list(payloads([first + b"12345678\n", b"y"], how))


def test_an_object_exactly_as_long_as_the_limit_passes_and_one_longer_does_not() -> None:
    assert list(payloads([b"1234", b"5678"], Splitting("None", "MultiRecord", 8))) == [b"12345678"]
    with pytest.raises(PayloadTooLarge, match="The object is larger"):
        list(payloads([b"1234", b"56789"], Splitting("None", "MultiRecord", 8)))


def test_an_object_over_the_limit_is_refused_before_it_is_read_to_its_end() -> None:
    def endless() -> object:
        while True:
            yield b"x" * 10

    with pytest.raises(PayloadTooLarge):
        list(whole(endless(), 100))  # type: ignore[arg-type]


def test_a_record_over_the_limit_is_refused_before_its_end_is_found() -> None:
    with pytest.raises(PayloadTooLarge):
        list(lines([b"short\n", b"x" * 60, b"x" * 60], 100))


def test_an_unknown_split_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedSplit, match="Paragraph"):
        payloads([b""], Splitting("Paragraph", "MultiRecord", None))


@pytest.mark.parametrize(
    ("body", "how", "out"),
    [
        (b"0.5", "Line", b"0.5\n"),
        (b"0.5\n0.7\n", "Line", b"0.5\n0.7\n"),
        (b"", "Line", b"\n"),
        (b"0.5", "None", b"0.5"),
        (b"0.5", None, b"0.5"),
    ],
    ids=[
        "a newline is added",
        "one that is there is not doubled",
        "an empty answer is an empty line",
        "none",
        "unset",
    ],
)
def test_answers_are_assembled(body: bytes, how: str | None, out: bytes) -> None:
    assert assembled(body, how) == out
