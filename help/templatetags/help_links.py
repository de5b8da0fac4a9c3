"""Tags for links to help: of a field, of a heading, and of the page that a person is on."""

from __future__ import annotations

from django import template
from django.forms import BoundField
from django.utils.html import format_html
from django.utils.safestring import SafeString

from help import areas
from help.documents import ADDRESS, address_of

register = template.Library()


@register.simple_tag
def help_link(link: str, about: str) -> SafeString:
    """A question mark that leads to a heading of a document, such as `accounts#service-accounts`."""
    return format_html(
        '<a class="to-help" href="{}" target="_blank" title="Help on {}">'
        '<span aria-hidden="true">?</span><span class="vh">Help on {}</span></a>',
        address_of(link),
        about,
        about,
    )


@register.simple_tag
def field_help(field: BoundField) -> SafeString | str:
    """The link that is declared with a form's field; empty if there is none."""
    link = getattr(field.field, "help_link", "")
    return help_link(link, str(field.label).lower()) if link else ""


@register.simple_tag
def area_help(path: str) -> str:
    """The address of the help on a page; that of the index if no document is about it."""
    link = areas.link_for(path)
    return address_of(link) if link else ADDRESS
