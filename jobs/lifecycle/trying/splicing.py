"""What a search writes beside a job's outputs: the bad records, and the output of the others with marks in it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile

from django.db.models import F
from django.utils import timezone

from aws import Target, objects, uploads
from jobs import queries
from jobs.models import PlannedObject, RecordSearch, TransformJob
from jobs.models.record_search import BadRecord
from transform.dataprocessing import media_type
from transform.keys import OUTPUT_SUFFIX, parse_s3_uri
from transform.records import lines

_IN_MEMORY = 8 * 1024 * 1024
_JSON_TYPES = ("application/json", "application/jsonlines")


class Unspliceable(Exception):
    """The output cannot be written; the message is a sentence for a person."""


def mark_of(search: RecordSearch, bad: BadRecord) -> bytes:
    """The line that stands in the output for a record which the model does not take.

    It is no number and no prediction, so a program that does not know it fails, or shows it, but does not go on with
    lines that are one off.
    """
    request = search.job.spec
    if media_type(request.get("accept") or request.get("content_type") or "") in _JSON_TYPES:
        return json.dumps({"bad_record": bad.record, "reason": bad.reason}).encode() + b"\n"
    return f"bad-record {bad.record}\n".encode()


def write_bad_records(search: RecordSearch, target: Target, pieces: Iterable[tuple[BadRecord, bytes]]) -> str:
    """Write the bad records as JSON Lines beside the object's output; the address of that object."""
    bucket = parse_s3_uri(search.job.output_path)[0]
    key = f"{search.output_key.removesuffix(OUTPUT_SUFFIX)}.bad-records-{search.key}.jsonl"
    body = b"".join(
        json.dumps(_as_json(bad, piece), ensure_ascii=False).encode() + b"\n" for bad, piece in pieces
    )
    objects.put(target, bucket, key, body)
    return f"s3://{bucket}/{key}"


def _as_json(bad: BadRecord, piece: bytes) -> dict[str, object]:
    place: dict[str, object] = {"record": bad.record}
    if bad.line:
        place["line"] = bad.line
    try:
        return {**place, "reason": bad.reason, "text": piece.decode().rstrip("\r\n")}
    except UnicodeDecodeError:
        return {**place, "reason": bad.reason, "base64": base64.b64encode(piece).decode()}


def write_output(search: RecordSearch, target: Target, rest_uri: str) -> None:
    """Write the output of the object: that of its other records, with a line in the place of each bad one.

    Raises Unspliceable if the output has not one line for each record, or if there is an object in its place.
    """
    chunks = objects.stream(target, *parse_s3_uri(rest_uri))
    if chunks is None:
        raise Unspliceable(f"There is no output {rest_uri}.")
    bucket = parse_s3_uri(search.job.output_path)[0]
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        size = sum(file.write(line) for line in _spliced(search, chunks))
        file.seek(0)
        try:
            uploads.put_whole(target, bucket, search.output_key, file, replace=False)  # type: ignore[arg-type]
        except uploads.KeyTaken as error:
            # A worker that ended after this call had not written it down.
            if not uploads.is_written(target, bucket, search.output_key, size):
                raise Unspliceable(
                    f"There is an object s3://{bucket}/{search.output_key} already; it was not replaced."
                ) from error


def _spliced(search: RecordSearch, chunks: Iterator[bytes]) -> Iterator[bytes]:
    bad = {record.record: record for record in search.bad}
    rows = lines(chunks, None)
    written = 0
    for number in range(1, (search.records or 0) + 1):
        if number in bad:
            yield mark_of(search, bad[number])
            continue
        row = next(rows, None)
        if row is None:
            break
        written += 1
        yield row if row.endswith(b"\n") else row + b"\n"
    further = sum(1 for _ in rows)
    expected = (search.records or 0) - len(bad)
    if written + further != expected:
        raise Unspliceable(
            f"The model wrote {written + further:,} lines for {expected:,} records, so nobody can say which line is "
            "which record's."
        )


def count_output(search: RecordSearch) -> None:
    """Count the output as written by the job; call it once, in the transaction that ends the search."""
    plan = PlannedObject.objects.filter(job=search.job, key=search.object_key, done=False)
    if plan.update(done=True, error="") != 1:
        return
    TransformJob.objects.filter(pk=search.job_id).update(
        objects_done=F("objects_done") + 1, changed_at=timezone.now()
    )
    queries.settle(search.job)
    count = len(search.bad)
    search.job.note(
        f"The output of {search.object_key} was written without {count} bad record{'' if count == 1 else 's'}."
    )
