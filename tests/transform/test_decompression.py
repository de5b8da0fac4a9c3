"""Gzip: what was compressed comes out, in however many members and pieces it comes."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transform.decompression import NotGzip, beginning, gunzip, is_gzip

MEMBERS = st.lists(st.binary(max_size=200), max_size=5)


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@given(MEMBERS, st.integers(1, 50), st.integers(0, 9))
def test_members_come_out_one_after_the_other(members: list[bytes], size: int, zeros: int) -> None:
    data = b"".join(map(gzip.compress, members)) + bytes(zeros)
    assert b"".join(gunzip(cut(data, size))) == b"".join(members)


def test_what_was_compressed_a_thousandfold_comes_out_in_pieces() -> None:
    data = bytes(20 * 1024 * 1024)
    pieces = [*gunzip([gzip.compress(data)])]
    assert max(map(len, pieces)) <= 1024 * 1024
    assert b"".join(pieces) == data


@given(st.binary(min_size=1, max_size=100), st.data())
def test_a_member_that_is_cut_short_is_told(data: bytes, draw: st.DataObject) -> None:
    whole = gzip.compress(data)
    end = draw.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(NotGzip, match="the data ends in the middle"):
        list(gunzip([whole, whole[:end]]))


@pytest.mark.parametrize(
    "data",
    [b"a,b\n", gzip.compress(b"a") + b"a,b\n", gzip.compress(b"abc")[:-8] + bytes(8)],
    ids=["plain", "plain behind a member", "wrong checksum"],
)
def test_what_is_no_gzip_is_told(data: bytes) -> None:
    with pytest.raises(NotGzip, match="not valid Gzip"):
        list(gunzip([data]))


def test_the_beginning_of_a_gzip_is_no_longer_than_the_limit_and_known_to_be_a_part() -> None:
    head = gzip.compress(bytes(20 * 1024 * 1024))
    assert is_gzip(head)
    assert beginning(head, 1000) == (bytes(1000), False)
    assert beginning(gzip.compress(b"a,b")[:-9], 1000)[1] is False
    assert beginning(gzip.compress(b"a,b"), 1000) == (b"a,b", True)


def test_what_is_no_gzip_has_no_beginning() -> None:
    assert not is_gzip(b"a,b")
    with pytest.raises(NotGzip):
        beginning(b"a,b", 1000)
