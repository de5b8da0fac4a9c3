"""A job's outputs: listed, previewed and downloaded. All functions raise Unavailable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aws import objects
from jobs import queries
from jobs.lifecycle.follow.counting import written_since
from jobs.models import TransformJob
from jobs.services.calling import calls_for_person
from jobs.services.connections.object_preview import LIMIT, Preview, make_preview
from jobs.services.data.downloading import WHOLE, Download, Remainder, open_download
from jobs.services.errors import NoSuchObject
from results.reading import pages
from transform import keys
from transform.keys import OUTPUT_SUFFIX

PAGE = 100
#: Objects listed for one page of outputs: a shared output path may hold far more objects of other jobs.
_LOOKED_AT = 20_000


@dataclass(frozen=True, slots=True)
class Output:
    """An output object; `name` is its key below the output path, `input_key` is empty if the input is not known.

    `rows_in` and `rows_out` are None if the rows of input and output were not compared.
    """

    key: str
    name: str
    input_key: str
    size: int
    modified: datetime
    rows_in: int | None = None
    rows_out: int | None = None


@dataclass(frozen=True, slots=True)
class OutputPage:
    """A page of outputs in key order; `next` is the key to continue after, empty on the last page."""

    outputs: tuple[Output, ...]
    next: str


def outputs(job: TransformJob, *, after: str = "", limit: int = PAGE) -> OutputPage:
    """A page of the whole job's outputs after the key `after`; `job` may be any of its attempts.

    Empty before anything is written.
    """
    merged = queries.merged(job)
    times = [since for attempt in merged.attempts if (since := written_since(attempt)) is not None]
    if not times:
        return OutputPage((), "")
    job, since = merged.planned_by, min(times)
    bucket, folder = _place(job)
    planned_rows = job.planned.values_list("output_key", "key", "rows_in", "rows_out", named=True)
    planned = {row.output_key: row for row in planned_rows}
    whole_plan = _plan_is_whole(job)
    page_outputs: list[Output] = []
    with calls_for_person(job.connection) as target:
        last_key = after
        for looked_at, candidate in enumerate(objects.iterate(target, bucket, folder, after=after)):
            if len(page_outputs) == limit or looked_at == _LOOKED_AT:
                return OutputPage(tuple(page_outputs), last_key)
            last_key = candidate.key
            ours = last_key in planned if whole_plan else last_key.endswith(OUTPUT_SUFFIX)
            if ours and candidate.modified >= since:
                page_outputs.append(_output(candidate, folder, planned.get(last_key)))
    return OutputPage(tuple(page_outputs), "")


def preview(job: TransformJob, key: str) -> Preview:
    """The first 200 rows of an output's first 256 KiB. Raises NoSuchObject if there is no such output."""
    bucket = _bucket_of_output(job, key)
    with calls_for_person(job.connection) as target:
        head = objects.head(target, bucket, key)
        body = objects.read(target, bucket, key, limit=LIMIT) if head else None
    if head is None or body is None:
        raise NoSuchObject("There is no such output. It may not be written yet, or it was removed from S3.")
    return make_preview(body, size=head.size, key=key, content_type=job.spec.get("accept") or "")


def download(job: TransformJob, key: str, remainder: Remainder = WHOLE) -> Download:
    """An output to download. Raises NoSuchObject if there is none."""
    return _download(job, _bucket_of_output(job, key), key, "output", remainder)


def download_input(job: TransformJob, name: str) -> Download:
    """As `download`, for the input with the key `name`. Raises NoSuchObject if the job has no such input."""
    return _download(job, *pages.input_place(job, name), "input")


def _download(job: TransformJob, bucket: str, key: str, kind: str, remainder: Remainder = WHOLE) -> Download:
    with calls_for_person(job.connection) as target:
        object_download = open_download(target, bucket, key, remainder)
    if object_download is None:
        raise NoSuchObject(f"There is no such {kind}. It may not be written yet, or it was removed from S3.")
    return object_download


def _output(remote_object: objects.RemoteObject, folder: str, planned: Any) -> Output:
    name = remote_object.key[len(folder) :]
    if planned is None:
        return Output(remote_object.key, name, "", remote_object.size, remote_object.modified)
    rows = planned.rows_in, planned.rows_out
    return Output(remote_object.key, name, planned.key, remote_object.size, remote_object.modified, *rows)


def _place(job: TransformJob) -> tuple[str, str]:
    """The bucket and key prefix of the outputs; the prefix ends in a slash unless it is empty."""
    bucket, prefix = keys.parse_s3_uri(job.output_path)
    return bucket, prefix.rstrip("/") + "/" if prefix.strip("/") else ""


def _plan_is_whole(job: TransformJob) -> bool:
    """Whether all input objects, and so all output keys, are known."""
    return job.objects_total is not None and job.objects_total == job.planned.count()


def _bucket_of_output(job: TransformJob, key: str) -> str:
    """The output bucket. Raises NoSuchObject unless `key` is an output of this job: the connection may read more."""
    job = queries.merged(job).planned_by
    bucket, folder = _place(job)
    ours = job.planned.filter(output_key=key).exists() if _plan_is_whole(job) else key.startswith(folder)
    if not ours or not key.endswith(OUTPUT_SUFFIX):
        raise NoSuchObject("This job has no such output.")
    return bucket
