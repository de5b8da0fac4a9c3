"""Create the first team, its admin, the engine's connection and the samples. Safe to run at every start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from jobs.models import Connection, RegisteredModel
from jobs.services.errors import InvalidFields
from jobs.services.submitting import sample, sample_versions
from jobs.tasks import enqueue, load_images
from teams.models import Membership, Role, Team, User

TEAM_SLUG = "sample-team"
TEAM_NAME = "Sample team"
ADMIN = "admin"
#: Model servers of one machine: more jobs at once would only slow each other down.
ENGINE_PLACES = 4


@dataclass(frozen=True, slots=True)
class Ready:
    """The objects after a bootstrap. `connection` is None without an engine; `models` are those of the samples.

    `left_out` says why a sample was not loaded, one sentence each.
    """

    team: Team
    admin: User
    connection: Connection | None
    models: tuple[RegisteredModel, ...] = ()
    left_out: tuple[str, ...] = ()


def bootstrap(*, with_sample: bool = True, progress: Callable[[str], None] = lambda _: None) -> Ready:
    """Create what is missing; `progress` receives lines about what takes long.

    Raises Unavailable if there is an engine and it does not answer.
    """
    with transaction.atomic():
        team, _ = Team.objects.get_or_create(slug=TEAM_SLUG, defaults={"name": TEAM_NAME})
        admin = _admin(team)
        connection = _engine(team)
    if connection is None:
        return Ready(team, admin, None)
    enqueue(load_images, connection.region)
    models, left_out = _samples(connection, progress) if with_sample else ([], [])
    if models:
        sample_versions.load(connection)
    return Ready(team, admin, connection, tuple(models), tuple(left_out))


def _samples(
    connection: Connection, progress: Callable[[str], None]
) -> tuple[list[RegisteredModel], list[str]]:
    """The samples' models, and why others are left out.

    The engine may have a model of the same name, or the network that an archive is made with may be missing.
    """
    models: list[RegisteredModel] = []
    left_out: list[str] = []
    # The first sample is loaded last, as a new job begins with the newest model.
    for name in reversed(sample.NAMES):
        try:
            models.insert(0, sample.load(connection, name, by=None, progress=progress))
        except (InvalidFields, sample.ArchiveFailed) as error:
            left_out.append(f"The sample {name} is left out. {error}")
    return models, left_out


def _admin(team: Team) -> User:
    admin, is_new = User.objects.get_or_create(
        username=ADMIN, defaults={"is_staff": True, "is_superuser": True}
    )
    if is_new:
        # Until somebody sets a password, the way in is a sign-in link.
        admin.set_unusable_password()
        admin.save(update_fields=["password"])
    Membership.objects.get_or_create(team=team, user=admin, defaults={"role": Role.ADMIN})
    return admin


def _engine(team: Team) -> Connection | None:
    if not settings.ENGINE_URL:
        return None
    connection, is_new = Connection.objects.get_or_create(
        team=team,
        slug="engine",
        defaults={
            "name": "Embedded engine",
            "kind": Connection.Kind.ENGINE,
            "endpoint_url": settings.ENGINE_URL,
            "max_running": ENGINE_PLACES,
        },
    )
    if not is_new and connection.endpoint_url != settings.ENGINE_URL:
        connection.endpoint_url = settings.ENGINE_URL
        connection.save(update_fields=["endpoint_url"])
    return connection
