"""Outputs on their way into the store: nothing is left behind, nothing is noted before it can be seen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.disk import Disk
from engine.errors import ServiceError
from engine.objects import ObjectStore
from engine.runner.publishing import Publisher
from engine.store import Store

LARGE = b"x" * 100_000


class Place:
    """A store with a bucket, and a job's publisher."""

    def __init__(self, folder: Path) -> None:
        self.objects = ObjectStore(folder / "objects", Disk(folder))
        self.objects.create_bucket("out")
        self.store = Store(folder / "store.sqlite3")
        self.publisher = Publisher(self.objects, self.store.jobs, "job")

    def add(self, name: str, body: bytes = b"1\n") -> None:
        with self.objects.writer("out", f"{name}.out") as writer:
            writer.write(body)
            self.publisher.add(name, writer)

    def published(self) -> set[str]:
        return {info.key.removesuffix(".out") for info in self.objects.iter_prefix("out", "")}

    def noted(self) -> set[str]:
        return set(self.store.jobs.finished_objects("job"))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.objects.close()
    place.store.close()


async def test_a_large_output_is_there_at_once(place: Place) -> None:
    place.add("a", LARGE)
    assert place.published() == place.noted() == {"a"}


async def test_a_small_output_is_there_within_a_moment(place: Place) -> None:
    place.add("a")
    async with asyncio.timeout(10):
        while place.noted() != {"a"}:
            await asyncio.sleep(0.01)
    assert place.published() == {"a"}


async def test_many_small_outputs_do_not_wait(place: Place) -> None:
    names = [f"{number:02}" for number in range(40)]
    for name in names:
        place.add(name)
    assert 32 <= len(place.published()) < 40
    assert place.published() == place.noted()
    place.publisher.flush()
    assert place.published() == place.noted() == set(names)
    with place.objects.open("out", "39.out") as reader:
        assert reader.read() == b"1\n"


async def test_an_output_that_replaces_another_leaves_only_its_own_bytes(place: Place) -> None:
    place.add("a", LARGE)
    place.add("a", b"2\n")
    place.publisher.flush()
    with place.objects.open("out", "a.out") as reader:
        assert reader.read() == b"2\n"


async def test_trouble_that_comes_late_is_told_to_the_next_who_asks(place: Place) -> None:
    place.objects.delete_bucket("out")
    place.add("a")
    await asyncio.sleep(0.1)
    with pytest.raises(ServiceError, match="bucket does not exist"):
        place.add("b")
    with pytest.raises(ServiceError, match="bucket does not exist"):
        place.publisher.flush()
    assert place.noted() == set()
