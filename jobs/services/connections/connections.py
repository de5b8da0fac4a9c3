"""Create, change and remove connections, the places where jobs run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from aws.engine_health import read_confinement_gaps
from jobs.models import Connection
from jobs.options import INSTANCE_TYPE
from jobs.services.errors import InvalidFields, NotPossible
from jobs.services.submitting.job_options import is_whole
from jobs.states import ACTIVE
from jobs.tasks import enqueue, load_images, read_prices
from teams import activity
from teams.models import ApiToken, Team, User
from teams.names import trouble_with_name
from transform.scope import Scope, parse_name, parse_place

#: More jobs at once than any account runs.
MOST_RUNNING = 100_000
#: Fields that can be changed. Region and role are part of each job that ran there, so they stay.
CHANGEABLE = (
    "name", "import_external", "queue_url", "max_running", "max_instances", "max_instances_per_type",
    "allowed_places", "allowed_models", "allow_deletes", "viewers_read_data",
)  # fmt: skip
#: Entries in a connection's list of places or models.
MOST_ALLOWED = 100
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_QUEUE_PATH = re.compile(r"/[\w.-]{1,80}/[\w.-]{1,85}")
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
    import_external: bool = True,
    allow_deletes: bool = False,
    viewers_read_data: bool = False,
    queue_url: str = "",
    max_running: int | None = None,
    max_instances: int | None = None,
    max_instances_per_type: Mapping[str, int] | None = None,
    allowed_places: list[str] | None = None,
    allowed_models: list[str] | None = None,
    token: ApiToken | None = None,
) -> Connection:
    """Create an AWS connection: a region, and optionally a role to assume instead of the process's own credentials.

    Nothing is called; `permissions.test` does that. Raises InvalidFields, and PermissionDenied if only staff may add
    connections.
    """
    _check_staff(by)
    slug = slug or slugify(name)[:63]
    limits = {
        "max_running": max_running,
        "max_instances": max_instances,
        "max_instances_per_type": max_instances_per_type or {},
    }
    problems = _problems(name, slug, region, role_arn, external_id) | limit_problems(limits)
    flags = {
        "import_external": import_external,
        "allow_deletes": allow_deletes,
        "viewers_read_data": viewers_read_data,
    }
    problems |= _flag_problems(flags)
    allowed = {"allowed_places": allowed_places or [], "allowed_models": allowed_models or []}
    problems |= _allowed_problems(allowed)
    problems |= _queue_problems(queue_url, Connection(kind=Connection.Kind.AWS, region=region))
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
        queue_url=queue_url,
        **flags,
        **limits,
        **_allowed(allowed),
    )


def change(
    connection: Connection, changes: Mapping[str, Any], *, by: User, token: ApiToken | None = None
) -> Connection:
    """Change some of the fields in CHANGEABLE.

    Raises InvalidFields, and PermissionDenied if only staff may change the allowed places and models.
    """
    changes = {name: value for name, value in changes.items() if not _is_same(connection, name, value)}
    if {"allowed_places", "allowed_models"} & set(changes):
        _check_staff(by)
    problems = {name: [f"It cannot be changed; {', '.join(CHANGEABLE)} can."] for name in changes}
    problems = {name: texts for name, texts in problems.items() if name not in CHANGEABLE}
    problems |= limit_problems(changes) | _flag_problems(changes)
    problems |= _queue_problems(changes.get("queue_url", ""), connection) | _allowed_problems(changes)
    if "name" in changes and (trouble := trouble_with_name(changes["name"])):
        problems["name"] = [trouble]
    if problems:
        raise InvalidFields(problems)
    values = {**changes, **_allowed(changes)}
    if "queue_url" in values:
        values["queue_error"] = ""
    if "max_instances_per_type" in values:
        values["max_instances_per_type"] = values["max_instances_per_type"] or {}
    with transaction.atomic():
        before = activity.values_of(connection)
        for name, value in values.items():
            setattr(connection, name, value)
        connection.save(update_fields=list(values))
        activity.record(connection.team, by, "connection.changed", connection, token=token, before=before)
    return connection


def confinement_gaps(connection: Connection) -> list[str] | None:
    """Sentences about what model code is not kept from on the machine of the connection's jobs.

    None for AWS, which confines each model in containers of its own, and for an engine that does not answer.
    """
    return read_confinement_gaps(connection.endpoint_url) if connection.is_engine else None


def remove(connection: Connection, *, by: User, token: ApiToken | None = None) -> None:
    """Remove a connection and its models from all lists; its jobs stay visible.

    Raises NotPossible while it has active jobs, and for the engine of this installation.
    """
    if connection.is_own_engine:
        raise NotPossible(f"{connection.name} is this installation's own engine; it stays.")
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        active = row.jobs.filter(state__in=ACTIVE).count()
        if active:
            jobs = "1 job that is" if active == 1 else f"{active:,} jobs that are"
            raise NotPossible(f"{row.name} has {jobs} not over. Stop them, or wait for their end.")
        # Failed jobs are no longer retried.
        row.jobs.filter(next_attempt_at__isnull=False).update(next_attempt_at=None)
        row.removed_at, row.import_external, row.queue_url = timezone.now(), False, ""
        row.save(update_fields=["removed_at", "import_external", "queue_url"])
        activity.record(row.team, by, "connection.removed", row, token=token)


def limit_problems(limits: Mapping[str, Any]) -> dict[str, list[str]]:
    """Problems with these limits, by field; None is no limit."""
    problems = {}
    for field in ("max_running", "max_instances"):
        value = limits.get(field)
        if value is not None and not is_whole(value, range(1, MOST_RUNNING + 1)):
            problems[field] = [
                f"It must be a whole number from 1 to {MOST_RUNNING:,}, or empty for no limit."
            ]
    by_type = limits.get("max_instances_per_type")
    if by_type is not None and not isinstance(by_type, Mapping):
        problems["max_instances_per_type"] = ["must map instance types to numbers."]
    elif by_type:
        wrong = [name for name, most in by_type.items() if not _is_type_limit(name, most)]
        if wrong:
            problems["max_instances_per_type"] = [
                f"must map instance types such as ml.m5.xlarge to 0 to {MOST_RUNNING:,}; {wrong[0]} is not so."
            ]
    return problems


def _check_staff(by: User | None) -> None:
    """Raises PermissionDenied if only staff manage connections and `by` is not staff; None is allowed."""
    if settings.STAFF_CONNECTIONS and by is not None and not by.is_staff:
        raise PermissionDenied(
            "Only the staff of this installation add connections and change what they may use "
            "(BATCHDECK_STAFF_CONNECTIONS)."
        )


#: The parser of each list's entries; it raises ValueError.
_ALLOWED: dict[str, Callable[[str], object]] = {"allowed_places": parse_place, "allowed_models": parse_name}


def _is_same(connection: Connection, name: str, value: object) -> bool:
    return name in _ALLOWED and value == getattr(connection, name)


def _allowed(values: Mapping[str, Any]) -> dict[str, Any]:
    """The lists as they are stored: places end in a slash."""
    entries = {name: [text.strip() for text in values[name]] for name in _ALLOWED if name in values}
    if "allowed_places" in entries:
        entries["allowed_places"] = Scope.parse(entries["allowed_places"], []).uris
    return entries


def _allowed_problems(values: Mapping[str, Any]) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    for name, parse in _ALLOWED.items():
        entries = values.get(name, [])
        if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
            problems[name] = ["It must be a list of texts."]
        elif len(entries) > MOST_ALLOWED:
            problems[name] = [f"It must hold at most {MOST_ALLOWED}."]
        else:
            problems |= _entry_problems(name, entries, parse)
    return problems


def _entry_problems(name: str, entries: list[str], parse: Callable[[str], object]) -> dict[str, list[str]]:
    try:
        for entry in entries:
            parse(entry)
    except ValueError as error:
        return {name: [str(error)]}
    return {}


def _flag_problems(values: Mapping[str, Any]) -> dict[str, list[str]]:
    return {
        name: ["It must be true or false."]
        for name in ("import_external", "allow_deletes", "viewers_read_data")
        if not isinstance(values.get(name, True), bool)
    }


def _queue_problems(url: object, connection: Connection) -> dict[str, list[str]]:
    """Problems with a queue's URL. Requests to it are signed, so only AWS's or the configured host is allowed."""
    if url == "":
        return {}
    if connection.is_engine and not settings.SQS_URL:
        return {"queue_url": ["is for AWS connections only, unless BATCHDECK_SQS_URL names a service."]}
    end = ".cn" if connection.region.startswith("cn-") else ""
    aws = f"https://sqs.{connection.region}.amazonaws.com{end}"
    host = settings.SQS_URL if connection.is_engine else aws
    fits = isinstance(url, str) and url.startswith(f"{host}/") and _QUEUE_PATH.fullmatch(url[len(host) :])
    return {} if fits else {"queue_url": [f"It must be a queue such as {host}/123456789012/name."]}


def _is_type_limit(name: object, most: object) -> bool:
    is_type = isinstance(name, str) and len(name) <= 64 and INSTANCE_TYPE.fullmatch(name)
    return bool(is_type) and is_whole(most, range(MOST_RUNNING + 1))


def _problems(name: str, slug: str, region: str, role_arn: str, external_id: str) -> dict[str, list[str]]:
    """Problems by field, each with what the field must be."""
    trouble = trouble_with_name(name)
    fits = {
        "name": (not trouble, trouble),
        "region": (_REGION.fullmatch(region), "It must be an AWS region such as eu-west-1."),
        "role_arn": (
            not role_arn or (len(role_arn) <= 2048 and _ROLE.fullmatch(role_arn)),
            "It must look like arn:aws:iam::123456789012:role/name.",
        ),
        "external_id": (
            not external_id or (role_arn and 2 <= len(external_id) <= 1224),
            "It must be 2 to 1224 characters, and is used only with a role to assume.",
        ),
        # The slug is made from the name by default: with a wrong name only that is reported.
        "slug": (bool(trouble) or _SLUG.fullmatch(slug), "It must be lowercase letters, digits and hyphens."),
    }
    return {field: [sentence] for field, (right, sentence) in fits.items() if not right}


def _save(team: Team, by: User | None, token: ApiToken | None, **fields: Any) -> Connection:
    try:
        with transaction.atomic():
            connection = Connection.objects.create(team=team, **fields)
            activity.record(team, by, "connection.created", connection, token=token)
            enqueue(load_images, connection.region)
            enqueue(read_prices, connection.pk)
    except IntegrityError as error:
        raise InvalidFields({"slug": ["It is taken by another connection of the team."]}) from error
    return connection
