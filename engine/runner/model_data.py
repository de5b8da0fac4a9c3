"""Fetching a container's model: its archive out of the store, unpacked into a folder."""

from __future__ import annotations

import asyncio
from pathlib import Path

from engine.objects import ObjectStore
from engine.runner.failures import JobFailed
from engine.runner.protocols import Readable, RuntimeProvider
from transform.keys import parse_s3_uri


async def fetch_model(
    objects: ObjectStore, runtimes: RuntimeProvider, url: str | None, directory: Path
) -> None:
    """Make `directory` with the model of that `ModelDataUrl`, empty if there is none.

    Raises JobFailed if it is not in the store, CannotRun if it cannot be unpacked. When this is cancelled,
    nothing is written to the directory any more.
    """
    if not url:
        directory.mkdir(parents=True)
        return
    bucket, key = parse_s3_uri(url)
    if objects.head(bucket, key) is None:
        raise JobFailed(
            f"ClientError: There is no model data at {url}; upload it, or register the model anew"
        )
    with objects.open(bucket, key) as reader:
        archive = _Abandonable(reader)
        unpacking = asyncio.create_task(asyncio.to_thread(runtimes.unpack, archive, directory))
        try:
            await asyncio.shield(unpacking)
        except asyncio.CancelledError:
            # A thread cannot be cancelled, but it can be given nothing more to do.
            archive.abandoned = True
            await asyncio.gather(unpacking, return_exceptions=True)
            raise


class _Abandoned(Exception):
    """Nobody wants the model any more."""


class _Abandonable:
    """A readable that fails once it is abandoned, and with it the thread that reads."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self.abandoned = False

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes."""
        if self.abandoned:
            raise _Abandoned
        return self._source.read(size)
