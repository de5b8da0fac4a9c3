"""A Parquet file in S3, opened for its rows: read in ranges, refused if it changes meanwhile."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from aws import Rejected, Target, objects
from jobs.lifecycle.converting.names import ENCRYPTED, MAGIC
from jobs.lifecycle.converting.outcomes import Unconvertible
from transform.decompression import is_gzip

#: Bytes of rows that are decoded at a time, as they are in the file, and the most rows.
_BATCH_BYTES, _BATCH_ROWS = 4 * 1024 * 1024, 4096
#: Bytes of the read buffers of all columns together, and the least and the most of one.
_BUFFERS, _LEAST_BUFFER, _MOST_BUFFER = 64 * 1024 * 1024, 64 * 1024, 4 * 1024 * 1024
#: Codes of a read of an object that is another than before.
_CHANGED = frozenset({"PreconditionFailed", "412"})
#: A file cannot be smaller: both magics, the length of the footer, a footer.
_LEAST_SIZE = 12


class ParquetSource:
    """A Parquet file; raises Unconvertible for one that cannot be read, and GatewayErrors."""

    def __init__(self, target: Target, bucket: str, head: objects.RemoteObject) -> None:
        self._file = _RangedFile(target, bucket, head)
        self.size = head.size
        _check_magic(self._file, head)
        try:
            self._parquet = self._opened(_LEAST_BUFFER)
            columns = max(1, self._parquet.metadata.num_columns)
            buffer = min(max(_BUFFERS // columns, _LEAST_BUFFER), _MOST_BUFFER)
            self._parquet = self._opened(buffer, self._parquet.metadata)
            self.schema: pa.Schema = self._parquet.schema_arrow
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _unreadable(error) from error
        self.rows: int = self._parquet.metadata.num_rows

    def _opened(self, buffer: int, metadata: pq.FileMetaData | None = None) -> pq.ParquetFile:
        return pq.ParquetFile(
            pa.PythonFile(self._file, mode="r"),
            metadata=metadata,
            buffer_size=buffer,
            pre_buffer=False,
            coerce_int96_timestamp_unit="us",
            page_checksum_verification=True,
        )

    def batches(self, row: int) -> Iterator[pa.RecordBatch]:
        """The rows from `row` on, counted from 0, in the file's order."""
        metadata = self._parquet.metadata
        first = 0
        try:
            for group in range(metadata.num_row_groups):
                about = metadata.row_group(group)
                if first + about.num_rows > row:
                    yield from _after(self._batches_of(group, about), row - first)
                first += about.num_rows
                row = max(row, first)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _unreadable(error) from error

    def _batches_of(self, group: int, about: pq.RowGroupMetaData) -> Iterator[pa.RecordBatch]:
        bytes_of_row = max(1, about.total_byte_size // max(1, about.num_rows))
        size = min(max(1, _BATCH_BYTES // bytes_of_row), _BATCH_ROWS)
        batches: Iterator[pa.RecordBatch] = self._parquet.iter_batches(
            batch_size=size, row_groups=[group], use_threads=False
        )
        return batches


def _after(batches: Iterator[pa.RecordBatch], count: int) -> Iterator[pa.RecordBatch]:
    """The batches without their first `count` rows."""
    for batch in batches:
        if count < batch.num_rows:
            yield batch.slice(count)
        count = max(0, count - batch.num_rows)


class _RangedFile(io.RawIOBase):
    """An object as a file for reading; each read is a call. Raises Rejected if the object has changed."""

    def __init__(self, target: Target, bucket: str, head: objects.RemoteObject) -> None:
        super().__init__()
        self._target, self._bucket, self._head = target, bucket, head
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._head.size}[whence]
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        to_end = self._head.size - self._at
        length = to_end if size is None or size < 0 else min(size, to_end)
        if length <= 0:
            return b""
        try:
            part = objects.part(
                self._target, self._bucket, self._head.key, self._at, length, etag=self._head.etag
            )
        except Rejected as error:
            if error.code in _CHANGED:
                raise Unconvertible("It was replaced while it was converted. Convert it again.") from error
            raise
        if part is None:
            raise Unconvertible("It was deleted while it was converted.")
        self._at += len(part.body)
        return part.body


def _check_magic(file: _RangedFile, head: objects.RemoteObject) -> None:
    if not head.size:
        raise Unconvertible("It is empty, so it is no Parquet file.")
    first = file.read(4)
    if is_gzip(first):
        raise Unconvertible("It is packed with gzip; unpack it first. Parquet has compression of its own.")
    if first == ENCRYPTED:
        raise Unconvertible("It is encrypted, and no key for it is known here.")
    if first != MAGIC:
        raise Unconvertible("It is no Parquet file: it does not begin with PAR1.")
    file.seek(max(0, head.size - 4))
    last = file.read(4)
    file.seek(0)
    if head.size < _LEAST_SIZE or last != MAGIC:
        raise Unconvertible(
            "It does not end as a Parquet file: it was cut off, or is still being written. Write it again."
        )


def _unreadable(error: Exception) -> Unconvertible:
    if isinstance(error, MemoryError):
        raise error
    reason = " ".join(str(error).split())[:300].rstrip(".")
    return Unconvertible(f"It cannot be read as Parquet: {reason}.")
