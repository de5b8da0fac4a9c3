"""One file of a conversion: its rows become the parts of an upload, and the parts an object."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

from aws import Target, objects, uploads
from jobs.lifecycle.converting.names import MAGIC
from jobs.lifecycle.converting.outcomes import FileOutcome, Unconvertible, place_of
from jobs.models import Conversion
from jobs.models.conversion import UNDER_WAY, TextFormat
from transform.keys import parse_s3_uri

if TYPE_CHECKING:
    from jobs.lifecycle.converting.source import ParquetSource

_MIB = 1024 * 1024
#: The least bytes of a part; each thousand parts are larger by as much, so that 10,000 are enough for 400 GB.
PART, _PARTS_OF_A_SIZE = 8 * _MIB, 1000


def convert_file(
    conversion: Conversion, target: Target, head: objects.RemoteObject, until: float
) -> FileOutcome:
    """Convert a file, or go on with it, until the time `until` at the earliest one part.

    Raises Unconvertible with a sentence, MemoryError and GatewayErrors.
    """
    # Here, since it imports pyarrow: no process but the one that converts shall.
    from jobs.lifecycle.converting.source import ParquetSource

    bucket, _ = parse_s3_uri(conversion.source)
    if not _begin(conversion, head):
        return FileOutcome.STOPPED
    if not conversion.by_name and objects.read(target, bucket, head.key, limit=len(MAGIC)) != MAGIC:
        return _end(conversion, files=0, size=0)
    source = ParquetSource(target, bucket, head)
    return _FileConversion(conversion, target, source, head).run(until)


def _begin(conversion: Conversion, head: objects.RemoteObject) -> bool:
    """Write which file is read. Raises Unconvertible if it was begun and has changed since."""
    if conversion.object_key == head.key and conversion.etag:
        if conversion.etag != head.etag:
            raise Unconvertible("It was replaced while it was converted. Convert it again.")
        return True
    return conversion.move(
        UNDER_WAY,
        object_key=head.key,
        etag=head.etag,
        upload_id="",
        parts=0,
        rows_in_parts=0,
        bytes_in_parts=0,
        bytes_of_file=0,
    )


def _end(conversion: Conversion, *, files: int, size: int) -> FileOutcome:
    """Write that the file is done. Its key stays: the files after it are next."""
    moved = conversion.move(
        UNDER_WAY,
        etag="",
        upload_id="",
        tries=0,
        files_done=conversion.files_done + files,
        rows=conversion.rows + conversion.rows_in_parts,
        bytes_done=conversion.bytes_done + size,
        bytes_of_file=0,
        rows_in_parts=0,
    )
    return FileOutcome.DONE if moved else FileOutcome.STOPPED


class _FileConversion:
    """The rows of a file on their way into parts; `_lines` are those that are in no part yet."""

    def __init__(
        self, conversion: Conversion, target: Target, source: ParquetSource, head: objects.RemoteObject
    ) -> None:
        self._conversion, self._target, self._source, self._head = conversion, target, source, head
        self._place = place_of(conversion, head.key)
        self._lines = bytearray()
        self._row = conversion.rows_in_parts

    def run(self, until: float) -> FileOutcome:
        """Write parts until the time is over, and the object once all rows are in parts."""
        from jobs.lifecycle.converting import texts

        self._check_columns()
        if self._conversion.parts == 0 and self._conversion.has_header:
            self._lines += texts.header_line(self._source.schema.names)
        for batch in self._source.batches(self._row):
            self._lines += texts.lines(batch, self._conversion.format)
            self._row += batch.num_rows
            if len(self._lines) >= PART * (1 + self._conversion.parts // _PARTS_OF_A_SIZE):
                if not self._put_part():
                    return FileOutcome.STOPPED
                if time.monotonic() > until and self._row < self._source.rows:
                    return FileOutcome.CUT
        if self._row != self._source.rows:
            raise Unconvertible(f"It has {self._row:,} rows, where its footer says {self._source.rows:,}.")
        return self._write_object()

    def _check_columns(self) -> None:
        from jobs.lifecycle.converting import texts

        conversion, names = self._conversion, self._source.schema.names
        texts.check_columns(self._source.schema, conversion.format)
        if conversion.format == TextFormat.CSV and conversion.is_folder:
            if not conversion.columns:
                conversion.move(UNDER_WAY, columns=names)
            elif conversion.columns != names:
                first = next(
                    (
                        f"{was} there and {now} here"
                        for was, now in zip(conversion.columns, names, strict=False)
                        if was != now
                    ),
                    f"{len(conversion.columns)} there and {len(names)} here",
                )
                raise Unconvertible(
                    f"It has other columns than the files before it: {first}. In CSV they would be mixed up; "
                    "convert to JSON Lines."
                )

    def _put_part(self) -> bool:
        """Send the lines as the next part, and write it down; whether the conversion goes on."""
        conversion = self._conversion
        if not conversion.upload_id:
            upload_id = uploads.begin(self._target, *self._place)
            if not conversion.move(UNDER_WAY, upload_id=upload_id):
                uploads.abort(self._target, *self._place, upload_id)
                return False
        number = conversion.parts + 1
        uploads.put_part(self._target, *self._place, conversion.upload_id, number, io.BytesIO(self._lines))
        share = self._row / self._source.rows if self._source.rows else 1
        size = len(self._lines)
        self._lines = bytearray()
        return conversion.move(
            UNDER_WAY,
            parts=number,
            rows_in_parts=self._row,
            bytes_in_parts=conversion.bytes_in_parts + size,
            bytes_of_file=int(self._head.size * share),
            tries=0,
        )

    def _write_object(self) -> FileOutcome:
        try:
            if not self._lines and not self._conversion.parts:
                self._put_empty()
            else:
                if self._lines and not self._put_part():
                    return FileOutcome.STOPPED
                self._complete()
        except uploads.KeyTaken as error:
            raise Unconvertible(
                f"There is an object s3://{'/'.join(self._place)} already, written meanwhile; it was not replaced."
            ) from error
        return _end(self._conversion, files=1, size=self._head.size)

    def _put_empty(self) -> None:
        try:
            uploads.put_whole(self._target, *self._place, io.BytesIO(), replace=self._conversion.replace)
        except uploads.KeyTaken:
            # A worker that ended after this call had not written it down.
            if not uploads.is_written(self._target, *self._place, 0):
                raise

    def _complete(self) -> None:
        upload = *self._place, self._conversion.upload_id
        try:
            parts = uploads.list_parts(self._target, *upload)
            uploads.complete(self._target, *upload, parts, replace=self._conversion.replace)
        except uploads.NoSuchUpload as error:
            # A worker that ended after the completion had not written it down.
            if not self._is_written():
                raise Unconvertible("Its upload was aborted by somebody else. Convert it again.") from error
        except uploads.KeyTaken:
            # The client repeats a call whose answer was late: the object may be the one that the first call made.
            if not (uploads.has_ended(self._target, *upload) and self._is_written()):
                raise

    def _is_written(self) -> bool:
        return uploads.is_written(self._target, *self._place, self._conversion.bytes_in_parts)
