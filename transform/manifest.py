"""The ManifestFile form of input: a JSON array, first `{"prefix": …}`, then names relative to it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from transform.json_values import is_writable
from transform.keys import OUTPUT_SUFFIX, output_folder, output_key, parse_s3_uri


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

    def body(self) -> bytes:
        """The manifest as `parse_manifest` reads it."""
        head = {"prefix": f"s3://{self.bucket}/{self.prefix}"}
        return json.dumps([head, *self.entries], ensure_ascii=False).encode()


def parse_manifest(body: bytes) -> Manifest:
    """Read a manifest as CreateTransformJob's S3DataSource documents it; raises ManifestError."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
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
        if not is_writable(entry):
            raise ManifestError(f"Element {position} of the manifest has a character that no key can have")
    try:
        bucket, prefix = parse_s3_uri(head["prefix"])
    except ValueError as error:
        raise ManifestError(f"The manifest's prefix: {error}") from error
    if not is_writable(head["prefix"]):
        raise ManifestError("The manifest's prefix has a character that no key can have")
    return Manifest(bucket, prefix, tuple(entries))


def manifest_of(bucket: str, named: Iterable[tuple[str, str]], output_prefix: str) -> Manifest | None:
    """A manifest whose job writes each input of `named` to its output key.

    `named` contains pairs of an input's and its output's key, at least one; `output_prefix` is the key part of
    S3OutputPath. A manifest has one prefix only: None where no single one leads to all of these outputs.
    """
    pairs = list(named)
    folder = output_folder(output_prefix)
    prefixes = {key.removesuffix(out[len(folder) :].removesuffix(OUTPUT_SUFFIX)) for key, out in pairs}
    for prefix in sorted(prefixes, key=len):
        if all(_leads_to(prefix, key, out, output_prefix) for key, out in pairs):
            return Manifest(bucket, prefix, tuple(key[len(prefix) :] for key, _ in pairs))
    return None


def _leads_to(prefix: str, key: str, out: str, output_prefix: str) -> bool:
    # An entry may not be empty.
    return key != prefix and key.startswith(prefix) and output_key(prefix, key, output_prefix) == out
