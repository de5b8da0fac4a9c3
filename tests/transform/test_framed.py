"""RecordIO and TFRecord: what was split concatenates to the object, and what is broken is told with its place."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.framing import recordio_bytes, tfrecord_bytes
from transform.batching import Splitting, payloads
from transform.framed import CorruptRecord, recordio, tfrecord
from transform.records import PayloadTooLarge

MAGIC = struct.pack("<I", 0xCED7230A)
#: Data rich in what RecordIO has to hide.
DATA = st.lists(st.sampled_from([MAGIC, b"abcd", b"x", b""]), max_size=6).map(b"".join) | st.binary(
    max_size=40
)
RECORDS = st.lists(DATA, max_size=8)
KINDS = {"RecordIO": recordio_bytes, "TFRecord": tfrecord_bytes}
KIND = st.sampled_from([*KINDS])


def cut(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@given(KIND, RECORDS, st.integers(1, 30))
def test_singlerecord_sends_what_each_record_holds(kind: str, records: list[bytes], size: int) -> None:
    chunks = cut(KINDS[kind](records), size)
    assert list(payloads(chunks, Splitting(kind, "SingleRecord", None))) == [r for r in records if r]


@given(KIND, RECORDS, st.integers(1, 30), st.integers(1, 200))
def test_multirecord_concatenates_to_the_object_within_the_limit(
    kind: str, records: list[bytes], size: int, limit: int
) -> None:
    write = KINDS[kind]
    data = write(records)
    batches = payloads(cut(data, size), Splitting(kind, "MultiRecord", limit))
    if any(len(write([record])) > limit for record in records):
        with pytest.raises(PayloadTooLarge, match=f"{limit} bytes"):
            list(batches)
        return
    bodies = list(batches)
    assert b"".join(bodies) == data
    assert all(0 < len(batch) <= limit for batch in bodies)


@given(KIND, RECORDS, st.integers(1, 200))
def test_every_batch_is_made_of_whole_records(kind: str, records: list[bytes], size: int) -> None:
    bodies = payloads([KINDS[kind](records)], Splitting(kind, "MultiRecord", None, batch=size))
    read = {"RecordIO": recordio, "TFRecord": tfrecord}[kind]
    assert [frame.payload for batch in bodies for frame in read([batch], None)] == records


@pytest.mark.parametrize(("kind", "around"), [("RecordIO", 8), ("TFRecord", 16)])
def test_a_record_exactly_as_long_as_the_limit_passes_and_one_longer_does_not(kind: str, around: int) -> None:
    write = KINDS[kind]
    short, record, longer = b"ab", b"x" * 100, b"x" * 101
    single = Splitting(kind, "SingleRecord", 100)
    assert list(payloads([write([short, record])], single)) == [short, record]
    with pytest.raises(PayloadTooLarge, match="A record is larger"):
        list(payloads([write([short, longer])], single))
    multi = Splitting(kind, "MultiRecord", 100 + around)
    assert list(payloads([write([short, record])], multi)) == [write([short]), write([record])]
    with pytest.raises(PayloadTooLarge, match="A record is larger"):
        list(payloads([write([short, longer])], multi))


@given(KIND, RECORDS.filter(bool), st.data())
def test_an_object_that_is_cut_short_is_told_with_the_place(
    kind: str, records: list[bytes], draw: st.DataObject
) -> None:
    write = KINDS[kind]
    whole = write(records)
    start = len(write(records[:-1]))
    end = draw.draw(st.integers(start + 1, len(whole) - 1))
    with pytest.raises(
        CorruptRecord, match=f"{kind} record at byte {start} is not whole: it ends at byte {end}$"
    ):
        list(payloads([whole[:end]], Splitting(kind, "MultiRecord", None)))


def test_a_recordio_object_without_its_magic_is_told_with_the_place() -> None:
    whole = recordio_bytes([b"abcd", b"efgh"])
    with pytest.raises(CorruptRecord, match="at byte 12 is not whole: there is no header at byte 12"):
        list(recordio([whole[:12] + b"\0" + whole[13:]], None))


def test_recordio_parts_that_do_not_belong_together_are_told() -> None:
    whole, parts = recordio_bytes([b"abcd"]), recordio_bytes([b"abcd" + MAGIC + b"efgh"])
    assert len(parts) == 24
    with pytest.raises(CorruptRecord, match=r"at byte 0 .* its last part is missing"):
        list(recordio([parts[:12] + whole], None))
    with pytest.raises(CorruptRecord, match=r"at byte 0 .* it begins in the middle"):
        list(recordio([parts[12:]], None))


def test_the_parts_of_one_record_count_together_against_the_limit() -> None:
    parts = recordio_bytes([b"abcd" + MAGIC + b"efgh"])
    assert next(recordio([parts], 12)).payload == b"abcd" + MAGIC + b"efgh"
    with pytest.raises(PayloadTooLarge):
        list(recordio([parts], 11))


def test_a_tfrecord_length_that_is_damaged_is_told_before_it_is_believed() -> None:
    whole = bytearray(tfrecord_bytes([b"a", b"b"]))
    whole[17 + 3] = 0xFF
    with pytest.raises(CorruptRecord, match="at byte 17 is not whole: its length has another checksum"):
        list(tfrecord([bytes(whole)], None))


def test_tfrecord_data_are_compared_with_their_checksum() -> None:
    whole = tfrecord_bytes([b"a", b"bcd"]).replace(b"bcd", b"bcx")
    framing = tfrecord([whole], None)
    assert next(framing).payload == b"a"
    with pytest.raises(CorruptRecord, match="at byte 17 is not whole: its data have another checksum"):
        next(framing)


def test_a_tfrecord_is_laid_out_as_tensorflow_writes_it() -> None:
    # Bytes as TensorFlow's TFRecordWriter has them for an empty record: length 0, the masked checksums of
    # eight zero bytes and of nothing.
    assert tfrecord_bytes([b""]) == bytes(8) + bytes.fromhex("29039807") + bytes.fromhex("d8ea82a2")
