"""The hidden fields with a form's key and its team; a builtin of all templates."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from teams.form_keys import FIELD, TEAM_FIELD, new_key

register = template.Library()


@register.simple_tag(takes_context=True)
def form_key(context: dict[str, Any], key: str = "") -> SafeString:
    """A key, by which a second submit of this form is recognised, and the slug of the team that it acts in.

    The key is a new one unless `key` is given. Somebody without a team gets the key alone.
    """
    hidden = '<input type="hidden" name="{}" value="{}" autocomplete="off">'
    fields = format_html(hidden, FIELD, key or new_key())
    member = getattr(context.get("request"), "member", None)
    return fields + format_html(hidden, TEAM_FIELD, member.team.slug) if member else fields
