"""Group the objects that an input's prefix matches: as a prefix of keys, `in` also matches `in-old/`. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aws.objects import RemoteObject


@dataclass(frozen=True, slots=True)
class Group:
    """The objects of one folder where the prefix ends, or those in no folder.

    `key` is the folder with its slash or the key of a single object; it is empty for several objects in no folder.
    `also` is true if the prefix probably matches them by accident.
    """

    key: str
    objects: int
    bytes: int
    first: str
    last: str
    also: bool = False

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key[self.key.rstrip("/").rfind("/") + 1 :]


@dataclass(frozen=True, slots=True)
class Matches:
    """What a job with this prefix would read. `more`: there are further objects, so all numbers are minimums.

    `fix` is the S3 URI that matches only the intended folder; empty if nothing else matches or it is not clear.
    """

    groups: tuple[Group, ...]
    objects: int
    bytes: int
    largest: int
    more: bool = False
    fix: str = ""

    @property
    def also(self) -> tuple[Group, ...]:
        """The groups that probably match by accident."""
        return tuple(group for group in self.groups if group.also)


def match(bucket: str, prefix: str, objects: Iterable[RemoteObject], *, more: bool = False) -> Matches:
    """Group objects whose keys all begin with `prefix`; `more` says that there are further objects."""
    members_by_key: dict[str, list[RemoteObject]] = {}
    for remote_object in objects:
        members_by_key.setdefault(_group_of(prefix, remote_object.key), []).append(remote_object)
    intended = next((key for key in (f"{prefix}/", prefix) if key in members_by_key), None)
    all_groups = [
        _group(key, members, also=intended not in (None, key)) for key, members in members_by_key.items()
    ]
    groups = tuple(sorted(all_groups, key=lambda group: group.also))
    return Matches(
        groups=groups,
        objects=sum(group.objects for group in groups),
        bytes=sum(group.bytes for group in groups),
        largest=max(
            (remote_object.size for members in members_by_key.values() for remote_object in members),
            default=0,
        ),
        more=more,
        fix=f"s3://{bucket}/{intended}" if intended and intended.endswith("/") and len(groups) > 1 else "",
    )


def _group_of(prefix: str, key: str) -> str:
    if not prefix or prefix.endswith("/") or key == prefix:
        return prefix
    slash = key.find("/", len(prefix))
    return key[: slash + 1] if slash >= 0 else ""


def _group(key: str, members: list[RemoteObject], *, also: bool) -> Group:
    first, last = members[0].key, members[-1].key
    # A single object is named by its key, several by the first and the last key.
    name = first if not key and len(members) == 1 else key
    return Group(name, len(members), sum(remote_object.size for remote_object in members), first, last, also)
