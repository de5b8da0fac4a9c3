"""Template filters for lines of a log, which hold whatever a container printed."""

from __future__ import annotations

import re
from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from jobs.templatetags.deck import exact
from results.log_histogram import BAR, HEIGHT, Bin
from results.logs import ALL, ErrorCounts

register = template.Library()

#: A line of more characters than the first number is folded after as many as the second.
_LONG, _FOLDED_AT = 2_000, 600
_INSTANCE = re.compile(r"^(i-\w{8})\w*-\d+")


@register.filter
def line_text(text: str, search: str = "") -> SafeString:
    """A line's text, escaped, with matches of `search` marked; a very long line is folded."""
    if len(text) <= _LONG:
        return _marked(text, search)
    return format_html(
        '<details class="long"><summary>{}<span class="more"> … all {} characters</span></summary>{}</details>',
        _marked(text[:_FOLDED_AT], search),
        f"{len(text):,}",
        _marked(text[_FOLDED_AT:], search),
    )


@register.filter
def instant(at: datetime) -> str:
    """The time of day to the millisecond."""
    return f"{timezone.localtime(at):%H:%M:%S.%f}"[:-3]


@register.filter
def source(label: str) -> str:
    """A stream's label, with a short instance id."""
    if label.endswith("data-log"):
        return "data-log"
    return _INSTANCE.sub(r"\1", label)


@register.filter
def stream_name(label: str) -> str:
    """A stream's label; "all streams" for all of them together."""
    return "all streams" if label == ALL else label


def _marked(text: str, search: str) -> SafeString:
    pieces = text.split(search) if search else [text]
    mark = format_html("<mark>{}</mark>", search)
    return mark_safe(mark.join(escape(piece) for piece in pieces))  # noqa: S308  # each piece is escaped


@register.filter
def instance_of(label: str) -> str:
    """A stream's instance and, in a pipeline, its container."""
    return _INSTANCE.sub(r"\1", label.removesuffix("/data-log"))


@register.filter
def errors_in(counts: ErrorCounts | None, label: str) -> int:
    """The errors of a stream; 0 before they are counted."""
    return counts.by_stream.get(label, 0) if counts else 0


@register.simple_tag
def log_bar(part: Bin, opens: str) -> SafeString:
    """The bars of a part of the time, of all lines and of those of errors: a link to its first error or line."""
    errors = f", {part.errors:,} in errors" if part.errors else ""
    title = f"{exact(part.at)}: {part.lines:,} line{'' if part.lines == 1 else 's'}{errors}"
    return format_html(
        '<a href="{}&amp;at={}#here" aria-label="{}"><title>{}</title>{}{}{}</a>',
        opens,
        part.line_id,
        title,
        title,
        _bar(part.x, HEIGHT, "hit"),
        _bar(part.x, part.height, "lines"),
        _bar(part.x, part.error_height, "fail") if part.errors else "",
    )


def _bar(x: int, height: float, look: str) -> SafeString:
    return format_html(
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}" />', look, x, HEIGHT - height, BAR, height
    )
