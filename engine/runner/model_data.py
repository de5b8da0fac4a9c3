"""Fetches a container's model, and its script archive if it has a separate one, from the store and unpacks them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from engine.objects import ObjectStore
from engine.readable import Readable
from engine.runner.failures import JobFailed
from engine.runner.protocols import RuntimeProvider
from transform.keys import parse_s3_uri
from transform.request_addresses import SUBMIT_DIRECTORY


async def fetch_model(
    objects: ObjectStore, runtimes: RuntimeProvider, url: str | None, directory: Path
) -> None:
    """Create `directory` with the model of that `ModelDataUrl`, empty if `url` is empty.

    Raises JobFailed if the model does not exist, CannotRun if it cannot be unpacked. After a cancellation nothing is
    written to the directory any more.
    """
    if not url:
        directory.mkdir(parents=True)
        # Readable by the model server's user; the folder above is private.
        directory.chmod(0o755)
        return
    await _fetch(objects, runtimes, url, "model data", directory)


async def fetch_script(
    objects: ObjectStore, runtimes: RuntimeProvider, environment: Mapping[str, str], directory: Path
) -> dict[str, str]:
    """Unpack SAGEMAKER_SUBMIT_DIRECTORY into `directory` if it is an S3 address; returns the changed environment.

    The SageMaker SDK may upload a script separately from the model; on AWS the container downloads it
    (aws/sagemaker-containers, _files.py), but here it has no credentials. Raises as `fetch_model`.
    """
    url = environment.get(SUBMIT_DIRECTORY, "")
    if not url.startswith("s3://"):
        return dict(environment)
    await _fetch(objects, runtimes, url, f"script archive ({SUBMIT_DIRECTORY})", directory)
    return {**environment, SUBMIT_DIRECTORY: str(directory)}


async def _fetch(
    objects: ObjectStore, runtimes: RuntimeProvider, url: str, kind: str, directory: Path
) -> None:
    try:
        bucket, key = parse_s3_uri(url)
    except ValueError as error:
        raise JobFailed(f"ClientError: The {kind}: {error}") from error
    if objects.head(bucket, key) is None:
        raise JobFailed(f"ClientError: There is no {kind} at {url}; upload it, or register the model anew")
    with objects.open(bucket, key) as reader:
        archive = _Abandonable(reader)
        unpacking = asyncio.create_task(asyncio.to_thread(runtimes.unpack, archive, directory))
        try:
            await asyncio.shield(unpacking)
        except asyncio.CancelledError:
            # A thread cannot be cancelled, but its next read can fail.
            archive.abandoned = True
            await asyncio.gather(unpacking, return_exceptions=True)
            raise


class _Abandoned(Exception):
    """Reading was abandoned."""


class _Abandonable:
    """A readable whose `read` fails once it is abandoned, which ends the thread that reads it."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self.abandoned = False

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes."""
        if self.abandoned:
            raise _Abandoned
        return self._source.read(size)
