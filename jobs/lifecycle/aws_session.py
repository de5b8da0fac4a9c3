"""From a connection's row to calls, remembering on the row whether it could be reached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from aws import GatewayError, Target, Unreachable, identity
from jobs.lifecycle.queue.pacing import Pace, held
from jobs.models import Connection, Lease

#: How long to wait before an account that would not tell its number is asked for it again.
ASK_ACCOUNT_AGAIN = timedelta(minutes=10)


def target_of(connection: Connection) -> Target:
    """Whom to call for this connection."""
    return Target(
        region=connection.region,
        endpoint_url=connection.endpoint_url,
        credentials_file=str(_engine_keys(connection)) if connection.is_engine else "",
        role_arn=connection.role_arn,
        external_id=connection.external_id,
        scope=connection.scope,
    )


def _engine_keys(connection: Connection) -> Path:
    """The file of the engine's own key, or of the team's in the folder beside it."""
    own: Path = settings.ENGINE_CREDENTIALS
    return own.parent / "keys" / f"{connection.engine_key}.json" if connection.engine_key else own


@contextmanager
def asking(connection: Connection, pace: Pace | None = None) -> Iterator[Target]:
    """Call inside; the row notes an unreachable other side, and its return. Errors pass through.

    With a `pace`, calls to SageMaker are held to the rate of the connection's account; those that a person waits
    for go without.
    """
    target = target_of(connection)
    if pace:
        learn_account(connection, target)
    try:
        with held(connection, pace) if pace else nullcontext():
            yield target
    except Unreachable as error:
        connection.note(error=error.sentence)
        raise
    if connection.last_error:
        connection.note()


def learn_account(connection: Connection, target: Target) -> None:
    """Find out whose account it is, once: connections to the same one share its rate and quotas.

    Nothing depends on it: an account that cannot be asked is taken for one of its own.
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
