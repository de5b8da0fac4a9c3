"""Whether the archives of a model are there, can be read, and hold what its containers expect."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

from django.utils import timezone

from aws import Rejected, Target, objects
from jobs.models import RegisteredModel
from jobs.services.calling import asked
from jobs.services.registry import archives, frameworks
from jobs.services.texts import filesize
from transform import keys

Level = Literal["ok", "warn", "fail"]
#: Bytes for each call: most archives' names stand in the first of them.
_PIECE = 1024 * 1024
#: File names that are kept.
NAMED = 50
#: For all archives of a model: a person waits.
SECONDS = 10.0
_WORST: tuple[Level, ...] = ("ok", "warn", "fail")


@dataclass(frozen=True, slots=True)
class ArchiveCheck:
    """What was found of one container's archive; `size` None where it could not be read, `files` the first NAMED."""

    uri: str
    level: Level
    says: str
    size: int | None = None
    modified: datetime | None = None
    files: tuple[str, ...] = ()
    count: int = 0
    whole: bool = False


def check(model: RegisteredModel) -> list[ArchiveCheck]:
    """Look at each container's archive now, and keep what was found; Unavailable if S3 cannot be asked.

    A few megabytes of each are read, in at most some seconds, whatever its size.
    """
    found: list[ArchiveCheck] = []
    until = time.monotonic() + SECONDS
    with asked(model.connection) as target:
        for container in model.containers:
            if uri := str(container.get("ModelDataUrl", "")):
                found.append(_look(replace(target, hurried=True), uri, container, until))
    model.archives = [_kept(archive) for archive in found]
    model.archives_checked_at = timezone.now()
    RegisteredModel.objects.filter(pk=model.pk).update(
        archives=model.archives, archives_checked_at=model.archives_checked_at
    )
    return found


def last(model: RegisteredModel) -> list[ArchiveCheck]:
    """What was found when it was last looked at; empty before that."""
    return [
        ArchiveCheck(
            **{
                **kept,
                "files": tuple(kept["files"]),
                "modified": datetime.fromisoformat(kept["modified"]) if kept["modified"] else None,
            }
        )
        for kept in model.archives
    ]


def worst(found: list[ArchiveCheck]) -> Level:
    """The gravest level among them."""
    return max((archive.level for archive in found), key=_WORST.index, default="ok")


def _kept(archive: ArchiveCheck) -> dict[str, Any]:
    return {
        **asdict(archive),
        "files": list(archive.files),
        "modified": archive.modified.isoformat() if archive.modified else None,
    }


def _look(target: Target, uri: str, container: Mapping[str, Any], until: float) -> ArchiveCheck:
    try:
        bucket, key = keys.parse_s3_uri(uri)
        head = objects.head(target, bucket, key)
        body = objects.read_in_ranges(target, bucket, key, piece=_PIECE) if head else None
        if head is None or body is None:
            return ArchiveCheck(uri, "fail", "There is no such object.")
        listing = archives.look(body.pieces, until)
    except ValueError:
        return ArchiveCheck(uri, "fail", "This is no address of an object in S3.")
    except Rejected as error:
        return ArchiveCheck(
            uri, "fail", f"It cannot be read with this connection's credentials: {error.sentence}"
        )
    level, says = _verdict(listing, head.size, container)
    return ArchiveCheck(
        uri, level, says, head.size, head.modified, listing.files[:NAMED], len(listing.files), listing.whole
    )


def _verdict(listing: archives.ArchiveContents, size: int, container: Mapping[str, Any]) -> tuple[Level, str]:
    if not size:
        return "fail", "It is empty."
    if listing.damage or listing.refused:
        return "fail", f"It {listing.damage or listing.refused}. Make it anew and upload it again."
    framework = frameworks.of(str(container.get("Image", ""))) or frameworks.OTHER
    lacks = framework.lacks(listing.files, container.get("Environment") or {})
    if lacks and listing.whole:
        return "fail", f"It has {lacks}. {framework.title} will not start with it."
    if size > archives.VOLUME / 2:
        return "warn", (
            f"It has {filesize(size)}: packed and unpacked it may not fit on the 30 GB that SageMaker gives an "
            "instance, and such a job fails with InternalServerError."
        )
    if lacks:
        return "ok", "It can be read. Its beginning does not show whether it has all that it needs."
    return (
        "ok",
        f"It can be read and has what {framework.title} looks for."
        if framework.pattern
        else "It can be read.",
    )
