"""Calls to a connection while a person waits: every error becomes a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aws import GatewayError, Target
from jobs.lifecycle.aws_session import asking
from jobs.models import Connection
from jobs.services.errors import Unavailable


@contextmanager
def calls_for_person(connection: Connection) -> Iterator[Target]:
    """The connection's target for calls inside the block; raises Unavailable with the sentence of any GatewayError."""
    try:
        with asking(connection) as target:
            yield target
    except GatewayError as error:
        raise Unavailable(error.sentence) from error
