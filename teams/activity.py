"""The record of what people did."""

from __future__ import annotations

from django.db import models
from django.db.models import QuerySet

from teams import once
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
) -> Activity:
    """Add one row; without a `user` it is an act of the service itself.

    Call it in the transaction that does the act, so that neither exists without the other. Raises once.InProgress
    where the request had a key and another process has taken it over.
    """
    done = Activity.objects.create(
        team=team,
        user=user,
        automatic=user is None,
        token=token,
        verb=verb,
        object_kind=target._meta.model_name or "",
        object_id=str(getattr(target, "key", target.pk)),
        object_label=(label or str(target))[:200],
        detail=detail or {},
    )
    once.note(done)
    return done


def of(team: Team, person: str = "") -> QuerySet[Activity]:
    """The team's acts, or those of one user name, newest first, with their users and tokens."""
    rows = Activity.objects.filter(team=team).select_related("user", "token").order_by("-id")
    return rows.filter(user__username=person) if person else rows
