"""Calls to a connection while a person waits: every error becomes a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aws import GatewayError, Rejected, Target
from jobs.lifecycle.aws_session import asking
from jobs.models import Connection
from jobs.services.errors import NotPossible, Unavailable


@contextmanager
def calls_for_person(
    connection: Connection, refusal: Callable[[Rejected], str] | None = None
) -> Iterator[Target]:
    """The connection's target for calls inside the block; raises Unavailable with the sentence of any GatewayError.

    With `refusal`, what the service refuses raises NotPossible with its sentence.
    """
    try:
        with asking(connection) as target:
            yield target
    except Rejected as error:
        if refusal is None:
            raise Unavailable(error.sentence) from error
        raise NotPossible(refusal(error)) from error
    except GatewayError as error:
        raise Unavailable(error.sentence) from error
