"""What templates need to show lines of a log, which hold whatever a container printed."""

from __future__ import annotations

import re
from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from results.logs import ErrorCounts

register = template.Library()

#: A longer line is folded behind as much of it as the second number says.
_LONG, _SHOWN = 2_000, 600
_INSTANCE = re.compile(r"^(i-\w{8})\w*-\d+")


@register.filter
def said(text: str, search: str = "") -> SafeString:
    """A line's text, escaped, with what was searched marked; one that is very long is folded."""
    if len(text) <= _LONG:
        return _marked(text, search)
    return format_html(
        '<details class="long"><summary>{}<span class="more"> … all {} characters</span></summary>{}</details>',
        _marked(text[:_SHOWN], search),
        f"{len(text):,}",
        _marked(text[_SHOWN:], search),
    )


@register.filter
def instant(at: datetime) -> str:
    """The time of day to the millisecond."""
    return f"{timezone.localtime(at):%H:%M:%S.%f}"[:-3]


@register.filter
def source(label: str) -> str:
    """A stream's label, short: what of an instance tells it from the others."""
    if label.endswith("data-log"):
        return "data-log"
    return _INSTANCE.sub(r"\1", label)


def _marked(text: str, search: str) -> SafeString:
    pieces = text.split(search) if search else [text]
    mark = format_html("<mark>{}</mark>", search)
    return mark_safe(mark.join(escape(piece) for piece in pieces))  # noqa: S308  # each piece is escaped


@register.filter
def instance_of(label: str) -> str:
    """The instance that a stream is of, and of a pipeline the container."""
    return _INSTANCE.sub(r"\1", label.removesuffix("/data-log"))


@register.filter
def errors_in(counts: ErrorCounts | None, label: str) -> int:
    """How often something went wrong in a stream; 0 while it is not counted."""
    return counts.by_stream.get(label, 0) if counts else 0
