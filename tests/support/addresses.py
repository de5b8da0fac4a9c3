"""Every address of the product, out of the URL resolver, so that a new page is covered by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from deployments.models import Deployment, DeploymentRun, Promotion, PromotionState, Stage
from jobs.models import TransformJob
from notifications.models import Channel, Delivery, DeliveryState, NotificationRule
from teams import tokens
from teams.models import Invitation, Role, User
from tests.cast import House

#: Addresses that belong to nobody or to a person in no team, and Django's admin, which has its own permissions.
OPEN = {
    "account",
    "admin-sign-in",
    "join-team",
    "healthz",
    "readyz",
    "metrics",
    "sign-in",
    "sign-in-link",
    "sign-out",
    "switch-team",
    "schema",
    "docs",
    None,
}


@dataclass(frozen=True, slots=True)
class Address:
    """One address: `names_a_row` if it has the id of something that a team owns."""

    name: str
    path: str
    names_a_row: bool

    @property
    def is_page(self) -> bool:
        """Whether a browser goes there, rather than a program."""
        return not self.path.startswith("/api/")


def addresses(house: House, job: TransformJob) -> list[Address]:
    """Every address that needs a person, filled with this house's objects."""
    values = {
        "key": job.key,
        "slug": house.connection.slug,
        "pk": str(house.model.pk),
        "id": job.key,
        "model_id": str(house.model.pk),
        "model_pk": str(house.model.pk),
        "connection_id": str(house.connection.pk),
        "job_key": job.key,
        "preset": house.preset.slug,
        "group": "churn",
        "number": "1",
        "schedule": house.schedule.slug,
        "member_pk": str(house.team.memberships.earliest("pk").pk),
        "invitation_pk": str(_invitation(house).pk),
        **_deployment(house),
        "channel": _channel(house).key,
        "rule_pk": str(_channel(house).rules.earliest("pk").pk),
        "delivery": _channel(house).deliveries.earliest("pk").key,
        "token_pk": str(tokens.create(team=house.team, user=next(iter(house.people.values())))[0].pk),
    }
    addresses = []
    for route, entry in _patterns(get_resolver()):
        path = route
        for name in entry.pattern.converters:
            path = re.sub(rf"<(\w+:)?{name}>", values[name], path)
        addresses.append(Address(entry.name or "", "/" + path, bool(entry.pattern.converters)))
    return addresses


def _invitation(house: House) -> Invitation:
    user, _ = User.objects.get_or_create(username=f"invited-to-{house.team.slug}")
    values = {"role": Role.VIEWER, "expires_at": timezone.now() + timedelta(days=1)}
    return Invitation.objects.get_or_create(team=house.team, user=user, defaults=values)[0]


def _deployment(house: House) -> dict[str, str]:
    """The values for the addresses of a deployment, with a stage, a promotion and a run."""
    deployment, _ = Deployment.objects.get_or_create(
        team=house.team,
        slug=f"churn-{house.team.slug}",
        defaults={"name": "Churn", "connection": house.connection, "package_group": "churn"},
    )
    stage, _ = Stage.objects.get_or_create(
        team=house.team,
        deployment=deployment,
        slug="staging",
        defaults={"position": 0, "name": "Staging", "connection": house.connection, "version": 1},
    )
    promotion, _ = Promotion.objects.get_or_create(
        team=house.team, stage=stage, version=1, defaults={"state": PromotionState.DEPLOYED}
    )
    run, _ = DeploymentRun.objects.get_or_create(
        team=house.team, stage=stage, defaults={"due_at": timezone.now(), "version": 1}
    )
    return {
        "deployment": deployment.slug,
        "stage": stage.slug,
        "promotion": promotion.key,
        "run": run.key,
        "version": "1",
    }


def _channel(house: House) -> Channel:
    """A channel of the team with a rule and a message."""
    values = {
        "kind": "webhook",
        "name": "Receiver",
        "address": "https://example.com/",
        "secret": "whsec_c2VjcmV0",
    }
    channel, is_new = Channel.objects.get_or_create(team=house.team, owner=None, defaults=values)
    if is_new:
        NotificationRule.objects.create(channel=channel, kinds=["job.failed"])
        data = {"title": "A test", "reason": "A test.", "url": ""}
        payload = {"type": "test", "timestamp": None, "data": data}
        state, next_try_at = DeliveryState.DELIVERED, None
        Delivery.objects.create(
            team=house.team,
            channel=channel,
            kind="test",
            title="A test",
            payload=payload,
            state=state,
            next_try_at=next_try_at,
        )
    return channel


def pages(house: House, job: TransformJob) -> list[Address]:
    """Those of `addresses` that browsers go to."""
    return [address for address in addresses(house, job) if address.is_page]


def _patterns(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            if entry.app_name != "admin":
                yield from _patterns(entry, route)
        elif entry.name not in OPEN:
            yield route, entry
