"""The table of framework images is filled in the background, without holding up what jobs need."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery.signals import after_task_publish
from django.utils import timezone

from jobs import tasks
from jobs.gateway.images import FRAMEWORKS
from jobs.models import ContainerImage, Heartbeat

pytestmark = pytest.mark.django_db(transaction=True)
REGION = "us-east-1"


@pytest.fixture
def sent() -> Iterator[list[tuple[Any, ...]]]:
    """The arguments of the tasks that were sent to the broker."""
    found: list[tuple[Any, ...]] = []

    def note(body: Any, **_: Any) -> None:
        found.append(tuple(body[0]))

    after_task_publish.connect(note)
    yield found
    after_task_publish.disconnect(note)


def test_a_task_loads_one_framework_and_asks_for_the_next(sent: list[tuple[Any, ...]]) -> None:
    tasks.load_images(REGION)
    assert set(ContainerImage.objects.values_list("framework", flat=True)) == {FRAMEWORKS[0]}
    assert sent == [(REGION, 1)]
    assert Heartbeat.claim("images", tasks.IMAGES_LEASE)


def test_a_task_that_finds_another_at_it_comes_back_later(sent: list[tuple[Any, ...]]) -> None:
    assert Heartbeat.claim("images", tasks.IMAGES_LEASE)
    tasks.load_images(REGION, 3)
    assert not ContainerImage.objects.exists()
    assert sent == [(REGION, 3)]
    assert not Heartbeat.claim("images", tasks.IMAGES_LEASE)


def test_the_lease_of_a_killed_worker_ends(db: None) -> None:
    assert Heartbeat.claim("images", tasks.IMAGES_LEASE)
    past = timezone.now() - tasks.IMAGES_LEASE - timedelta(seconds=1)
    Heartbeat.objects.update(beat_at=past)
    assert Heartbeat.claim("images", tasks.IMAGES_LEASE)
    assert not Heartbeat.claim("images", tasks.IMAGES_LEASE)


def test_nothing_is_loaded_twice(sent: list[tuple[Any, ...]]) -> None:
    for name in FRAMEWORKS:
        ContainerImage.objects.create(region=REGION, framework=name, version="1", processor="cpu", uri=name)
    tasks.load_images(REGION)
    assert sent == []
    assert ContainerImage.objects.count() == len(FRAMEWORKS)
