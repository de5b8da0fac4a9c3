"""Groups of a connection's model registry: list, find, create, delete."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from aws import Target, package_groups, packages
from aws.package_groups import AT_ONCE, GroupHasVersions, GroupNameTaken, PackageGroup
from aws.packages import VersionSummary
from deployments.models import Deployment
from deployments.registry.services import version_rules
from deployments.registry.services.calls import answers, registry_call
from jobs.models import Connection
from jobs.services.errors import InvalidFields, NotPossible
from teams import activity
from teams.models import ApiToken, User

__all__ = ["PackageGroup"]

PAGE = 20
NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


@dataclass(frozen=True, slots=True)
class GroupOverview:
    """A group's newest version and newest approved version, and the number of its versions.

    `count` is a minimum where `more` is true.
    """

    newest: VersionSummary | None
    approved: VersionSummary | None
    count: int
    more: bool


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group of a list. `overview` is None if its versions could not be read in time."""

    group: PackageGroup
    overview: GroupOverview | None

    @property
    def changed(self) -> datetime:
        """When its newest version was registered; without versions, when it was created."""
        newest = self.overview.newest if self.overview else None
        return newest.created if newest else self.group.created


@dataclass(frozen=True, slots=True)
class GroupList:
    """A page of groups; `next` is the token of the following page, empty on the last."""

    rows: tuple[GroupRow, ...]
    next: str


def list_groups(
    connection: Connection, *, name: str = "", after: str = "", limit: int = PAGE, overviews: bool = True
) -> GroupList:
    """A page of groups whose name has the part `name`, newest first. Raises Unavailable or NotPossible."""
    with registry_call(connection, "ListModelPackageGroups") as target:
        page = package_groups.list_page(target, name_contains=name, token=after, limit=limit)
    read = answers(lambda group: _overview(target, group.name), page.groups) if overviews else []
    rows = zip(page.groups, read or [None] * len(page.groups), strict=True)
    return GroupList(tuple(GroupRow(group, overview) for group, overview in rows), page.next)


def find_group(connection: Connection, name: str) -> PackageGroup | None:
    """The group of this name; None if there is none. Raises Unavailable or NotPossible."""
    if not NAME.fullmatch(name):
        return None
    with registry_call(connection, "DescribeModelPackageGroup") as target:
        return package_groups.describe(target, name)


def overview_of(connection: Connection, group: str) -> GroupOverview:
    """The group's overview. Raises Unavailable or NotPossible."""
    with registry_call(connection, "ListModelPackages") as target:
        return _overview(target, group)


def create_group(
    connection: Connection, *, name: str, description: str = "", by: User, token: ApiToken | None = None
) -> str:
    """Create a group in SageMaker; returns its name. Raises InvalidFields, Unavailable or NotPossible."""
    problems = {}
    if not NAME.fullmatch(name):
        problems["name"] = [
            "It must be 1 to 63 letters, digits and hyphens, beginning and ending with no hyphen."
        ]
    elif not connection.scope.allows_model(name):
        problems["name"] = [f"It must be {' or '.join(connection.scope.names)}, as {connection.name} allows."]
    if trouble := version_rules.text_problem(description, version_rules.DESCRIPTION_LENGTH):
        problems["description"] = [trouble]
    if problems:
        raise InvalidFields(problems)
    with registry_call(connection, "CreateModelPackageGroup") as target:
        try:
            package_groups.create(target, name, description=description)
        except GroupNameTaken as error:
            raise InvalidFields({"name": [f"{error.sentence} Choose another name."]}) from error
    activity.record(connection.team, by, "package_group.created", connection, label=name, token=token)
    return name


def delete_group(
    connection: Connection, group: PackageGroup, *, by: User, token: ApiToken | None = None
) -> None:
    """Delete a group without versions. Raises NotPossible if it has any or is deployed, and Unavailable."""
    if users := deployments_of(connection, group.name):
        names = ", ".join(deployment.name for deployment in users)
        raise NotPossible(f"{group.name} is deployed by {names}. Delete the deployment before its group.")
    with registry_call(connection, "DeleteModelPackageGroup") as target:
        try:
            is_deleted = package_groups.delete(target, group.name)
        except GroupHasVersions as error:
            raise NotPossible(error.sentence) from error
    if is_deleted:
        activity.record(
            connection.team, by, "package_group.deleted", connection, label=group.name, token=token
        )


def deployments_of(connection: Connection, group: str) -> list[Deployment]:
    """The team's deployments of the group, by name."""
    rows = Deployment.objects.for_team(connection.team).filter(connection=connection, package_group=group)
    return list(rows.order_by("name"))


def _overview(target: Target, group: str) -> GroupOverview:
    page = packages.list_page(target, group, limit=AT_ONCE)
    approved = next(
        (row for row in page.versions if (row.approval, row.status) == ("Approved", "Completed")), None
    )
    if approved is None and page.next:
        approved = packages.newest_approved(target, group)
    newest = page.versions[0] if page.versions else None
    return GroupOverview(newest, approved, len(page.versions), bool(page.next))
