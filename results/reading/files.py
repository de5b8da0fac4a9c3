"""The files of a job, of which a page shows one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from django.db.models import Q, QuerySet

from aws import Target, objects
from jobs.lifecycle.follow.counting import written_since
from jobs.models import PlannedObject, TransformJob
from jobs.services.errors import NoSuchObject
from transform import keys

#: Files offered in the list of choices.
OFFERED = 50
#: Objects listed to find an output if the inputs are not known.
_LOOKED_AT = 2_000


@dataclass(frozen=True, slots=True)
class ResultFile:
    """An input object and its output. `planned` is the input's row; None if the input was not listed.

    `position` counts from 1 in key order; `previous` and `next` are the names of the neighbours. They are 0 and empty
    if the input was not listed.
    """

    input_key: str
    output_key: str
    planned: PlannedObject | None = None
    position: int = 0
    previous: str = ""
    next: str = ""

    @property
    def name(self) -> str:
        """The file's name in URLs: its input's key, else its output's."""
        return self.input_key or self.output_key


def file_of(planned: PlannedObject) -> ResultFile:
    """A planned input as a file, without its neighbours."""
    return ResultFile(planned.key, planned.output_key, planned, planned.position + 1)


def find(job: TransformJob, target: Target, name: str) -> ResultFile | None:
    """The job's file with this input or output key; without a name, the first file with an output.

    None if the job has no file yet. Raises NoSuchObject if it has no file of this name.
    """
    planned = _planned(job, name)
    if planned is None and job.planned.exists() and (job.objects_total or 0) <= job.planned.count():
        raise NoSuchObject("This job has no such file.")
    return planned or _written(job, target, name)


def matching(job: TransformJob, text: str) -> QuerySet[PlannedObject]:
    """The files whose key contains the text, in key order."""
    rows = job.planned.order_by("position")
    return rows.filter(key__icontains=text) if text else rows


def offered(job: TransformJob, text: str) -> list[PlannedObject]:
    """The first files whose key contains the text, in key order."""
    return list(matching(job, text)[:OFFERED])


def _planned(job: TransformJob, name: str) -> ResultFile | None:
    rows = job.planned.order_by("position")
    if name:
        planned = rows.filter(Q(key=name) | Q(output_key=name)).first()
    else:
        planned = rows.filter(done=True).first() or rows.first()
    if planned is None:
        return None
    beside = rows.filter(position__in=(planned.position - 1, planned.position + 1)).values_list(
        "position", "key"
    )
    around = dict(beside)
    return ResultFile(
        planned.key,
        planned.output_key,
        planned,
        planned.position + 1,
        around.get(planned.position - 1, ""),
        around.get(planned.position + 1, ""),
    )


def _written(job: TransformJob, target: Target, name: str) -> ResultFile | None:
    """An output below the output path, for a job whose input was not listed."""
    since = written_since(job)
    if since is None:
        return None
    bucket, prefix = keys.parse_s3_uri(job.output_path)
    folder = keys.output_folder(prefix)
    if not name:
        listed = islice(objects.iterate(target, bucket, folder), _LOOKED_AT)
        ours = (
            remote_object.key
            for remote_object in listed
            if remote_object.key.endswith(keys.OUTPUT_SUFFIX) and remote_object.modified >= since
        )
        name = next(ours, "")
        if not name:
            return None
    output = name if name.endswith(keys.OUTPUT_SUFFIX) else ""
    if not output.startswith(folder) or not output:
        raise NoSuchObject("This job has no such file.")
    return ResultFile(_input_of(job, output, prefix), output)


def _input_of(job: TransformJob, output: str, output_prefix: str) -> str:
    """The key of the output's input; empty if it is not certain, as with a manifest."""
    if job.spec.get("data_type", "S3Prefix") != "S3Prefix":
        return ""
    _, prefix = keys.parse_s3_uri(job.data)
    relative_key = output.removeprefix(keys.output_folder(output_prefix)).removesuffix(keys.OUTPUT_SUFFIX)
    folder = prefix[: prefix.rfind("/") + 1]
    for candidate in (prefix + relative_key, f"{prefix}/{relative_key}", folder + relative_key):
        # Only below the job's own input: the connection may read far more.
        if candidate.startswith(prefix) and keys.output_key(prefix, candidate, output_prefix) == output:
            return candidate
    return ""
