"""A container that never gets healthy, and one that is held to an answer's size."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.config import Config
from engine.placement import Placement
from engine.runner.container import Container
from engine.runner.failures import JobFailed
from engine.runner.http_client import AnswerTooLarge
from engine.runtimes import Runtimes
from tests.engine.serving import support
from tests.engine.transforms import MODEL_SERVERS


@asynccontextmanager
async def container(
    directory: Path, *, ping_deadline: float = 20, largest_answer: int = 10**6, **environment: str
) -> AsyncIterator[Container]:
    """A container on the obedient server, not yet started."""
    runtimes = Runtimes(Config(directory, directory, extra_runtimes=MODEL_SERVERS), support())
    prepared = await runtimes.prepare("obedient", lambda _: None)

    async def start():
        return await runtimes.start(
            prepared, Placement(directory / "instance", directory), environment, lambda _: None
        )

    model_container = Container(start, ping_deadline, largest_answer)
    try:
        yield model_container
    finally:
        await model_container.stop()


async def test_a_server_that_never_answers_ping_with_200_fails_the_job(tmp_path: Path) -> None:
    async with container(tmp_path, ping_deadline=1.0, PING_STATUS="503") as model_container:
        with pytest.raises(JobFailed) as failed:
            await model_container.start()
    assert str(failed.value) == (
        "AlgorithmError: Model container failed to respond to ping. Please ensure /ping endpoint is implemented "
        "and responds with an HTTP 200 status code"
    )


async def test_a_server_that_loads_its_model_for_ever_is_ended_at_the_deadline(tmp_path: Path) -> None:
    async with container(tmp_path, ping_deadline=0.5, LOAD_FOREVER="yes") as model_container:
        with pytest.raises(JobFailed, match="Model container failed to respond to ping"):
            await model_container.start()
        server = model_container._server
        assert server is not None
        assert server.exit_status is None
    assert server.exit_status is not None
    assert server.usage() is None


async def test_an_answer_over_the_limit_is_refused_and_the_server_goes_on(tmp_path: Path) -> None:
    async with container(tmp_path, largest_answer=1000) as model_container:
        await model_container.start()
        with pytest.raises(AnswerTooLarge):
            await model_container.invoke({}, b"x" * 2000, 5)
        assert (await model_container.invoke({}, b"x", 5)).body == b"X"


async def test_requests_that_meet_the_same_end_start_one_new_server(tmp_path: Path) -> None:
    async with container(tmp_path) as model_container:
        await model_container.start()
        bodies = [b"end once", *(b"x" for _ in range(10))]
        await asyncio.gather(
            *(model_container.invoke({}, body, 5) for body in bodies), return_exceptions=True
        )
        assert (await model_container.invoke({}, b"end once", 5)).body == b"END ONCE"
