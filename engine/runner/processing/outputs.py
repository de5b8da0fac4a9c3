"""The outputs of a processing job: uploading the files that its containers have written.

The containers' code is not trusted and may still run: no part of a path is followed through a link.
"""

from __future__ import annotations

import contextlib
import os
import stat
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from engine.errors import ServiceError
from engine.objects import ObjectStore
from engine.runner.failures import JobFailed
from engine.runner.processing.request import BASE_DIR, below_base_dir, managed_outputs
from engine.runner.task_groups import Abandoned
from transform.keys import output_folder, parse_s3_uri

_CHUNK = 1024 * 1024
#: The longest key in bytes that S3 takes.
_LONGEST_KEY = 1024
#: Levels of folders in an output. The walk through them holds a descriptor for each, which all jobs share.
_DEEPEST = 100
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: A pipe without a writer must not block.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(slots=True)
class ProcessingOutput:
    """One output on one instance. `local_path` is relative to /opt/ml; `uploaded` has the state of each file then."""

    name: str
    bucket: str
    prefix: str
    local_path: PurePosixPath
    is_continuous: bool
    uploaded: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _File:
    """An open regular file: its path below the output's folder, and its size and modification time."""

    name: str
    descriptor: int
    state: tuple[int, int]


def plan_outputs(objects: ObjectStore, request: Mapping[str, Any]) -> list[ProcessingOutput]:
    """The outputs that are uploaded. Raises JobFailed if a bucket does not exist."""
    outputs = []
    for described in managed_outputs(request):
        target = described["S3Output"]
        bucket, prefix = parse_s3_uri(target["S3Uri"])
        if not objects.bucket_exists(bucket):
            raise JobFailed(
                f"ClientError: The bucket {bucket} of the output {described['OutputName']} does not exist; create it "
                "first"
            )
        outputs.append(
            ProcessingOutput(
                described["OutputName"],
                bucket,
                output_folder(prefix),
                below_base_dir(target["LocalPath"]),
                target["S3UploadMode"] == "Continuous",
            )
        )
    return outputs


def upload_output(
    objects: ObjectStore,
    output: ProcessingOutput,
    base_dir: Path,
    most_bytes: int,
    end: threading.Event,
    *,
    changed_before: int | None = None,
) -> None:
    """Upload the files that were not uploaded as they are now. Each appears whole or not at all.

    With `changed_before` (nanoseconds) files that were changed since are left out, since they may not be whole. Raises
    JobFailed for files that can not be objects, and if all files together have more than `most_bytes`; Abandoned after
    `end`. Called in a thread.
    """
    total = 0
    for file in _files(base_dir, output.local_path):
        try:
            size, modified = file.state
            total += size
            if total > most_bytes:
                raise JobFailed(
                    f"AlgorithmError: The files of the output {output.name} have more than {most_bytes} bytes "
                    "(ENGINE_LIMITS, disk_mb)"
                )
            fresh = changed_before is not None and modified >= changed_before
            if output.uploaded.get(file.name) != file.state and not fresh:
                _upload(objects, output, file, end)
                output.uploaded[file.name] = file.state
        finally:
            os.close(file.descriptor)


def read_beginning(base_dir: Path, path: PurePosixPath, size: int) -> bytes | None:
    """Up to `size` bytes of a file below `base_dir`; None if it is no regular file."""
    folder = _open_folder(base_dir, path.parent)
    if folder is None:
        return None
    try:
        descriptor = os.open(path.name, _FILE, dir_fd=folder)
    except OSError:
        return None
    finally:
        os.close(folder)
    try:
        return os.read(descriptor, size) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    finally:
        os.close(descriptor)


def _upload(objects: ObjectStore, output: ProcessingOutput, file: _File, end: threading.Event) -> None:
    key = output.prefix + file.name
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        name = os.fsencode(file.name).decode(errors="backslashreplace")
        raise JobFailed(
            f"ClientError: The file {name} of the output {output.name} has a name that is not UTF-8"
        ) from None
    if length > _LONGEST_KEY:
        raise JobFailed(
            f"ClientError: The file {file.name[:200]}… of the output {output.name} has too long a name: its key would "
            f"have {length} bytes, and S3 takes {_LONGEST_KEY}"
        )
    try:
        with objects.writer(output.bucket, key) as writer:
            remaining = file.state[0]
            # No more than its size when it was found, since it may grow for ever.
            while remaining > 0 and (chunk := os.read(file.descriptor, min(_CHUNK, remaining))):
                if end.is_set():
                    raise Abandoned
                writer.write(chunk)
                remaining -= len(chunk)
            writer.commit()
    except ServiceError as error:
        raise JobFailed(
            f"ClientError: The output {output.name} can not be uploaded: {error.message}"
        ) from error


def _files(base_dir: Path, local_path: PurePosixPath) -> Iterator[_File]:
    """The regular files below a folder, opened; the caller closes them. Links and other files are left out.

    Raises JobFailed for folders below folders in more than _DEEPEST levels.
    """
    top = _open_folder(base_dir, local_path)
    if top is None:
        return
    try:
        # It compares each folder that it opens with what it has listed, so that a link in its place is not followed.
        for path, folders, names, folder in os.fwalk(".", dir_fd=top):
            if folders and path.count("/") >= _DEEPEST:
                raise JobFailed(
                    f"ClientError: There are folders in more than {_DEEPEST} levels below "
                    f"{BASE_DIR / local_path}; write the files nearer to it"
                )
            for name in sorted(names):
                with contextlib.suppress(OSError):
                    descriptor = os.open(name, _FILE, dir_fd=folder)
                    status = os.fstat(descriptor)
                    if stat.S_ISREG(status.st_mode):
                        relative = os.path.normpath(os.path.join(path, name))
                        yield _File(relative, descriptor, (status.st_size, status.st_mtime_ns))
                    else:
                        os.close(descriptor)
    finally:
        os.close(top)


def _open_folder(base_dir: Path, path: PurePosixPath) -> int | None:
    """A descriptor of a folder below `base_dir`, none of whose parts is a link; None if there is none."""
    descriptor = os.open(base_dir, _FOLDER)
    for part in path.parts:
        try:
            inner = os.open(part, _FOLDER, dir_fd=descriptor)
        except OSError:
            return None
        finally:
            os.close(descriptor)
        descriptor = inner
    return descriptor
