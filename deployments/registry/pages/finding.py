"""The connection, group and version that a page's address names."""

from __future__ import annotations

from django.http import Http404

from deployments.registry.services import groups, versions
from deployments.registry.services.groups import PackageGroup
from deployments.registry.services.versions import PackageVersion
from jobs import queries
from jobs.models import Connection
from teams.models import Team


def find_connection(team: Team, slug: str) -> Connection:
    """The team's connection; Http404 if it has none of this slug."""
    connection = queries.connections(team).filter(slug=slug).first()
    if connection is None:
        raise Http404("There is no such connection in this team.")
    return connection


def find_group(team: Team, slug: str, name: str) -> tuple[Connection, PackageGroup]:
    """The connection and the group; Http404 if there is none. Raises Unavailable or NotPossible."""
    connection = find_connection(team, slug)
    group = groups.find_group(connection, name)
    if group is None:
        raise Http404(f"{connection.name} has no model package group of this name.")
    return connection, group


def find_version(
    team: Team, slug: str, name: str, number: int
) -> tuple[Connection, PackageGroup, PackageVersion]:
    """The connection, the group and the version; Http404 if there is none. Raises Unavailable or NotPossible."""
    connection, group = find_group(team, slug, name)
    version = versions.find_version(connection, group, number)
    if version is None:
        raise Http404(f"{group.name} has no version of this number.")
    return connection, group, version
