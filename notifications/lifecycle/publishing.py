"""Writes events, and a message for each channel that a rule leads to, in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from jobs.models import TransformJob
from notifications import filters
from notifications.kinds import chooses
from notifications.models import Channel, Delivery, DeliveryState, NotificationEvent, NotificationRule
from notifications.texts import absolute, iso
from teams.models import Membership


def publish(events: Sequence[NotificationEvent]) -> int:
    """Write those of these events that a rule chooses, with their messages; returns the number of messages.

    An event whose key is there already, and a message that is there already, are left alone.
    """
    chosen = [(event, channels) for event, channels in _channels_by_event(events) if channels]
    if not chosen:
        return 0
    with transaction.atomic():
        NotificationEvent.objects.bulk_create([event for event, _ in chosen], ignore_conflicts=True)
        keys = {(event.team_id, event.key) for event, _ in chosen}
        saved = NotificationEvent.objects.filter(
            team__in={team_id for team_id, _ in keys}, key__in={key for _, key in keys}
        )
        rows = {(event.team_id, event.key): event for event in saved}
        messages = [
            _message(rows[event.team_id, event.key], channel)
            for event, channels in chosen
            for channel in channels
        ]
        Delivery.objects.bulk_create(messages, ignore_conflicts=True)
    return len(messages)


def payload_of(event: NotificationEvent) -> dict[str, Any]:
    """What a webhook gets: type, timestamp and data, as the Standard Webhooks specification proposes."""
    data = {**event.data, "title": event.title, "reason": event.reason, "url": absolute(event.path)}
    return {"type": event.kind, "timestamp": iso(event.at), "data": data}


def _message(event: NotificationEvent, channel: Channel) -> Delivery:
    muted = channel.is_muted
    now = timezone.now()
    return Delivery(
        team_id=event.team_id,
        channel=channel,
        event=event,
        kind=event.kind,
        title=event.title,
        payload=payload_of(event),
        state=DeliveryState.MUTED if muted else DeliveryState.WAITING,
        next_try_at=None if muted else now,
        ended_at=now if muted else None,
    )


def _channels_by_event(
    events: Sequence[NotificationEvent],
) -> Iterable[tuple[NotificationEvent, list[Channel]]]:
    rules = _rules(event.team_id for event in events)
    chosen: dict[int, dict[int, Channel]] = defaultdict(dict)
    for rule in rules:
        for position in _chosen_by(rule, events):
            chosen[position][rule.channel_id] = rule.channel
    return [(event, list(chosen[position].values())) for position, event in enumerate(events)]


def _rules(team_ids: Iterable[int]) -> list[NotificationRule]:
    """The rules of these teams whose channel is on, and whose owner is still a member."""
    member = Membership.objects.filter(
        team=OuterRef("channel__team"), user=OuterRef("channel__owner"), user__is_active=True
    )
    rules = NotificationRule.objects.filter(
        Q(channel__owner=None) | Exists(member), channel__team__in=set(team_ids), channel__disabled_at=None
    )
    return list(rules.select_related("channel__team", "channel__owner"))


def _chosen_by(rule: NotificationRule, events: Sequence[NotificationEvent]) -> list[int]:
    """The positions of the events that the rule chooses."""
    candidates = {
        position: event
        for position, event in enumerate(events)
        if event.team_id == rule.channel.team_id
        and chooses(rule.kinds, event.kind)
        and event.at >= max(rule.created_at, rule.channel.on_since)
    }
    if not candidates:
        return []
    job_ids = {event.job_id for event in candidates.values() if event.job_id is not None}
    matching = _matching_jobs(rule, job_ids) if job_ids else set()
    return [
        position
        for position, event in candidates.items()
        if (_fits_beside_jobs(rule, event) if event.job_id is None else event.job_id in matching)
    ]


def _fits_beside_jobs(rule: NotificationRule, event: NotificationEvent) -> bool:
    """Whether an event that is about no job fits: only a rule's owner and deployment can be compared."""
    if (
        rule.longer_than_minutes is not None
        or rule.costs_over_usd is not None
        or rule.filter.keys() - filters.BESIDE_JOBS
    ):
        return False
    words = filters.job_filter(rule.filter)
    if rule.channel.owner is not None:
        words = words.for_user(rule.channel.owner)
    deployment = words.values.get("deployment")
    if deployment is not None and not filters.is_of_deployment(event.data, str(deployment)):
        return False
    name = words.values.get("owner")
    return name is None or (event.person is not None and event.person.get_username() == name)


def _matching_jobs(rule: NotificationRule, job_ids: set[int]) -> set[int]:
    words = filters.job_filter(rule.filter)
    if rule.channel.owner is not None:
        words = words.for_user(rule.channel.owner)
    rows = words.narrow(
        TransformJob.objects.for_team(rule.channel.team).filter(pk__in=job_ids), rule.channel.team
    )
    if rule.longer_than_minutes is None and rule.costs_over_usd is None:
        return set(rows.values_list("pk", flat=True))
    return {job.pk for job in rows.select_related("connection") if _is_long_and_dear(rule, job)}


def _is_long_and_dear(rule: NotificationRule, job: TransformJob) -> bool:
    """Whether the job ran as long and cost as much as the rule asks; an unknown cost is not over any amount."""
    if rule.longer_than_minutes is not None and seconds_of(job) < rule.longer_than_minutes * 60:
        return False
    if rule.costs_over_usd is None:
        return True
    cost = cost_of(job)
    return cost is not None and cost > rule.costs_over_usd


def seconds_of(job: TransformJob) -> int:
    """How long the job ran, until now while it runs."""
    if job.is_terminal or job.started_at is None:
        return job.duration_seconds
    return max(0, int((timezone.now() - job.started_at).total_seconds()))


def cost_of(job: TransformJob) -> Decimal | None:
    """What the job cost, or has cost so far; None if that is not known."""
    return job.cost.amount
