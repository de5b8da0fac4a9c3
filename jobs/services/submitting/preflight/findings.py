"""The findings of preflight, the request's fields, and what an inspection of the connection found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from aws.objects import RemoteObject
from jobs.lifecycle.queue.capacity import Limit
from jobs.models import Conversion, TransformJob
from jobs.services.submitting.replacing import Replaced
from transform.keys import parse_s3_uri

Fix = Mapping[str, str | int]


class FindingLevel(StrEnum):
    """An error blocks submitting, a warning needs a tick, a note does neither."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact about a request, shown at the `field` to change.

    `fix` is the change that mends it, by field; None if none is known. `about` names further fields that it depends
    on. `tick` identifies a warning that a person ticks as intended; it changes when one of these fields changes.
    """

    code: str
    level: FindingLevel
    field: str
    reason: str
    fix: Fix | None = None
    about: tuple[str, ...] = ()
    tick: str = ""

    def marked(self, values: Mapping[str, Any]) -> Finding:
        """This finding with its tick for these values of the request's fields."""
        names = sorted({self.field, *self.about, *(self.fix or ())})
        text = json.dumps(
            [self.code, {name: values.get(name) for name in names}], sort_keys=True, default=str
        )
        return replace(self, tick=f"{self.code}-{hashlib.sha256(text.encode()).hexdigest()[:16]}")


@dataclass(frozen=True, slots=True)
class RequestValues:
    """The request's well-formed fields, by their SDK names with dots; a malformed field counts as missing."""

    values: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A field's text; empty if it is missing."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int | None:
        """A field's whole number; None if it is missing."""
        value = self.values.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def place(self, name: str) -> tuple[str, str] | None:
        """Bucket and key prefix of an S3 URI; None if it is missing or malformed."""
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
    """The first objects below a prefix, or of a manifest. `more`: there are further objects.

    `problem` says why a job cannot use the place, `unknown` why it could not be listed; else they are empty.
    `pairs` are the keys of the inputs in `bucket`, if these are known, and of their outputs below the output folder.
    """

    objects: tuple[RemoteObject, ...] = ()
    bucket: str = ""
    pairs: tuple[tuple[str, str], ...] = ()
    more: bool = False
    problem: str = ""
    unknown: str = ""

    @property
    def is_known(self) -> bool:
        """Whether the objects were listed."""
        return not (self.problem or self.unknown)

    @property
    def count(self) -> str:
        """The number for sentences: 12 objects, or 3,000+ objects."""
        plural = "" if len(self.objects) == 1 and not self.more else "s"
        return f"{len(self.objects):,}{'+' if self.more else ''} object{plural}"


@dataclass(slots=True)
class Inspection:
    """What was found on the connection. None: not asked, or not answered; `trouble` then says why."""

    at: datetime
    trouble: str = ""
    model_known: bool | None = None
    inputs: ObjectList | None = None
    #: Folders and objects whose keys start with the input's prefix, if that ends inside a name.
    beside: tuple[str, ...] = ()
    outputs: ObjectList | None = None
    #: Jobs that have not ended and write to, above or below the output path.
    under_way: Sequence[TransformJob] = ()
    #: The objects that the outputs would replace; None if there are none or that is not known.
    replaced: Replaced | None = None
    #: The first object that is not empty, whether it is a gzip, and its first bytes, unpacked, if it is split by lines.
    first: RemoteObject | None = None
    packed: bool | None = None
    head: bytes = b""
    #: The model's archives with their sizes, None for a missing archive.
    archives: tuple[tuple[str, int | None], ...] = ()
    #: Whether our credentials may write to the output; None if that was not tried.
    writable: bool | None = None
    limits: tuple[Limit, ...] = ()
    is_engine: bool = False
    #: The images of the model's containers, and the reason for each one that the connection cannot run.
    images: tuple[str, ...] = ()
    against: Mapping[str, str] = field(default_factory=dict)
    #: The instance types that exist; None if that is not known.
    instance_types: frozenset[str] | None = None
    #: The last conversion of the input that is under way or completed.
    conversion: Conversion | None = None
    #: The first bytes of the first object, unpacked, however it is split.
    beginning: bytes = b""
