"""The table of framework images is filled in the background, without holding up what jobs need."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from celery.signals import after_task_publish
from django.utils import timezone

from aws import images
from aws.images import FRAMEWORKS
from jobs import tasks
from jobs.models import ContainerImage, Lease
from tests.cast import House

pytestmark = pytest.mark.django_db(transaction=True)
REGION = "us-east-1"


@pytest.fixture
def sent() -> Iterator[list[tuple[str, tuple[Any, ...]]]]:
    """The tasks that were sent to the broker, and their arguments."""
    sent_tasks: list[tuple[str, tuple[Any, ...]]] = []

    def note(body: Any, sender: str = "", **_: Any) -> None:
        sent_tasks.append((sender.rpartition(".")[2], tuple(body[0])))

    after_task_publish.connect(note)
    yield sent_tasks
    after_task_publish.disconnect(note)


def frameworks() -> set[str]:
    return set(ContainerImage.objects.filter(region=REGION).values_list("framework", flat=True))


def test_a_task_loads_every_framework_parsing_the_sdks_endpoints_once(db: None) -> None:
    tasks.load_images(REGION)
    assert frameworks() == set(FRAMEWORKS)
    assert Lease.claim("images", tasks.IMAGES_LEASE)
    from sagemaker.core import common_utils

    # More than three hundred images: each would take a tenth of a second of the processor.
    assert ContainerImage.objects.count() > 300
    assert common_utils._botocore_resolver() is common_utils._botocore_resolver()


def test_what_a_killed_task_left_undone_is_loaded_by_the_next(
    house: House, sent: list[tuple[str, tuple[Any, ...]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = images.table

    def out_of_time(region: str, framework: str) -> list[images.ImageRow]:
        if framework == "pytorch":
            raise SoftTimeLimitExceeded
        return table(region, framework)

    with monkeypatch.context() as at_its_limit:
        at_its_limit.setattr(images, "table", out_of_time)
        with pytest.raises(SoftTimeLimitExceeded):
            tasks.load_images(REGION)
    assert frameworks() == set(FRAMEWORKS[: FRAMEWORKS.index("pytorch")])
    tasks.reconcile()
    assert ("load_images", (REGION,)) in sent
    tasks.load_images(REGION)
    assert len(frameworks()) == FRAMEWORKS.index("pytorch"), "the lease of the killed task holds for a while"

    Lease.objects.filter(name="images").update(until=timezone.now())
    tasks.load_images(REGION)
    assert frameworks() == set(FRAMEWORKS)
    sent.clear()
    tasks.reconcile()
    assert [name for name, _ in sent] == []


def test_a_table_of_a_region_that_lacks_a_framework_is_complete_too(
    house: House, sent: list[tuple[str, tuple[Any, ...]]]
) -> None:
    house.connection.region = "ap-southeast-7"
    house.connection.save()
    tasks.load_images("ap-southeast-7")
    there = ContainerImage.objects.filter(region="ap-southeast-7").values_list("framework", flat=True)
    assert set(there) < set(FRAMEWORKS)
    tasks.reconcile()
    assert sent == []


def test_the_lease_of_a_killed_worker_ends(db: None) -> None:
    assert Lease.claim("images", tasks.IMAGES_LEASE)
    Lease.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert Lease.claim("images", tasks.IMAGES_LEASE)
    assert not Lease.claim("images", tasks.IMAGES_LEASE)


def test_nothing_is_loaded_twice(house: House) -> None:
    for name in FRAMEWORKS:
        ContainerImage.objects.create(region=REGION, framework=name, version="1", processor="cpu", uri=name)
    tasks.load_images(REGION)
    assert ContainerImage.objects.count() == len(FRAMEWORKS)
