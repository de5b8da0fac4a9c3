"""Calls made while a person waits: whatever goes wrong becomes a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aws import GatewayError, Target
from jobs.lifecycle.aws_session import asking
from jobs.models import Connection
from jobs.services.errors import Unavailable


@contextmanager
def asked(connection: Connection) -> Iterator[Target]:
    """Call inside; raises Unavailable with the sentence of the error."""
    try:
        with asking(connection) as target:
            yield target
    except GatewayError as error:
        raise Unavailable(error.sentence) from error
