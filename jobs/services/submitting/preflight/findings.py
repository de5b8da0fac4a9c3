"""What preflight finds, what it is asked about, and what it has seen of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from aws.objects import RemoteObject
from jobs.lifecycle.queue.capacity import Limit
from jobs.services.submitting.replacing import Replaced
from transform.keys import parse_s3_uri

Fix = Mapping[str, str | int]


class FindingLevel(StrEnum):
    """An error blocks submitting, a warning needs a tick, a note is only told."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a request, under the field to change.

    `fix` is the change that mends it, field by field, where one is known. `about` names further fields that it
    depends on. `tick` is what a person ticks to say that a warning is intended; it holds as long as these
    fields stay as they are.
    """

    code: str
    level: FindingLevel
    field: str
    reason: str
    fix: Fix | None = None
    about: tuple[str, ...] = ()
    tick: str = ""

    def marked(self, values: Mapping[str, Any]) -> Finding:
        """The same with its tick for these values of the request's fields."""
        names = sorted({self.field, *self.about, *(self.fix or ())})
        text = json.dumps(
            [self.code, {name: values.get(name) for name in names}], sort_keys=True, default=str
        )
        return replace(self, tick=f"{self.code}-{hashlib.sha256(text.encode()).hexdigest()[:16]}")


@dataclass(frozen=True, slots=True)
class RequestFields:
    """The request's fields that are well-formed, by their SDK names with dots; others count as not given."""

    values: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A field's text; empty if it was not given."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int | None:
        """A field's whole number; None if it was not given."""
        value = self.values.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def place(self, name: str) -> tuple[str, str] | None:
        """Bucket and key prefix of an S3 URI; None if it was not given, or is none."""
        try:
            return parse_s3_uri(self.text(name))
        except ValueError:
            return None

    @property
    def is_split(self) -> bool:
        """Whether objects are cut into records."""
        return self.text("split_type") not in ("", "None")


@dataclass(frozen=True, slots=True)
class ObjectList:
    """Objects of one place. `more`: there are further ones; `problem`: it cannot be used, and why."""

    objects: tuple[RemoteObject, ...] = ()
    more: bool = False
    problem: str = ""
    unknown: str = ""

    @property
    def is_known(self) -> bool:
        """Whether the place could be looked at."""
        return not (self.problem or self.unknown)

    @property
    def count(self) -> str:
        """How many there are, for sentences: 12 objects, or 3,000+ objects."""
        plural = "" if len(self.objects) == 1 and not self.more else "s"
        return f"{len(self.objects):,}{'+' if self.more else ''} object{plural}"


@dataclass(slots=True)
class Inspection:
    """What the connection told. None: it was not asked, or did not answer; `trouble` then says why."""

    at: datetime
    trouble: str = ""
    model_known: bool | None = None
    inputs: ObjectList | None = None
    #: Folders and objects whose names go on from where the input's prefix ends.
    beside: tuple[str, ...] = ()
    outputs: ObjectList | None = None
    #: The objects that the outputs would replace; None where there are none, or that is not known.
    replaced: Replaced | None = None
    #: The first object that has bytes, whether these are gzip, and how it begins, unpacked, where lines are cut.
    first: RemoteObject | None = None
    packed: bool | None = None
    head: bytes = b""
    #: The model's archives with their sizes, None for one that is not there.
    archives: tuple[tuple[str, int | None], ...] = ()
    #: Whether something could be written to the output; None where that was not tried.
    writable: bool | None = None
    limits: tuple[Limit, ...] = ()
    is_engine: bool = False
    #: The images of the model's containers, and why each one that the connection cannot run is so.
    images: tuple[str, ...] = ()
    against: Mapping[str, str] = field(default_factory=dict)
    #: The instance types that there are; None where that is not known.
    instance_types: frozenset[str] | None = None
    #: How the first object begins, unpacked, whether lines are cut or not.
    beginning: bytes = b""
