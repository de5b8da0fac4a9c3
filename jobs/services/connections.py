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
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
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
    problems = _problems(name, slug, region, role_arn, external_id, max_running)
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


def _problems(
    name: str, slug: str, region: str, role_arn: str, external_id: str, max_running: int | None
) -> dict[str, list[str]]:
    """What cannot be used, by field, each with what it must be."""
    named = 1 <= len(name.strip()) <= 80
    fits = {
        "name": (named, "must be 1 to 80 letters."),
        "region": (_REGION.fullmatch(region), "must be an AWS region such as eu-west-1."),
        "role_arn": (
            not role_arn or (len(role_arn) <= 2048 and _ROLE.fullmatch(role_arn)),
            "must look like arn:aws:iam::123456789012:role/name.",
        ),
        "external_id": (
            not external_id or (role_arn and 2 <= len(external_id) <= 1224),
            "must be 2 to 1224 letters, and is used only with a role_arn.",
        ),
        "max_running": (
            max_running is None or 1 <= max_running <= MOST_RUNNING,
            f"must be 1 to {MOST_RUNNING:,}, or empty for no limit.",
        ),
        # Made from the name unless given, so a name that is wrong is the only problem worth telling.
        "slug": (not named or _SLUG.fullmatch(slug), "must be lowercase letters, digits and hyphens."),
    }
    return {field: [sentence] for field, (right, sentence) in fits.items() if not right}


def _save(team: Team, by: User | None, token: ApiToken | None, **fields: Any) -> Connection:
    try:
        with transaction.atomic():
            connection = Connection.objects.create(team=team, **fields)
            activity.record(team, by, "connection.created", connection, token=token)
            enqueue(load_images, connection.region)
    except IntegrityError as error:
        raise InvalidFields({"slug": ["is taken by another connection of the team."]}) from error
    return connection
