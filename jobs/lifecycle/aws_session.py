"""Calls for a connection. Its row remembers whether the other side could be reached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from aws import GatewayError, Target, Unreachable, identity
from jobs.lifecycle.queue.pacing import Pace, at_rate
from jobs.models import Connection, Lease

#: The pause before an account whose number could not be read is asked again.
ASK_ACCOUNT_AGAIN = timedelta(minutes=10)


def target_of(connection: Connection) -> Target:
    """Where this connection's calls go, and with which credentials."""
    return Target(
        region=connection.region,
        endpoint_url=connection.endpoint_url,
        credentials_file=str(_engine_keys(connection)) if connection.is_engine else "",
        role_arn=connection.role_arn,
        external_id=connection.external_id,
        scope=connection.scope,
    )


def _engine_keys(connection: Connection) -> Path:
    """The file of the team's key, or of the engine's own if the connection has none."""
    own_keys: Path = settings.ENGINE_CREDENTIALS
    return own_keys.parent / "keys" / f"{connection.engine_key}.json" if connection.engine_key else own_keys


@contextmanager
def asking(connection: Connection, pace: Pace | None = None) -> Iterator[Target]:
    """The target for calls made inside. The row notes when the other side cannot be reached, and when it can again.

    With a `pace`, calls to SageMaker are held to the rate of the connection's account; calls for which a person waits
    have none. Errors pass through.
    """
    target = target_of(connection)
    if pace:
        learn_account(connection, target)
    try:
        with at_rate(connection, pace) if pace else nullcontext():
            yield target
    except Unreachable as error:
        connection.note(error=error.sentence)
        raise
    if connection.last_error:
        connection.note()


def learn_account(connection: Connection, target: Target) -> None:
    """Write the AWS account's number to the connection, once. Connections to one account share its rate and quotas.

    While the number cannot be read, the connection counts as the only one to its account.
    """
    if connection.is_engine or connection.account_id:
        return
    if not Lease.claim(f"account-{connection.pk}", ASK_ACCOUNT_AGAIN):
        return
    try:
        connection.account_id = identity.account(target)
    except GatewayError:
        return
    Connection.objects.filter(pk=connection.pk).update(account_id=connection.account_id)
