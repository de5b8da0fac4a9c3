"""The files of a job, to choose one whose rows are shown."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from django.db.models import Q

from aws import Target, objects
from jobs.lifecycle.follow.counting import written_since
from jobs.models import PlannedObject, TransformJob
from jobs.services.errors import NoSuchObject
from transform import keys

#: Offered at once to choose from.
OFFERED = 50
#: Objects looked at to find an output where the input is not known.
_LOOKED_AT = 2_000


@dataclass(frozen=True, slots=True)
class ResultFile:
    """An input object and its output. `planned` is its row where the input was listed.

    `position` counts from 1 in key order, and `previous` and `next` are the names of its neighbours; 0 and empty where
    the input was not listed.
    """

    input_key: str
    output_key: str
    planned: PlannedObject | None = None
    position: int = 0
    previous: str = ""
    next: str = ""

    @property
    def name(self) -> str:
        """What stands for the file in addresses: its input's key."""
        return self.input_key or self.output_key


def find(job: TransformJob, target: Target, name: str) -> ResultFile | None:
    """The job's file of this name, an input's or an output's key; without a name, the first that has an output.

    None if the job has no file yet. NoSuchObject if it has none of this name.
    """
    planned = _planned(job, name)
    if planned is None and job.planned.exists() and (job.objects_total or 0) <= job.planned.count():
        raise NoSuchObject("This job has no such file.")
    return planned or _written(job, target, name)


def offered(job: TransformJob, text: str) -> list[PlannedObject]:
    """Some files whose key holds the text, in key order."""
    rows = job.planned.order_by("position")
    return list((rows.filter(key__icontains=text) if text else rows)[:OFFERED])


def _planned(job: TransformJob, name: str) -> ResultFile | None:
    rows = job.planned.order_by("position")
    if name:
        found = rows.filter(Q(key=name) | Q(output_key=name)).first()
    else:
        found = rows.filter(done=True).first() or rows.first()
    if found is None:
        return None
    beside = rows.filter(position__in=(found.position - 1, found.position + 1)).values_list("position", "key")
    around = dict(beside)
    return ResultFile(
        found.key,
        found.output_key,
        found,
        found.position + 1,
        around.get(found.position - 1, ""),
        around.get(found.position + 1, ""),
    )


def _written(job: TransformJob, target: Target, name: str) -> ResultFile | None:
    """Of a job whose input was not listed: an output that lies where its outputs do."""
    since = written_since(job)
    if since is None:
        return None
    bucket, prefix = keys.parse_s3_uri(job.output_path)
    folder = keys.output_folder(prefix)
    if not name:
        listed = islice(objects.iterate(target, bucket, folder), _LOOKED_AT)
        ours = (one.key for one in listed if one.key.endswith(keys.OUTPUT_SUFFIX) and one.modified >= since)
        name = next(ours, "")
        if not name:
            return None
    output = name if name.endswith(keys.OUTPUT_SUFFIX) else ""
    if not output.startswith(folder) or not output:
        raise NoSuchObject("This job has no such file.")
    return ResultFile(_input_of(job, output, prefix), output)


def _input_of(job: TransformJob, output: str, output_prefix: str) -> str:
    """The input's key, of which the output's was made; empty where several could be it, as with a manifest."""
    if job.spec.get("data_type", "S3Prefix") != "S3Prefix":
        return ""
    _, prefix = keys.parse_s3_uri(job.data)
    rest = output.removeprefix(keys.output_folder(output_prefix)).removesuffix(keys.OUTPUT_SUFFIX)
    folder = prefix[: prefix.rfind("/") + 1]
    for candidate in (prefix + rest, f"{prefix}/{rest}", folder + rest):
        # Only below its own input: the connection may read far more than that.
        if candidate.startswith(prefix) and keys.output_key(prefix, candidate, output_prefix) == output:
            return candidate
    return ""
