"""Holding the calls to SageMaker to a rate that all workers of all machines share, by account and region.

Nothing waits for long: a call for which there is no room within two seconds is given up, and the job or the poll
that wanted it comes again.
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

#: What a bucket holds, in seconds of its rate.
BURST = 2.0
#: Seconds that one call may wait for its turn, and that all calls of a step may take.
PATIENCE = 2.0
STEP = 40.0
#: Seconds between two looks at an empty bucket.
_LOOK = (0.02, 0.25)


class Pace(Enum):
    """Whose calls they are, and which part of a bucket they leave to the others."""

    #: Creating and stopping, which somebody waits for.
    FIRST = 0.0
    #: Following, which can be done in the next poll as well.
    AFTER = 0.25


def rate_of(connection: Connection) -> float:
    """Calls a second to the place where this connection's jobs run; 0 is as many as wanted."""
    return settings.ENGINE_RATE if connection.is_engine else settings.AWS_RATE


def has_room(connection: Connection) -> bool:
    """Whether a call could be made now."""
    rate = rate_of(connection)
    return not rate or CallBudget.has_one(connection.place, rate=rate, size=_size(rate))


def sentence(connection: Connection) -> str:
    """Why a call was not made."""
    rate = rate_of(connection)
    return f"SageMaker is called at most {rate:g} times a second in {connection.place_label}, and no call is left now."


@contextmanager
def held(connection: Connection, pace: Pace) -> Iterator[None]:
    """Make calls inside; raises Paced where there is no room for one."""
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
