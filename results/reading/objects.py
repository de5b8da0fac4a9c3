"""The input and output objects of a file: whether they exist, what is wrong with them, and their index."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from django.db.models import Max

from aws import Rejected, Target
from jobs import queries
from jobs.lifecycle.follow.counting import written_since
from jobs.lifecycle.queue import planning
from jobs.models import RowIndex, TransformJob
from jobs.services.connections.object_preview import LIMIT, Preview, make_preview
from results.reading.cells import Format, format_of, hex_of
from results.reading.cutting import Cutter, Lines, cutter_of
from results.reading.files import ResultFile
from results.reading.pictures import LARGEST, picture_type
from results.reading.rows import PAGE_BYTES, RowReader
from results.reading.source import Source, opened
from transform import keys, manifest, rowmarks
from transform.csv_head import header_of
from transform.decompression import NotGzip, beginning

Name = Literal["input", "output"]
#: Bytes unpacked of a gzip to see its format and header.
_OPENING = 64 * 1024
#: Bytes shown of binary data.
_DUMPED = 512
#: Clocks differ, and object stores keep whole seconds.
_LATE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Block:
    """An object shown in one piece: a picture with the content type `picture`, a hex `dump`, or text."""

    preview: Preview
    picture: str = ""
    dump: str = ""


@dataclass(slots=True)
class Side:
    """An input or an output. `trouble` says why it cannot be shown, `notes` warn about what is shown.

    `columns` are the names in a CSV header, or those that a person gave; `is_headed` is whether the first row is a
    header. `state` is `missing` if there is no object, `waiting` if it is not written
    yet, `older` if the object was written before the job.
    """

    name: Name
    key: str
    state: Literal["ok", "empty", "missing", "waiting", "older", "refused", "unknown"]
    trouble: str = ""
    source: Source | None = None
    cutter: Cutter = field(default_factory=Lines)
    is_gzip: bool = False
    form: Format = "text"
    columns: tuple[str, ...] = ()
    is_headed: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def size(self) -> int | None:
        """Bytes; None if there is no object."""
        return self.source.size if self.source else None

    @property
    def modified(self) -> datetime | None:
        """When it was written; None if there is no object."""
        return self.source.modified if self.source else None

    def rows(self, file: ResultFile, first: int, page_bytes: int = PAGE_BYTES) -> RowReader | None:
        """The rows from `first` on; None if there are no rows to show."""
        if self.source is None or self.state != "ok":
            return None
        marks = [rowmarks.START] if self.is_gzip else _index(self, file)
        return RowReader(self.source, self.cutter, first, self.is_gzip, marks, page_bytes)

    def learn(self, file: ResultFile, rows: RowReader | None) -> None:
        """Save the marks that reading added to the index."""
        if rows is None or file.planned is None or self.source is None or self.is_gzip:
            return
        if len(rows.marks) > len(_index(self, file)):
            values = {"etag": self.source.etag, "marks": rowmarks.pack(rows.marks)}
            RowIndex.objects.update_or_create(planned=file.planned, side=self.name, defaults=values)

    def block(self, content_type: str) -> Block | None:
        """The object in one piece; None if there is no object."""
        if self.source is None:
            return None
        head = b""
        for piece in self.source.pieces():
            head += piece
            if len(head) >= LIMIT:
                break
        head = head[:LIMIT]
        kind = picture_type(head) if self.source.size <= LARGEST else ""
        preview = make_preview(head, size=self.source.size, key=self.key, content_type=content_type)
        return Block(preview, kind, _dump(head) if preview.kind == "binary" and not kind else "")


def input_side(job: TransformJob, file: ResultFile, target: Target) -> Side:
    """The file's input. Raises Throttled and Unreachable."""
    if not file.input_key:
        return Side("input", "", "unknown", "Which input this output was made of is not known.")
    try:
        bucket = planning.input_bucket(job, target)
        source = opened(target, bucket, file.input_key) if bucket else None
    except (Rejected, manifest.ManifestError) as error:
        return Side("input", file.input_key, "refused", f"The input cannot be read: {error}")
    if source is None:
        return Side(
            "input", file.input_key, "missing", "The input is no longer there: it was removed from S3."
        )
    split = job.spec.get("split_type") or "None"
    side = Side("input", file.input_key, "ok", source=source, cutter=cutter_of(split))
    side.is_gzip = job.spec.get("compression_type") == "Gzip"
    if changed := _changed(job, file, source):
        side.notes.append(changed)
    framed = split in ("RecordIO", "TFRecord")
    return _with_head(side, job.spec.get("content_type"), "binary" if framed else None)


