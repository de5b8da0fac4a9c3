"""What a job wrote: its outputs listed, previewed and downloaded. All raise Unavailable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aws import objects
from jobs import queries
from jobs.lifecycle.follow.counting import written_since
from jobs.models import TransformJob
from jobs.services.calling import asked
from jobs.services.connections.object_preview import LIMIT, Preview, make_preview
from jobs.services.errors import NoSuchObject
from results.reading import pages
from transform import keys
from transform.keys import OUTPUT_SUFFIX

PAGE = 100
#: Objects looked at for one page of outputs: a shared output path may hold far more of other jobs.
_LOOKED_AT = 20_000


@dataclass(frozen=True, slots=True)
class Output:
    """An output object; `name` is its key below the output path, `input_key` empty if that is not known.

    `rows_in` and `rows_out` are None where the rows of input and output were not compared.
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
    """Some outputs in key order; `next` asks for those after them, and is empty at the end."""

    outputs: tuple[Output, ...]
    next: str


@dataclass(frozen=True, slots=True)
class Download:
    """Either an address to send the browser to, or the body in pieces with its length."""

    filename: str
    url: str = ""
    body: Iterator[bytes] | None = None
    size: int = 0


def outputs(job: TransformJob, *, after: str = "", limit: int = PAGE) -> OutputPage:
    """The outputs after the key `after` of the whole job, whichever of its attempts is given.

    Empty, not an error, before anything is written.
    """
    merged = queries.merged(job)
    times = [since for one in merged.attempts if (since := written_since(one)) is not None]
    if not times:
        return OutputPage((), "")
    job, since = merged.planned_by, min(times)
    bucket, folder = _place(job)
    wanted = job.planned.values_list("output_key", "key", "rows_in", "rows_out", named=True)
    planned = {row.output_key: row for row in wanted}
    whole_plan = _plan_is_whole(job)
    found: list[Output] = []
    with asked(job.connection) as target:
        seen = after
        for looked_at, candidate in enumerate(objects.iterate(target, bucket, folder, after=after)):
            if len(found) == limit or looked_at == _LOOKED_AT:
                return OutputPage(tuple(found), seen)
            seen = candidate.key
            ours = seen in planned if whole_plan else seen.endswith(OUTPUT_SUFFIX)
            if ours and candidate.modified >= since:
                found.append(_output(candidate, folder, planned.get(seen)))
    return OutputPage(tuple(found), "")


def preview(job: TransformJob, key: str) -> Preview:
    """The beginning of an output: at most 256 KiB read and 200 rows shown. NoSuchObject if it is not there."""
    bucket = _bucket_of_output(job, key)
    with asked(job.connection) as target:
        found = objects.head(target, bucket, key)
        body = objects.read(target, bucket, key, limit=LIMIT) if found else None
    if found is None or body is None:
        raise NoSuchObject("There is no such output. It may not be written yet, or it was removed from S3.")
    return make_preview(body, size=found.size, key=key, content_type=job.spec.get("accept") or "")


def download(job: TransformJob, key: str) -> Download:
    """How to hand an output over: AWS by a signed address, an engine's bytes through this service.

    A browser may not reach an engine, which listens on loopback, so its objects pass through here.
    """
    return _download(job, _bucket_of_output(job, key), key, "output")


def download_input(job: TransformJob, name: str) -> Download:
    """How to hand over an input file, as it is now; `name` is its key. NoSuchObject if the job has none such."""
    return _download(job, *pages.input_place(job, name), "input")


def _download(job: TransformJob, bucket: str, key: str, what: str) -> Download:
    filename = key.rsplit("/", 1)[-1].replace('"', "")
    with asked(job.connection) as target:
        found = objects.head(target, bucket, key)
        if found is None:
            raise NoSuchObject(
                f"There is no such {what}. It may not be written yet, or it was removed from S3."
            )
        if not target.is_engine:
            return Download(filename, url=objects.signed_url(target, bucket, key, filename=filename))
        return Download(filename, body=objects.stream(target, bucket, key) or iter(()), size=found.size)


def _output(found: objects.RemoteObject, folder: str, planned: Any) -> Output:
    name = found.key[len(folder) :]
    if planned is None:
        return Output(found.key, name, "", found.size, found.modified)
    rows = planned.rows_in, planned.rows_out
    return Output(found.key, name, planned.key, found.size, found.modified, *rows)


def _place(job: TransformJob) -> tuple[str, str]:
    """The bucket and the key prefix, ending in a slash unless empty, below which the outputs lie."""
    bucket, prefix = keys.parse_s3_uri(job.output_path)
    return bucket, prefix.rstrip("/") + "/" if prefix.strip("/") else ""


def _plan_is_whole(job: TransformJob) -> bool:
    """Whether every input object, and so every output's key, is known."""
    return job.objects_total is not None and job.objects_total == job.planned.count()


def _bucket_of_output(job: TransformJob, key: str) -> str:
    """The output bucket, if `key` can be the whole job's output: the connection may read far more than that."""
    job = queries.merged(job).planned_by
    bucket, folder = _place(job)
    ours = job.planned.filter(output_key=key).exists() if _plan_is_whole(job) else key.startswith(folder)
    if not ours or not key.endswith(OUTPUT_SUFFIX):
        raise NoSuchObject("This job has no such output.")
    return bucket
