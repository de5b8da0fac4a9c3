"""Holds the calls to SageMaker to a rate for each account and region, which all workers of all machines share.

A call that cannot be made within two seconds is given up, and its job or poll is tried again later.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

from django.conf import settings

from aws import Paced
from aws.pacing import paced
from jobs.models import CallBudget, Connection

#: The size of a bucket, in seconds of its rate.
BURST = 2.0
#: Seconds that one call may wait, and that all calls of a step may take.
PATIENCE = 2.0
STEP = 40.0
#: The least and the most seconds between two tries at an empty bucket.
_LOOK = (0.02, 0.25)


class Pace(Enum):
    """The kind of calls; its value is the part of a bucket that they leave for other calls."""

    #: Creating and stopping, for which a person waits.
    FIRST = 0.0
    #: Following, which can be done in the next poll as well.
    AFTER = 0.25


def rate_of(connection: Connection) -> float:
    """The allowed calls a second to the connection's place; 0 is no limit."""
    return settings.ENGINE_RATE if connection.is_engine else settings.AWS_RATE


def has_room(connection: Connection) -> bool:
    """Whether a call may be made now."""
    rate = rate_of(connection)
    return not rate or CallBudget.has_one(connection.place, rate=rate, size=_size(rate))


def sentence(connection: Connection) -> str:
    """The sentence that says why a call was not made."""
    rate = rate_of(connection)
    return f"SageMaker is called at most {rate:g} times a second in {connection.place_label}, and no call is left now."


@contextmanager
def at_rate(connection: Connection, pace: Pace) -> Iterator[None]:
    """Hold the calls made inside to the rate. They raise Paced where they would have to wait too long."""
    rate = rate_of(connection)
    if not rate:
        yield
        return
    deadline = time.monotonic() + STEP
    with paced(lambda: _wait(connection, rate, pace, deadline)):
        yield


def _wait(connection: Connection, rate: float, pace: Pace, deadline: float) -> None:
    size = _size(rate)
    until = min(deadline, time.monotonic() + PATIENCE)
    while not CallBudget.take(connection.place, rate=rate, size=size, leave=pace.value * (size - 1)):
        if time.monotonic() >= until:
            raise Paced(sentence(connection))
        time.sleep(min(max(1 / rate, _LOOK[0]), _LOOK[1]))
    if time.monotonic() > deadline:
        raise Paced(sentence(connection))


def _size(rate: float) -> float:
    return max(1.0, rate * BURST)
