"""Reads an account's quotas: when a person asks, and again while the connection has jobs."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from aws import GatewayError, Target, quotas
from jobs.clock import passed
from jobs.lifecycle.aws_session import asking
from jobs.models import Connection, Quotas, TransformJob
from jobs.states import ACTIVE

#: AWS takes hours to change a quota.
EVERY = timedelta(hours=1)


def due_connections() -> list[int]:
    """Ids of connections whose quotas were never read, or are old while it has jobs."""
    working = Exists(TransformJob.objects.filter(connection=OuterRef("pk"), state__in=ACTIVE))
    never = Q(quotas=None) | Q(quotas__tried_at=None)
    old = passed("quotas__tried_at", EVERY)
    return list(
        Connection.objects.filter(never | (old & working), removed_at=None)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def refresh(connection_id: int) -> str:
    """Read a connection's quotas if they are due. Returns a sentence about what failed; empty if nothing did."""
    connection = Connection.objects.filter(pk=connection_id).first()
    if connection is None or not Quotas.claim(connection, every=EVERY):
        return ""
    try:
        with asking(connection) as target:
            read(connection, target)
    except GatewayError as error:
        return error.sentence
    return ""


def read(connection: Connection, target: Target) -> Quotas:
    """Read the quotas now and save them. Raises GatewayError, after saving its sentence."""
    now = timezone.now()
    rows = Quotas.objects.filter(pk=Quotas.objects.get_or_create(connection=connection)[0].pk)
    try:
        account_quotas = quotas.transform_quotas(target)
    except GatewayError as error:
        # The quotas that were read before stay.
        rows.update(tried_at=now, problem=error.sentence)
        raise
    rows.update(
        instances=account_quotas.instances,
        instances_per_type=dict(account_quotas.instances_per_type),
        read_at=now,
        tried_at=now,
        problem="",
    )
    return rows.get()
