"""The Undo of a notice; a builtin of all templates."""

from __future__ import annotations

from django import template
from django.contrib.messages.storage.base import Message

from teams.notices import Undo, undo_of

register = template.Library()


@register.simple_tag
def undo(message: Message) -> Undo | None:
    """The notice's Undo, or None."""
    return undo_of(message)
