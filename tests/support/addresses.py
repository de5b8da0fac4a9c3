"""Every address of the product, out of the URL resolver, so that a new page is covered by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

from jobs.models import TransformJob
from teams import tokens
from tests.cast import House

#: Addresses that belong to nobody, and Django's admin, which has its own permissions.
OPEN = {
    "healthz",
    "readyz",
    "metrics",
    "sign-in",
    "sign-in-link",
    "sign-out",
    "switch-team",
    "schema",
    "docs",
    None,
}


@dataclass(frozen=True, slots=True)
class Address:
    """One address: `names_a_row` if it has the id of something that a team owns."""

    name: str
    path: str
    names_a_row: bool

    @property
    def is_page(self) -> bool:
        """Whether a browser goes there, rather than a program."""
        return not self.path.startswith("/api/")


def addresses(house: House, job: TransformJob) -> list[Address]:
    """Every address that needs a person, filled with this house's objects."""
    values = {
        "key": job.key,
        "slug": house.connection.slug,
        "pk": str(house.model.pk),
        "id": job.key,
        "model_id": str(house.model.pk),
        "model_pk": str(house.model.pk),
        "connection_id": str(house.connection.pk),
        "job_key": job.key,
        "preset": house.preset.slug,
        "member_pk": str(house.team.memberships.earliest("pk").pk),
        "token_pk": str(tokens.create(team=house.team, user=next(iter(house.people.values())))[0].pk),
    }
    found = []
    for route, entry in _patterns(get_resolver()):
        path = route
        for name in entry.pattern.converters:
            path = re.sub(rf"<(\w+:)?{name}>", values[name], path)
        found.append(Address(entry.name or "", "/" + path, bool(entry.pattern.converters)))
    return found


def pages(house: House, job: TransformJob) -> list[Address]:
    """Those of `addresses` that browsers go to."""
    return [address for address in addresses(house, job) if address.is_page]


def _patterns(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            if entry.app_name != "admin":
                yield from _patterns(entry, route)
        elif entry.name not in OPEN:
            yield route, entry
