"""Sends messages that are due: a few of each channel at a time, in threads, by one worker at a time.

A message that could not be sent is tried again for three days. While tries to a channel fail, only one of its messages
is tried at a time, and ever more seldom, so that a dead target costs little; the first success sends the others.
"""

from __future__ import annotations

import secrets
import time
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from concurrent.futures import TimeoutError as NotInTime
from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import F, Min, Q
from django.db.models.query import QuerySet
from django.utils import timezone

from jobs.clock import due
from notifications.kinds import TEST
from notifications.lifecycle.transports import SendOutcome, Verdict, prepare
from notifications.models import Channel, ChannelKind, Delivery, DeliveryAttempt, DeliveryState
from notifications.models.delivery import ANSWER_LENGTH
from teams.models import Membership

log = structlog.get_logger(__name__)

_S, _M, _H = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
#: The pauses between tries, as the Standard Webhooks specification proposes; together three days.
PAUSES = (5 * _S, 5 * _M, 30 * _M, 2 * _H, 5 * _H, 10 * _H, 14 * _H, 20 * _H, 24 * _H)
LONGEST_PAUSE = timedelta(hours=30)
#: The longest pause between tries to a channel that fails, whichever message is tried.
LONGEST_CHANNEL_PAUSE = 5 * _M
#: A sender that has not written its outcome by then has ended.
SENDING_WITHIN = timedelta(seconds=60)
#: The most messages of one channel in a round, and the most messages of a round, each of which has a thread.
OF_A_CHANNEL, THREADS = 4, 16
#: Seconds after which a round waits no longer for an answer: longer than a POST or a mail may take.
ROUND = 25.0


def send_due(seconds: float = 15.0) -> int:
    """Send what is due, round after round, for about so many seconds; returns the number of tries."""
    until, count = time.monotonic() + seconds, 0
    while True:
        claimed = _claim()
        if not claimed:
            return count
        _send_all(claimed)
        count += len(claimed)
        if time.monotonic() > until:
            return count


def waiting() -> QuerySet[Delivery]:
    """The messages that may be sent now; those of channels with a digest are combined first."""
    unclaimed = Q(due("next_try_at", LONGEST_PAUSE), state=DeliveryState.WAITING)
    abandoned = Q(due("sending_until", SENDING_WITHIN), state=DeliveryState.SENDING)
    by_itself = Q(channel__digest_minutes=0) | Q(event=None) | Q(tries__gt=0) | Q(alone=True)
    not_held = Q(channel__retry_at=None) | due("channel__retry_at", LONGEST_CHANNEL_PAUSE) | Q(kind=TEST)
    return Delivery.objects.filter(
        unclaimed | abandoned, by_itself, not_held, channel__disabled_at=None
    ).exclude(channel__kind=ChannelKind.BROWSER)


def _claim() -> list[Delivery]:
    """Messages for this round, each claimed by a guarded update."""
    channels = waiting().order_by().values("channel", "channel__failures").annotate(first=Min("next_try_at"))
    claimed: list[Delivery] = []
    for row in channels.order_by("first")[:THREADS]:
        limit = min(1 if row["channel__failures"] else OF_A_CHANNEL, THREADS - len(claimed))
        rows = waiting().filter(channel=row["channel"]).select_related("channel__owner", "team")
        claimed += [delivery for delivery in rows.order_by("next_try_at", "id")[:limit] if _take(delivery)]
    return claimed


def _take(delivery: Delivery) -> bool:
    if delivery.channel.owner_id is not None and not _is_member(delivery.channel):
        _give_up(delivery, "Its owner is not in the team any more.")
        return False
    rows = Delivery.objects.filter(pk=delivery.pk, state=delivery.state, tries=delivery.tries)
    delivery.tries += 1
    return bool(
        rows.update(
            state=DeliveryState.SENDING,
            tries=delivery.tries,
            sending_until=timezone.now() + SENDING_WITHIN,
        )
    )


def _is_member(channel: Channel) -> bool:
    return Membership.objects.filter(
        team=channel.team_id, user=channel.owner_id, user__is_active=True
    ).exists()


