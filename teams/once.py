"""Idempotent requests: a second request with the same key gets the first one's answer.

A row with the key is committed before anything is done, and a unique constraint lets the database choose between two
that come at once. `activity.record` writes the act into that row, in the transaction of the act itself: a process that
no longer holds the row is rolled back, and a row without an act can be worked on again. The rules for clients are those
of draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from teams.models import Activity, KeyedRequest, Team, User

_Result = TypeVar("_Result")
#: What is stored of a response, as JSON.
Answer = dict[str, Any]

#: How long an answer is stored.
STORED_FOR = timedelta(hours=24)
#: A process that has done nothing for so long has ended; another may take its row. A worker ends its requests earlier.
LEASE = timedelta(minutes=2)
#: Seconds between two looks at a row that another process holds.
PAUSE = 0.1
#: Rows that one round deletes.
AT_ONCE = 5000

_current: ContextVar[KeyedRequest | None] = ContextVar("keyed_request", default=None)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request with its key; equal fingerprints mean the same method, address and contents."""

    team: Team
    user: User
    key: str
    fingerprint: str


class KeyReused(Exception):
    """The key belongs to an earlier request with different contents; `earlier` is its row."""

    def __init__(self, earlier: KeyedRequest) -> None:
        super().__init__("This key was sent before with another request. Use a new key for a new request.")
        self.earlier = earlier


class CutOff(Exception):
    """The first request with the key acted, but ended before its answer was stored; `act` is its first act."""

    def __init__(self, act: Activity | None) -> None:
        text = f" It had done this: {act.words} {act.object_label}." if act else ""
        super().__init__(f"The first request with this key was cut off before its answer was ready.{text}")
        self.act = act


class InProgress(Exception):
    """The first request with the key is still being worked on."""

    def __init__(self) -> None:
        super().__init__("The first request with this key is still in progress. Send it again in a moment.")


@dataclass(frozen=True, slots=True)
class Repeated:
    """The answer of an earlier request with the same key."""

    answer: Answer


def perform(
    sent: Sent, act: Callable[[], _Result], stored: Callable[[_Result], Answer], *, patience: float
) -> _Result | Repeated:
    """Run `act` and return its result, or return the answer of an earlier request with the key.

    Waits up to `patience` seconds for a request in progress. `stored` turns the result into the stored answer. A
    request that did nothing, such as a refused one, leaves no row, so that it can be sent again. Raises KeyReused,
    CutOff, InProgress and what `act` raises.
    """
    row, is_first = _claim(sent, patience)
    if not is_first:
        if row.answer is None:
            raise CutOff(row.activity)
        return Repeated(row.answer)
    before = _current.set(row)
    answer: Answer | None = None
    try:
        result = act()
        answer = stored(result)
        return result
    finally:
        _current.reset(before)
        _end(row, answer)


def note(act: Activity) -> None:
    """Add an act to the current request's row, if it has a key. Raises InProgress if another process holds the row."""
    row = _current.get()
    if row is None:
        return
    rows = KeyedRequest.objects.filter(pk=row.pk, holder=row.holder)
    if rows.update(activity=Coalesce(F("activity"), act.pk)) != 1:
        raise InProgress


def check_held() -> None:
    """Raise InProgress if the current request has a key and another process has taken its row over."""
    row = _current.get()
    if row is not None and not KeyedRequest.objects.filter(pk=row.pk, holder=row.holder).exists():
        raise InProgress


def forget() -> int:
    """Delete some of the rows that are older than STORED_FOR; returns their number."""
    old = KeyedRequest.objects.filter(started_at__lt=timezone.now() - STORED_FOR)
    return KeyedRequest.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:AT_ONCE])).delete()[0]


def _claim(sent: Sent, patience: float) -> tuple[KeyedRequest, bool]:
    """The row, and whether this process holds it; if not, the request has ended."""
    until = time.monotonic() + patience
    while True:
        row = _find(sent)
        if row is None:
            claimed = _insert(sent)
        elif _is_over(row):
            if row.fingerprint != sent.fingerprint:
                raise KeyReused(row)
            return row, False
        else:
            claimed = _take_over(row, sent)
        if claimed is not None:
            return claimed, True
        if time.monotonic() >= until:
            raise InProgress
        time.sleep(PAUSE)


def _find(sent: Sent) -> KeyedRequest | None:
    rows = KeyedRequest.objects.filter(team=sent.team, user=sent.user, key=sent.key)
    rows.filter(started_at__lt=timezone.now() - STORED_FOR).delete()
    return rows.select_related("activity").first()


def _insert(sent: Sent) -> KeyedRequest | None:
    """Insert a row; None if another process was quicker."""
    values = {"team": sent.team, "user": sent.user, "key": sent.key, "fingerprint": sent.fingerprint}
    try:
        with transaction.atomic():
            return KeyedRequest.objects.create(holder=secrets.token_hex(16), **values)
    except IntegrityError:
        return None


def _is_abandoned(row: KeyedRequest) -> bool:
    return row.ended_at is None and row.started_at < timezone.now() - LEASE


def _is_over(row: KeyedRequest) -> bool:
    """Whether the request was answered, or ended between its act and its answer."""
    return row.ended_at is not None or (row.activity_id is not None and _is_abandoned(row))


def _take_over(row: KeyedRequest, sent: Sent) -> KeyedRequest | None:
    """Take over the row of a process that ended before it acted; None if it still works or has acted."""
    if not _is_abandoned(row):
        return None
    rows = KeyedRequest.objects.filter(pk=row.pk, holder=row.holder, activity=None, ended_at=None)
    holder, now = secrets.token_hex(16), timezone.now()
    if rows.update(holder=holder, started_at=now, fingerprint=sent.fingerprint) != 1:
        return None
    row.holder = holder
    return row


def _end(row: KeyedRequest, answer: Answer | None) -> None:
    """Store the answer of a request that acted; delete the row of one that did not."""
    rows = KeyedRequest.objects.filter(pk=row.pk, holder=row.holder)
    if not rows.filter(activity=None).delete()[0]:
        rows.update(answer=answer, ended_at=timezone.now())
