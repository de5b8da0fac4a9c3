"""Calls made while a person waits: whatever goes wrong becomes a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jobs.gateway import GatewayError, Target
from jobs.lifecycle.asking import asking
from jobs.models import Connection
from jobs.services.errors import Unavailable


@contextmanager
def asked(connection: Connection) -> Iterator[Target]:
    """Call inside; raises Unavailable with the gateway's sentence."""
    try:
        with asking(connection) as target:
            yield target
    except GatewayError as error:
        raise Unavailable(error.sentence) from error
