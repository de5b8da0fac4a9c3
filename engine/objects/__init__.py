"""The S3 store: an index in SQLite with the small bodies; large bodies are files. Every change is atomic."""

from __future__ import annotations

from engine.objects.bodies import BodyWriter
from engine.objects.info import Entry, ObjectInfo
from engine.objects.store import (
    ObjectReader,
    ObjectStore,
    ObjectWriter,
    no_such_bucket,
    no_such_key,
    no_such_version,
)
from engine.objects.uploads import CompletedPart, Part, Upload, Uploads

__all__ = [
    "BodyWriter",
    "CompletedPart",
    "Entry",
    "ObjectInfo",
    "ObjectReader",
    "ObjectStore",
    "ObjectWriter",
    "Part",
    "Upload",
    "Uploads",
    "no_such_bucket",
    "no_such_key",
    "no_such_version",
]
