"""Calls to a connection's model registry while a person waits. Every error becomes a sentence that names the call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from aws import GatewayError, OutOfScope, Rejected, Target
from jobs.lifecycle.aws_session import asking
from jobs.models import Connection
from jobs.services.errors import NotPossible, Unavailable

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")
#: SageMaker answers about ten calls of a kind each second.
_AT_ONCE = 6
#: Seconds in which a page waits for its details.
PATIENCE = 4.0


@contextmanager
def registry_call(connection: Connection, action: str) -> Iterator[Target]:
    """The connection's target for a call of SageMaker's `action` inside the block.

    Raises Unavailable if the other side cannot be reached or the permission is missing, NotPossible if the request is
    refused.
    """
    try:
        with asking(connection) as target:
            yield target
    except OutOfScope as error:
        raise NotPossible(error.sentence) from error
    except Rejected as error:
        if error.is_denied:
            raise Unavailable(
                f"{connection.name} may not call sagemaker:{action}. Add the permission to the credentials of the "
                f"connection. {error.sentence}"
            ) from error
        raise NotPossible(f"{action} was refused: {error.sentence}") from error
    except GatewayError as error:
        raise Unavailable(f"sagemaker:{action} could not be called. {error.sentence}") from error


def answers(
    read: Callable[[_Item], _Answer], items: Sequence[_Item], *, seconds: float = PATIENCE
) -> list[_Answer | None]:
    """What `read` returns for each item, called several at a time; None where it failed or took longer than `seconds`.

    `read` runs in other threads and must not query the database.
    """
    if not items:
        return []
    until = time.monotonic() + seconds
    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="registry")
    try:
        futures = [pool.submit(read, item) for item in items]
        wait(futures, timeout=max(0.0, until - time.monotonic()))
        return [
            future.result() if future.done() and not isinstance(future.exception(), GatewayError) else None
            for future in futures
        ]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
