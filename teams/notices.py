"""What the next page says after an act, with a button that undoes it where that is possible."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest

#: The word in a message's tags that the address and the jobs of its Undo follow.
_UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Undo:
    """Where a notice's Undo button is sent to, with the keys of the jobs that it is about."""

    action: str
    jobs: list[str]


def success_with_undo(request: HttpRequest, text: str, action: str, jobs: Iterable[str] = ()) -> None:
    """Say that jobs are archived; the notice's Undo sends `restore` for them to the address `action`."""
    messages.success(request, text, " ".join([_UNDO, action, *jobs]))


def undo_of(message: Message) -> Undo | None:
    """What the notice's Undo does; None for one without."""
    word, *rest = (message.extra_tags or "").split() or [""]
    return Undo(rest[0], rest[1:]) if word == _UNDO and rest else None
