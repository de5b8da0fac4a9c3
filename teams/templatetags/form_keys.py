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
    """The hidden fields: a key by which a second submit is recognised, and the team's slug.

    The key is new unless `key` is given. A person without a team gets the key alone.
    """
    hidden = '<input type="hidden" name="{}" value="{}" autocomplete="off">'
    fields = format_html(hidden, FIELD, key or new_key())
    member = getattr(context.get("request"), "member", None)
    return fields + format_html(hidden, TEAM_FIELD, member.team.slug) if member else fields
