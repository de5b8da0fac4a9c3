"""Every address of the product, out of the URL resolver, so that a new page is covered by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from deployments.models import Deployment, DeploymentRun, Promotion, PromotionState, Stage
from jobs.models import Conversion, EngineKey, RecordSearch, SavedView, TransformJob, Upload
from notifications.models import Channel, Delivery, DeliveryState, NotificationRule
from results.models import OutputCheck
from teams import tokens
from teams.models import Invitation, Role, User
from tests.cast import House
from tests.support.access_table import OPEN
from tuning.models import Combination, Tuning


@dataclass(frozen=True, slots=True)
class Address:
    """One address: `names_a_row` if it has the id of something that a team owns. `route` is its name with `api:`."""

    name: str
    path: str
    names_a_row: bool
    route: str

    @property
    def is_page(self) -> bool:
        """Whether a browser goes there, rather than a program."""
        return not self.path.startswith("/api/")


#: Parts of addresses that name what all teams have: a page of help.
_SHARED = {"page"}


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
        "upload": _upload(house).key,
        "conversion": _conversion(house).key,
        "search": _search(house, job).key,
        "part": "1",
        "check": str(_output_check(house).pk),
        "tuning": _tuning(house, job).key,
        "page": "schedules",
        "engine_key": _engine_key(house).key,
        "channel": _channel(house).key,
        "rule_pk": str(_channel(house).rules.earliest("pk").pk),
        "delivery": _channel(house).deliveries.earliest("pk").key,
        "token_pk": str(tokens.create(team=house.team, user=next(iter(house.people.values())))[0].pk),
    }
    _shared_view(house)
    addresses = []
    for route, space, entry in patterns(get_resolver()):
        named_route = f"{space}{entry.name}"
        if named_route in OPEN:
            continue
        path = route
        for name in entry.pattern.converters:
            path = re.sub(rf"<(\w+:)?{name}>", values[name], path)
        addresses.append(
            Address(
                entry.name or "", "/" + path, bool(entry.pattern.converters.keys() - _SHARED), named_route
            )
        )
    return addresses


def _shared_view(house: House) -> None:
    """A view with the slug of the connection, since the addresses of both have the same placeholder."""
    owner = next(iter(house.people.values()))
    values = {"name": "Shared", "owner": owner, "shared": True}
    SavedView.objects.get_or_create(team=house.team, slug=house.connection.slug, defaults=values)


def _output_check(house: House) -> OutputCheck:
    values = {"connection": house.connection, "model_name": house.model.name, "measure": "range", "low": 0.0}
    return OutputCheck.objects.get_or_create(**values)[0]


def _tuning(house: House, job: TransformJob) -> Tuning:
    values = {"sample_mb": 1, "most_objects": 1, "limit_minutes": 1, "spec": job.spec, "source_job": job}
    defaults = {**values, "connection": house.connection, "folder": "s3://bucket/out-tuning/x/"}
    tuning, is_new = Tuning.objects.get_or_create(
        team=house.team, model_name=job.model_name, defaults=defaults
    )
    if is_new:
        settings = {"max_payload": 6, "max_concurrent_transforms": 1, "strategy": "MultiRecord"}
        Combination.objects.create(tuning=tuning, position=0, job=job, **settings)
    return tuning


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


def _engine_key(house: House) -> EngineKey:
    """A key to the engine."""
    return EngineKey.objects.get_or_create(
        team=house.team, connection=house.connection, user=next(iter(house.people.values())), name="laptop"
    )[0]


def _search(house: House, job: TransformJob) -> RecordSearch:
    search, _ = RecordSearch.objects.get_or_create(
        job=job,
        object_key="in/a.csv",
        defaults={
            "team": house.team,
            "user": next(iter(house.people.values())),
            "output_key": "out/a.csv.out",
            "etag": "1",
            "bytes": 10,
            "place": "s3://bucket/out-trials/1/",
            "most_rounds": 3,
            "state": "STOPPED",
        },
    )
    return search


def _conversion(house: House) -> Conversion:
    """A conversion of the connection that has not ended."""
    values = {
        "user": next(iter(house.people.values())),
        "source": "s3://b/in/",
        "is_folder": True,
        "format": "csv",
        "files": 1,
        "bytes": 1,
    }
    return Conversion.objects.get_or_create(
        team=house.team, connection=house.connection, output="s3://b/in-csv/", defaults=values
    )[0]


def _upload(house: House) -> Upload:
    """An upload of the connection that has not ended."""
    values = {"size": 1, "part_size": 1, "upload_id": "x", "user": next(iter(house.people.values()))}
    return Upload.objects.get_or_create(
        team=house.team, connection=house.connection, bucket="bucket", object_key="a.csv", defaults=values
    )[0]


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


def patterns(
    resolver: URLResolver, before: str = "", space: str = ""
) -> Iterator[tuple[str, str, URLPattern]]:
    """Each pattern outside Django's admin: its whole route, its namespace with a colon, and itself."""
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern)
        if not isinstance(entry, URLResolver):
            yield route, space, entry
        elif entry.app_name != "admin":
            yield from patterns(entry, route, f"{entry.namespace}:" if entry.namespace else space)
