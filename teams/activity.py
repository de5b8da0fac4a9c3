"""The record of what people did."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from django.db import models
from django.db.models import QuerySet

from teams import once, request_source
from teams.act_changes import Values, differences
from teams.act_changes import values_of as values_of
from teams.activity_filters import condition_of
from teams.models import Activity, ApiToken, Team, User


def record(
    team: Team,
    user: User | None,
    verb: str,
    target: models.Model,
    *,
    label: str = "",
    token: ApiToken | None = None,
    detail: dict[str, object] | None = None,
    before: Values | None = None,
    after: Values | None = None,
) -> Activity:
    """Add one row; without a `user` it is an act of the service itself.

    `before` are the values of a row that is changed, by `values_of` before the change; `after` are by default those
    that `target` has now. Where the request came from is recorded with it.

    Call it in the transaction that does the act, so that neither exists without the other. Raises once.InProgress
    where the request had a key and another process has taken it over.
    """
    source = request_source.find_current()
    changes = {} if before is None else differences(before, values_of(target) if after is None else after)
    act = Activity.objects.create(
        team=team,
        user=user,
        automatic=user is None,
        token=token,
        verb=verb,
        object_kind=target._meta.model_name or "",
        object_id=str(getattr(target, "key", target.pk)),
        object_label=(label or str(target))[:200],
        detail=detail or {},
        changes=changes,
        address=source.address if source else None,
        request_id=source.id if source else "",
    )
    once.note(act)
    return act


def of(team: Team, words: Mapping[str, str] = MappingProxyType({})) -> QuerySet[Activity]:
    """The team's acts that fit these filters, newest first, with users and tokens. Raises ActivityFilterRefused."""
    rows = Activity.objects.filter(condition_of(words), team=team)
    return rows.select_related("user", "token").order_by("-id")
