"""The engine's places for jobs: a team whose jobs hang cannot hold all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from engine.runner.places import Places
from tests.engine.transforms import MODEL_SERVERS, Transform, transform
from tests.support.engine import EngineProcess
from tests.support.polling import until


@pytest.fixture
def own_engine(tmp_path: Path) -> Iterator[EngineProcess]:
    process = EngineProcess(tmp_path / "engine", ENGINE_EXTRA_RUNTIMES=str(MODEL_SERVERS)).start()
    yield process
    process.stop()


def job_of(engine: EngineProcess, team: str, body: bytes) -> Transform:
    """A job with the team's tag."""
    return transform(engine, {"x": body}, Tags=[{"Key": "batchdeck:team", "Value": team}])


def test_jobs_that_hang_hold_every_place_but_that_of_another_team(own_engine: EngineProcess) -> None:
    hanging = [job_of(own_engine, "a", b"sleep") for _ in range(4)]
    until(lambda: all("TransformStartTime" in job.describe() for job in hanging), "four jobs that run")
    fifth = job_of(own_engine, "a", b"x")
    job_of(own_engine, "b", b"x").completed()
    described = fifth.describe()
    assert described["TransformJobStatus"] == "InProgress"
    assert "TransformStartTime" not in described
    reason = "Waits for a free place on the engine: 4 jobs run, all of this team."
    assert described["FailureReason"] == reason
    summaries = own_engine.client("sagemaker").list_transform_jobs(NameContains=fifth.name)
    assert [row["FailureReason"] for row in summaries["TransformJobSummaries"]] == [reason]
    assert "FailureReason" not in hanging[0].describe()
    # A place that becomes free is taken as before.
    hanging[0].stop()
    assert "FailureReason" not in fifth.completed().describe()


def test_a_restarted_engine_shares_its_places_in_the_same_way(own_engine: EngineProcess) -> None:
    hanging = [job_of(own_engine, "a", b"sleep") for _ in range(5)]
    until(lambda: sum("TransformStartTime" in job.describe() for job in hanging) == 4, "four jobs that run")
    own_engine.restart()
    job_of(own_engine, "b", b"x").completed()


class Sharing:
    """Places, and jobs that hold one until they are told to end."""

    def __init__(self, count: int, spare: int) -> None:
        self.places = Places(count, spare)
        self.running: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def submit(self, *names: str) -> None:
        """Jobs such as a1: the letter is the owner."""
        for name in names:
            self._ends[name] = asyncio.Event()
            self._tasks[name] = asyncio.create_task(self._run(name))
        await self._settle()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await self._tasks[name]
        await self._settle()

    async def cancel(self, name: str) -> None:
        self._tasks[name].cancel()
        await asyncio.gather(self._tasks[name], return_exceptions=True)
        await self._settle()

    async def _run(self, name: str) -> None:
        async with AsyncExitStack() as place:
            await place.enter_async_context(self.places.of(name[0]))
            self.running.append(name)
            place.callback(self.running.remove, name)
            await self._ends[name].wait()

    async def _settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


async def test_one_owner_alone_has_every_place() -> None:
    jobs = Sharing(4, 4)
    await jobs.submit("a1", "a2", "a3", "a4", "a5")
    assert jobs.running == ["a1", "a2", "a3", "a4"]


async def test_an_owner_without_a_running_job_gets_a_spare_place_at_once() -> None:
    jobs = Sharing(4, 2)
    await jobs.submit("a1", "a2", "a3", "a4", "b1", "b2", "c1", "d1")
    assert jobs.running == ["a1", "a2", "a3", "a4", "b1", "c1"]
    assert (
        jobs.places.reason_to_wait("d") == "Waits for a free place on the engine: 6 jobs of other teams run."
    )
    assert jobs.places.reason_to_wait("b") == (
        "Waits for a free place on the engine: 5 jobs of other teams and 1 of this team run."
    )


async def test_a_free_place_goes_to_the_owner_with_the_fewest_running_jobs() -> None:
    jobs = Sharing(3, 1)
    await jobs.submit("a1", "a2", "a3", "a4", "b1", "b2")
    assert jobs.running == ["a1", "a2", "a3", "b1"]
    await jobs.end("a1")
    assert jobs.running == ["a2", "a3", "b1"], "the spare place has to be given back first"
    await jobs.end("a2")
    assert jobs.running == ["a3", "b1", "a4"], "with as many running, the older job comes first"
    await jobs.end("a3")
    assert jobs.running == ["b1", "a4", "b2"]


async def test_a_job_that_is_stopped_while_it_waits_leaves_the_line() -> None:
    jobs = Sharing(1, 0)
    await jobs.submit("a1", "a2", "a3")
    await jobs.cancel("a2")
    await jobs.end("a1")
    assert jobs.running == ["a3"]
    await jobs.cancel("a3")
    await jobs.submit("a4")
    assert jobs.running == ["a4"]
