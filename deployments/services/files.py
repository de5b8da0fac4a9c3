"""Deployments as YAML files: reading one, writing one, and what applying one would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from django.db import transaction
from django.utils.text import slugify

from deployments.models import Deployment
from deployments.services import editing, queries
from deployments.services.comparing import StageChange
from jobs.services.errors import InvalidFields
from teams.models import ApiToken, Membership, Team

#: The largest file that is read, in bytes.
MAX_BYTES = 1024 * 1024
#: The most values that a file may have.
MAX_VALUES = 10_000


_NO_DEPLOYMENT = "The file must be a mapping with name, connection, package_group and stages."


class BadFile(ValueError):
    """A file that is no deployment; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A deployment as a file left it, and what was changed; `is_new` if the file made it."""

    deployment: Deployment
    changes: tuple[StageChange, ...]
    is_new: bool


def read_file(text: str) -> dict[str, Any]:
    """The body that a YAML file has. Raises BadFile."""
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise BadFile(f"The file is larger than {MAX_BYTES:,} bytes.")
    try:
        body = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        # A ValueError is what PyYAML makes of a day that there is not, or of a number with too many digits.
        raise BadFile(f"The file is no YAML: {' '.join(str(error).split())[:300]}.") from error
    _check_size(body)
    if not isinstance(body, Mapping) or not isinstance(body.get("name"), str):
        raise BadFile(_NO_DEPLOYMENT)
    return {str(name): value for name, value in body.items()}


def check_body(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body if it has a name. Raises InvalidFields."""
    if not isinstance(body.get("name"), str):
        raise InvalidFields({"deployment": [_NO_DEPLOYMENT]})
    return body


def _check_size(body: Any) -> None:
    """Raise BadFile if the file's aliases make it too large: each is counted as often as it is used."""
    count, layer = 0, [body]
    while layer:
        count += len(layer)
        if count > MAX_VALUES:
            raise BadFile(f"The file has more than {MAX_VALUES:,} values.")
        layer = [
            inner
            for value in layer
            for inner in (
                value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
            )
        ]


def write_file(deployment: Deployment) -> str:
    """The deployment as a YAML file, which `apply_file` reads."""
    body = {"slug": deployment.slug, **editing.describe(deployment)}
    return yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=100)


def find_deployment(team: Team, name: str) -> Deployment | None:
    """The team's deployment of this slug, or whose name gives this slug."""
    rows = queries.deployments(team)
    return rows.filter(slug=name).first() or rows.filter(slug=slugify(name)[:34].strip("-")).first()


def apply_file(
    member: Membership, body: Mapping[str, Any], *, save: bool = True, token: ApiToken | None = None
) -> Applied:
    """Make or change the deployment that the body names; with `save` false nothing is changed.

    Raises InvalidFields and NotPossible, as the pages do.
    """
    fields = dict(body)
    slug = fields.pop("slug", None) or fields["name"]
    if not isinstance(slug, str):
        raise InvalidFields({"slug": ["It must be a text."]})
    row = find_deployment(member.team, slug)
    with transaction.atomic():
        before = editing.describe(row) if row else {}
        if row is None:
            after = editing.create(member.team, fields, by=member.user, token=token)
        else:
            complete = {**dict.fromkeys(editing.FIELDS), **fields}
            after = editing.change(row, complete, member=member, token=token)
        changes = _differences(before, editing.describe(after))
        if not save or (row is not None and not changes):
            # What would only be written again leaves no act, and tells no worker.
            transaction.set_rollback(True)
    return Applied(row or after, changes, row is None)


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[StageChange, ...]:
    old, new = _flat(before), _flat(after)
    names = list(dict.fromkeys([*old, *new]))
    return tuple(
        StageChange(name, old.get(name, ""), new.get(name, ""))
        for name in names
        if old.get(name, "") != new.get(name, "")
    )


def _flat(value: Any, at: str = "") -> dict[str, str]:
    if isinstance(value, Mapping):
        items = [(str(name), inner) for name, inner in value.items()]
    elif (
        isinstance(value, list) and value and all(isinstance(row, Mapping) and "slug" in row for row in value)
    ):
        items = [(str(row["slug"]), row) for row in value]
    else:
        return {} if value in (None, "", [], {}) else {at: str(value)}
    flat: dict[str, str] = {}
    for name, inner in items:
        flat |= _flat(inner, f"{at}.{name}" if at else name)
    return flat
