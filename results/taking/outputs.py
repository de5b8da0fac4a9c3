"""All outputs of a job as a zip, and the command that copies them."""

from __future__ import annotations

import shlex
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath

from aws import objects
from jobs.lifecycle.aws_session import asking
from jobs.models import TransformJob
from jobs.services.errors import Unavailable
from results.job_outputs import Output, outputs
from results.taking.pipe import Pipe
from transform import keys


def sync_command(job: TransformJob) -> str:
    """The shell command that copies the outputs of the job with the aws command line."""
    place = f"{job.output_path.rstrip('/')}/"
    return f"aws s3 sync {shlex.quote(place)} . --exclude '*' --include '*.out'"


def zip_pieces(job: TransformJob) -> Iterator[bytes]:
    """The outputs as a zip, in pieces, holding one piece of one output at a time. Raises a GatewayError meanwhile.

    The outputs are not compressed again: what is read is sent at once.
    """
    pipe = Pipe()
    bucket, _ = keys.parse_s3_uri(job.output_path)
    with asking(job.connection) as target, zipfile.ZipFile(pipe, "w") as archive:
        for output in _all_outputs(job):
            pieces = objects.stream(target, bucket, output.key)
            if pieces is None:
                raise Unavailable(f"{output.key} was removed while the zip was made.")
            info = zipfile.ZipInfo(_entry_name(output.name), output.modified.timetuple()[:6])
            with archive.open(info, "w", force_zip64=True) as entry:
                for piece in pieces:
                    entry.write(piece)
                    yield pipe.take()
    yield pipe.take()


def _all_outputs(job: TransformJob) -> Iterator[Output]:
    after = ""
    while True:
        page = outputs(job, after=after)
        yield from page.outputs
        if not page.next:
            return
        after = page.next


def _entry_name(name: str) -> str:
    """A name that no program unpacks outside its folder."""
    parts = [part for part in PurePosixPath(name).parts if part not in ("/", "..", ".")]
    return "/".join(part.replace("\\", "_").replace(":", "_") for part in parts) or "output"
