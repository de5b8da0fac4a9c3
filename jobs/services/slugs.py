"""Slugs that nobody in the team has yet."""

from __future__ import annotations

from collections.abc import Collection
from itertools import count
from typing import Any

from django.db.models import QuerySet
from django.utils.text import slugify


def free_slug(
    rows: QuerySet[Any], name: str, *, length: int, default: str, reserved: Collection[str] = ()
) -> str:
    """The name as a slug that none of `rows` has and that is not reserved, with a number behind it where it must.

    `length` is how many characters of the name are used, `default` the slug of a name without letters.
    """
    base = slugify(name)[:length].strip("-") or default
    used_slugs = {*reserved, *rows.filter(slug__startswith=base).values_list("slug", flat=True)}
    if base not in used_slugs:
        return base
    return next(slug for number in count(2) if (slug := f"{base}-{number}") not in used_slugs)
