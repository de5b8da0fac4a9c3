"""Notices on the next page after an act, with an Undo button where the act can be undone."""

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
    """The address that a notice's Undo button posts to, and the keys of its jobs."""

    action: str
    jobs: list[str]


def success_with_undo(request: HttpRequest, text: str, action: str, jobs: Iterable[str] = ()) -> None:
    """Add a notice that jobs are archived; its Undo posts `restore` for them to the address `action`."""
    messages.success(request, text, " ".join([_UNDO, action, *jobs]))


def undo_of(message: Message) -> Undo | None:
    """The notice's Undo, or None."""
    word, *parts = (message.extra_tags or "").split() or [""]
    return Undo(parts[0], parts[1:]) if word == _UNDO and parts else None