def output_side(job: TransformJob, file: ResultFile, target: Target) -> Side:
    """The file's output. Raises Throttled and Unreachable."""
    bucket, _ = keys.parse_s3_uri(job.output_path)
    since = written_since(job)
    try:
        source = opened(target, bucket, file.output_key) if since else None
    except Rejected as error:
        return Side("output", file.output_key, "refused", f"The output cannot be read: {error.sentence}")
    if source is None:
        return _no_output(job, file)
    if since and source.modified < since:
        cause = " What lies under its key was written before the job started."
        side = _no_output(job, file)
        side.state, side.trouble = "older", side.trouble + cause
        return side
    side = Side("output", file.output_key, "ok", source=source)
    if replaced := _replaced(job, source):
        side.notes.append(replaced)
    return _with_head(side, job.spec.get("accept") or job.spec.get("content_type"))


def _no_output(job: TransformJob, file: ResultFile) -> Side:
    if job.is_active:
        return Side(
            "output",
            file.output_key,
            "waiting",
            "Not written yet: an output appears once its whole file is done.",
        )
    if file.planned is not None and file.planned.done:
        why = "The output was written, and has been removed from S3 since."
    else:
        why = "The job ended without an output for this file."
    return Side("output", file.output_key, "missing", why)


def _with_head(side: Side, content_type: str | None, form: Format | None = None) -> Side:
    """Set the side's format and header from its first bytes."""
    assert side.source is not None
    if not side.source.size:
        side.state, side.trouble = "empty", f"The {side.name} is empty: it has no bytes."
        return side
    opening = _opening(side.source.head) if side.is_gzip else side.source.head
    side.form = form or format_of(content_type, side.key, opening)
    side.columns = header_of(opening[:_OPENING]) if side.form == "csv" else ()
    side.is_headed = bool(side.columns)
    return side


def _opening(head: bytes) -> bytes:
    try:
        return beginning(head, _OPENING)[0]
    except NotGzip:
        return b""


def _dump(head: bytes) -> str:
    lines = range(0, min(len(head), _DUMPED), 16)
    return "\n".join(f"{at:06x}  {hex_of(head[at : at + 16])}" for at in lines)


def _changed(job: TransformJob, file: ResultFile, source: Source) -> str:
    """A sentence if the input changed since the job read it, else an empty text."""
    planned = file.planned.etag if file.planned else ""
    by_etag = planned and source.etag and planned != source.etag
    by_time = not planned and job.started_at is not None and source.modified > job.started_at
    if not by_etag and not by_time:
        return ""
    return "The input was replaced since the job read it. Its rows need not be those that the output answers."


def _replaced(job: TransformJob, source: Source) -> str:
    """A sentence if the output was written after the last attempt's end, else an empty text."""
    if job.is_active:
        return ""
    last = queries.attempts(job).order_by().aggregate(last=Max("ended_at"))["last"]
    if last is None or source.modified <= last + _LATE:
        return ""
    return "The output was replaced after the job ended, by another job or by hand."


def _index(side: Side, file: ResultFile) -> list[rowmarks.Mark]:
    """The index of the object with this ETag; only the start if there is none."""
    if file.planned is None or side.source is None:
        return [rowmarks.START]
    indexes = RowIndex.objects.filter(planned=file.planned, side=side.name, etag=side.source.etag)
    packed = indexes.values_list("marks", flat=True).first()
    return rowmarks.unpack(bytes(packed or b""))
