"""The ManifestFile form of input: a JSON array, first `{"prefix": …}`, then names relative to it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from transform.keys import parse_s3_uri


class ManifestError(ValueError):
    """The manifest cannot be read; the message says where and what it must be."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The objects a manifest names: one bucket, one key prefix, and the entries relative to it, in order."""

    bucket: str
    prefix: str
    entries: tuple[str, ...]

    @property
    def keys(self) -> list[str]:
        """Each entry's whole key."""
        return [self.prefix + entry for entry in self.entries]


def parse_manifest(body: bytes) -> Manifest:
    """Read a manifest as CreateTransformJob's S3DataSource documents it; raises ManifestError."""
    try:
        document = json.loads(body)
    except ValueError as error:
        raise ManifestError(f"The manifest is not JSON: {error}") from error
    if not isinstance(document, list) or not document or not isinstance(document[0], dict):
        raise ManifestError(
            'The manifest must be a JSON array that starts with {"prefix": "s3://bucket/prefix"}'
        )
    head, *entries = document
    if set(head) != {"prefix"} or not isinstance(head["prefix"], str):
        raise ManifestError('The manifest\'s first element must be {"prefix": "s3://bucket/prefix"}')
    for position, entry in enumerate(entries, start=1):
        if not isinstance(entry, str) or not entry:
            raise ManifestError(f"Element {position} of the manifest must be a name relative to the prefix")
    try:
        bucket, prefix = parse_s3_uri(head["prefix"])
    except ValueError as error:
        raise ManifestError(f"The manifest's prefix: {error}") from error
    return Manifest(bucket, prefix, tuple(entries))
