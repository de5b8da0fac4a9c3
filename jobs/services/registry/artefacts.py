"""Check that a model's archives exist, can be read, and hold what its containers expect."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

from django.utils import timezone

from aws import Rejected, Target, objects
from aws.abilities import abilities
from jobs.models import Connection, RegisteredModel
from jobs.services.calling import calls_for_person
from jobs.services.registry import archives, frameworks
from jobs.services.texts import filesize
from transform import keys

Level = Literal["ok", "warn", "fail"]
#: Bytes of one call: most archives' names are in the first piece.
_PIECE = 1024 * 1024
#: File names that are stored.
NAMED = 50
#: Seconds for all archives of a model: a person waits.
SECONDS = 10.0
_WORST: tuple[Level, ...] = ("ok", "warn", "fail")


@dataclass(frozen=True, slots=True)
class ArchiveCheck:
    """The check of one container's archive; `size` is None if it could not be read, `files` has NAMED names at most."""

    uri: str
    level: Level
    says: str
    size: int | None = None
    modified: datetime | None = None
    files: tuple[str, ...] = ()
    count: int = 0
    whole: bool = False


def check(model: RegisteredModel) -> list[ArchiveCheck]:
    """Check each container's archive now and store the results. Raises Unavailable if S3 does not answer.

    At most a few megabytes of each archive are read, within SECONDS for all.
    """
    checks = look_at(model.connection, model.containers)
    model.archives = [_as_stored(archive) for archive in checks]
    model.archives_checked_at = timezone.now()
    RegisteredModel.objects.filter(pk=model.pk).update(
        archives=model.archives, archives_checked_at=model.archives_checked_at
    )
    return checks


def look_at(connection: Connection, containers: Sequence[Mapping[str, Any]]) -> list[ArchiveCheck]:
    """Check each container's archive now, storing nothing. Raises Unavailable if S3 does not answer."""
    checks: list[ArchiveCheck] = []
    until = time.monotonic() + SECONDS
    with calls_for_person(connection) as target:
        libraries = _libraries(containers, target)
        for container in containers:
            if uri := str(container.get("ModelDataUrl", "")):
                checks.append(_look(replace(target, hurried=True), uri, container, until, libraries))
    return checks


def last(model: RegisteredModel) -> list[ArchiveCheck]:
    """The results of the last check; empty before the first."""
    return [
        ArchiveCheck(
            **{
                **stored_check,
                "files": tuple(stored_check["files"]),
                "modified": datetime.fromisoformat(stored_check["modified"])
                if stored_check["modified"]
                else None,
            }
        )
        for stored_check in model.archives
    ]


def worst(checks: list[ArchiveCheck]) -> Level:
    """The worst level of the checks; ok for none."""
    return max((archive.level for archive in checks), key=_WORST.index, default="ok")


def _as_stored(archive: ArchiveCheck) -> dict[str, Any]:
    return {
        **asdict(archive),
        "files": list(archive.files),
        "modified": archive.modified.isoformat() if archive.modified else None,
    }


def _libraries(containers: Sequence[Mapping[str, Any]], target: Target) -> Mapping[str, str]:
    """What an engine serves the containers' images with, by image; empty on AWS."""
    answer = (
        abilities(target, [str(container.get("Image", "")) for container in containers])
        if target.is_engine
        else None
    )
    return answer.libraries if answer is not None else {}


def _look(
    target: Target, uri: str, container: Mapping[str, Any], until: float, libraries: Mapping[str, str]
) -> ArchiveCheck:
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
    level, says = _verdict(listing, head.size, container, libraries)
    return ArchiveCheck(
        uri, level, says, head.size, head.modified, listing.files[:NAMED], len(listing.files), listing.whole
    )


def _verdict(
    listing: archives.ArchiveContents, size: int, container: Mapping[str, Any], libraries: Mapping[str, str]
) -> tuple[Level, str]:
    if not size:
        return "fail", "It is empty."
    if listing.damage or listing.refused:
        return "fail", f"It {listing.damage or listing.refused}. Make it anew and upload it again."
    image, environment = str(container.get("Image", "")), container.get("Environment") or {}
    framework = frameworks.of(image) or frameworks.OWN_CONTAINER
    lacks = framework.lacks(listing.files, environment)
    if lacks and listing.whole:
        return "fail", f"It has {lacks}. {framework.title} will not start with it."
    if unfit := frameworks.why_unfit(image, environment, listing.saved, libraries.get(image, "")):
        # An engine refuses such a model; AWS's image may read it, and predict otherwise.
        return ("fail" if image in libraries else "warn"), unfit
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
