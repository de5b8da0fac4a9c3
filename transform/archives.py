"""The rules for the contents of a model archive, used when the engine unpacks one and when a form checks one before.

Names are checked as they are written; the code that unpacks must also follow the links that exist by then.
"""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Iterable
from enum import Enum

#: A model may unpack to this many bytes and members, unless an engine is told otherwise; SageMaker's volume has 30 GB.
MAX_BYTES = 30 * 1024**3
MAX_MEMBERS = 100_000
#: Folders in one another. A program that walks through far more of them may come to its own limits.
MAX_DEPTH = 100


class MemberKind(Enum):
    """The kind of a tar's member. A link's target is relative to its own folder, a hard link's to the archive's top."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    HARD_LINK = "hard link"
    SPECIAL = "device or pipe"


def kind_of(member: tarfile.TarInfo) -> MemberKind:
    """The kind of a member."""
    if member.issym():
        return MemberKind.LINK
    if member.islnk():
        return MemberKind.HARD_LINK
    if member.isdir():
        return MemberKind.FOLDER
    return MemberKind.FILE if member.isfile() else MemberKind.SPECIAL


def trouble_with_member(name: str, kind: MemberKind, target: str = "") -> str:
    """Why a member is refused, as the end of a sentence that begins with it; empty if it is not.

    `target` is where a link leads, as the archive says it.
    """
    if kind is MemberKind.SPECIAL:
        return "is a device or pipe"
    if name.count("/") > MAX_DEPTH:
        return f"lies more than {MAX_DEPTH} folders deep"
    paths = [name]
    if kind is MemberKind.LINK:
        paths.append(target if target.startswith("/") else posixpath.join(posixpath.dirname(name), target))
    elif kind is MemberKind.HARD_LINK:
        paths.append(target)
    return "leads outside of the model's folder" if _any_outside(paths) else ""


def trouble_with_size(size: int, members: int) -> str:
    """Why an archive of so many bytes unpacked and members is refused, as the end of a sentence; empty if it is not."""
    if members > MAX_MEMBERS:
        return f"has more than {MAX_MEMBERS} members"
    return f"unpacks to more than {MAX_BYTES} bytes" if size > MAX_BYTES else ""


def _any_outside(paths: Iterable[str]) -> bool:
    return any(path.startswith("/") or posixpath.normpath(path).split("/")[0] == ".." for path in paths)
