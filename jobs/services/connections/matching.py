"""What an input's prefix matches: S3Prefix is a plain beginning of keys, so `in` also means `in-old/`. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aws.objects import RemoteObject


@dataclass(frozen=True, slots=True)
class Group:
    """Objects whose keys go on alike where the prefix ends: those of a folder, or those in none.

    `key` is the folder with its slash or the key of the one object, empty for several objects in no folder;
    `also` says that they are hardly meant.
    """

    key: str
    objects: int
    bytes: int
    first: str
    last: str
    also: bool = False

    @property
    def name(self) -> str:
        """The part of the key behind the last slash but one's own."""
        return self.key[self.key.rstrip("/").rfind("/") + 1 :]


@dataclass(frozen=True, slots=True)
class Matches:
    """All that a job with this prefix would read. `more`: there is more of everything than was counted.

    `fix` is the address that means only what is meant; empty where nothing else matches, or only a person knows.
    """

    groups: tuple[Group, ...]
    objects: int
    bytes: int
    largest: int
    more: bool = False
    fix: str = ""

    @property
    def also(self) -> tuple[Group, ...]:
        """The groups that are hardly meant."""
        return tuple(group for group in self.groups if group.also)


def match(bucket: str, prefix: str, objects: Iterable[RemoteObject], *, more: bool = False) -> Matches:
    """Group these objects, which all begin with `prefix`; `more` says that there are further ones."""
    found: dict[str, list[RemoteObject]] = {}
    for one in objects:
        found.setdefault(_group_of(prefix, one.key), []).append(one)
    meant = next((key for key in (f"{prefix}/", prefix) if key in found), None)
    told = [_group(key, members, also=meant not in (None, key)) for key, members in found.items()]
    groups = tuple(sorted(told, key=lambda group: group.also))
    return Matches(
        groups=groups,
        objects=sum(group.objects for group in groups),
        bytes=sum(group.bytes for group in groups),
        largest=max((one.size for members in found.values() for one in members), default=0),
        more=more,
        fix=f"s3://{bucket}/{meant}" if meant and meant.endswith("/") and len(groups) > 1 else "",
    )


def _group_of(prefix: str, key: str) -> str:
    if not prefix or prefix.endswith("/") or key == prefix:
        return prefix
    slash = key.find("/", len(prefix))
    return key[: slash + 1] if slash >= 0 else ""


def _group(key: str, members: list[RemoteObject], *, also: bool) -> Group:
    first, last = members[0].key, members[-1].key
    # Several are named by the first and the last of them, one by itself.
    name = first if not key and len(members) == 1 else key
    return Group(name, len(members), sum(one.size for one in members), first, last, also)
