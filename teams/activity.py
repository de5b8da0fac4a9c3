"""Writing down what a person did."""

from __future__ import annotations

from django.db import models

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
    """Add one row; call it in the transaction that does the act, so that neither exists without the other."""
    return Activity.objects.create(
        team=team,
        user=user,
        token=token,
        verb=verb,
        object_kind=target._meta.model_name or "",
        object_id=str(getattr(target, "key", target.pk)),
        object_label=(label or str(target))[:200],
        detail=detail or {},
    )
