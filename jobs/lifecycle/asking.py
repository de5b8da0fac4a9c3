"""From a connection's row to calls, remembering on the row whether it could be reached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from jobs.gateway import Target, Unreachable
from jobs.models import Connection


def target_of(connection: Connection) -> Target:
    """Whom to call for this connection."""
    return Target(
        region=connection.region,
        endpoint_url=connection.endpoint_url,
        credentials_file=str(settings.ENGINE_CREDENTIALS) if connection.is_engine else "",
        role_arn=connection.role_arn,
        external_id=connection.external_id,
    )


@contextmanager
def asking(connection: Connection) -> Iterator[Target]:
    """Call inside; the row notes an unreachable other side, and its return. Errors pass through."""
    try:
        yield target_of(connection)
    except Unreachable as error:
        connection.note(error=error.sentence)
        raise
    if connection.last_error:
        connection.note()