def _give_up(delivery: Delivery, problem: str) -> None:
    with transaction.atomic():
        rows = Delivery.objects.filter(pk=delivery.pk, state=delivery.state)
        if rows.update(state=DeliveryState.FAILED, ended_at=timezone.now(), next_try_at=None):
            DeliveryAttempt.objects.create(delivery=delivery, seconds=0, problem=problem)


def _send_all(deliveries: list[Delivery]) -> None:
    """Send these at once, and write each outcome as it comes. A thread reads no row."""
    pool = ThreadPoolExecutor(THREADS, "notification")
    begun = time.monotonic()
    try:
        futures: dict[Future[SendOutcome], Delivery] = {
            pool.submit(prepare(delivery)): delivery for delivery in deliveries
        }
        for future in as_completed(list(futures), timeout=ROUND):
            record(futures.pop(future), future.result())
    except NotInTime:
        seconds = time.monotonic() - begun
        for future, delivery in futures.items():
            future.cancel()
            record(delivery, SendOutcome(Verdict.AGAIN, "No answer came in time.", seconds=seconds))
    finally:
        # A name server may hold a thread for longer; it ends by itself.
        pool.shutdown(wait=False, cancel_futures=True)


def record(delivery: Delivery, outcome: SendOutcome) -> None:
    """Write the outcome of a try: the state of the message, and that of its channel."""
    now = timezone.now()
    with transaction.atomic():
        DeliveryAttempt.objects.create(
            delivery=delivery,
            seconds=round(outcome.seconds, 3),
            code=outcome.code,
            answer=outcome.answer[:ANSWER_LENGTH],
            problem=outcome.problem,
        )
        pause = _pause(delivery, outcome)
        rows = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.SENDING, tries=delivery.tries)
        if outcome.verdict is Verdict.FINE:
            rows.update(state=DeliveryState.DELIVERED, ended_at=now, next_try_at=None, sending_until=None)
            _note_success(delivery.channel_id)
        else:
            over = pause is None
            rows.update(
                state=DeliveryState.FAILED if over else DeliveryState.WAITING,
                ended_at=now if over else None,
                next_try_at=now + pause if pause else None,
                sending_until=None,
            )
            _note_failure(delivery, outcome)
    log.info(
        "notification_sent" if outcome.verdict is Verdict.FINE else "notification_not_sent",
        delivery=delivery.key,
        channel=delivery.channel.key,
        code=outcome.code,
        tries=delivery.tries,
    )


def _pause(delivery: Delivery, outcome: SendOutcome) -> timedelta | None:
    """The time until the next try, with a fifth more or less by chance; None if there is none."""
    if outcome.verdict is not Verdict.AGAIN or delivery.kind == TEST or delivery.tries > len(PAUSES):
        return None
    return _jittered(PAUSES[delivery.tries - 1])


def _jittered(pause: timedelta) -> timedelta:
    return pause * (0.8 + secrets.randbelow(400) / 1000)


def _note_success(channel_id: int) -> None:
    channel = Channel.objects.get(pk=channel_id)
    now = timezone.now()
    Channel.objects.filter(pk=channel_id).update(failures=0, retry_at=None, last_sent_at=now)
    if channel.failures:
        # The target answers again: what waits for its next try need not wait longer.
        Delivery.objects.filter(channel=channel_id, state=DeliveryState.WAITING).update(next_try_at=now)


def _note_failure(delivery: Delivery, outcome: SendOutcome) -> None:
    channel = Channel.objects.filter(pk=delivery.channel_id)
    if outcome.verdict is Verdict.GONE:
        switch_off(delivery.channel, outcome.problem)
        return
    failures = delivery.channel.failures
    pause = min(LONGEST_CHANNEL_PAUSE, _jittered(2 * _S * 2 ** min(failures, 10)))
    channel.update(failures=F("failures") + 1, retry_at=timezone.now() + pause)


def switch_off(channel: Channel, reason: str) -> None:
    """Send nothing to the channel any more, and give up what waits for it."""
    now = timezone.now()
    Channel.objects.filter(pk=channel.pk, disabled_at=None).update(disabled_at=now, disabled_reason=reason)
    Delivery.objects.filter(channel=channel, state=DeliveryState.WAITING).update(
        state=DeliveryState.FAILED, ended_at=now, next_try_at=None
    )
