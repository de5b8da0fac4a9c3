"""Places where jobs run: adding one and trying it."""

from __future__ import annotations

import re
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from jobs.gateway import identity
from jobs.models import Connection
from jobs.services.asking import asked
from jobs.services.errors import InvalidFields
from jobs.tasks import enqueue, load_images
from teams import activity
from teams.models import ApiToken, Team, User

#: More jobs at once than any account runs; a number has to end somewhere.
MOST_RUNNING = 100_000
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")


def create(
    team: Team,
    *,
    name: str,
    region: str,
    by: User | None,
    slug: str = "",
    role_arn: str = "",
    external_id: str = "",
    max_running: int | None = None,
    token: ApiToken | None = None,
) -> Connection:
    """An AWS connection: a region, and a role to assume unless the process's own credentials are meant.

    Raises InvalidFields. It is not tried: `test` does that.
    """
    slug = slug or slugify(name)[:63]
    problems: dict[str, list[str]] = {}
    if not 1 <= len(name.strip()) <= 80:
        problems["name"] = ["must be 1 to 80 letters."]
    if not _REGION.fullmatch(region):
        problems["region"] = ["must be an AWS region such as eu-west-1."]
    if role_arn and not (_ROLE.fullmatch(role_arn) and len(role_arn) <= 2048):
        problems["role_arn"] = ["must look like arn:aws:iam::123456789012:role/name."]
    if external_id and not (role_arn and 2 <= len(external_id) <= 1224):
        problems["external_id"] = ["must be 2 to 1224 letters, and is used only with a role_arn."]
    if max_running is not None and not 1 <= max_running <= MOST_RUNNING:
        problems["max_running"] = [f"must be 1 to {MOST_RUNNING:,}, or empty for no limit."]
    if name.strip() and not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", slug):
        problems["slug"] = ["must be lowercase letters, digits and hyphens."]
    if problems:
        raise InvalidFields(problems)
    return _save(
        team,
        by,
        token,
        name=name.strip(),
        slug=slug,
        kind=Connection.Kind.AWS,
        region=region,
        role_arn=role_arn,
        external_id=external_id,
        max_running=max_running,
    )


def test(connection: Connection) -> str:
    """Ask the other side who we are; the account id. Raises Unavailable with what to mend."""
    with asked(connection) as target:
        account = identity.account(target)
    Connection.objects.filter(pk=connection.pk).update(account_id=account)
    connection.note()
    connection.refresh_from_db()
    return account


def _save(team: Team, by: User | None, token: ApiToken | None, **fields: Any) -> Connection:
    try:
        with transaction.atomic():
            connection = Connection.objects.create(team=team, **fields)
            activity.record(team, by, "connection.created", connection, token=token)
            enqueue(load_images, connection.region)
    except IntegrityError as error:
        raise InvalidFields({"slug": ["is taken by another connection of the team."]}) from error
    return connection
