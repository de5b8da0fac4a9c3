"""Injected faults for tests of jobs: model servers that are slow, flaky, never healthy, or end.

The tag `engine:trouble` of the job, or else of its model, or else the variable ENGINE_TROUBLE of a container sets
them. The value is words separated by spaces, such as `slow-start=5 flaky=3`; docs/engine.md lists them.
"""

from __future__ import annotations

import asyncio
import math
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, fields

from engine.runner.container import Container
from engine.runner.failures import JobFailed
from engine.runner.http_client import Answer, Body
from engine.runner.protocols import RunningServer
from engine.store import JobRow, Store

TAG = "engine:trouble"
VARIABLE = "ENGINE_TROUBLE"


@dataclass(frozen=True, slots=True)
class Trouble:
    """The faults of one container. 0 means none; counts are of requests to the container."""

    #: Seconds after each start during which the container counts as unhealthy.
    slow_start: float = 0
    #: The container never becomes healthy; the job fails after this many seconds.
    no_ping: float = 0
    #: Seconds by which each answer is delayed.
    slow_answers: float = 0
    #: Every n-th request is answered with status 500.
    flaky: float = 0
    #: At every n-th request the server is aborted (SIGABRT), as in a crash.
    crash: float = 0
    #: At every n-th request the server is killed (SIGKILL), as when memory runs out.
    out_of_memory: float = 0
    #: If not 0, there is no capacity for the job.
    no_capacity: float = 0

    @classmethod
    def read(cls, text: str) -> Trouble:
        """Parse the words. Raises JobFailed for unknown words."""
        numbers: dict[str, float] = {}
        for word in text.split():
            name, _, number = word.partition("=")
            numbers[name.replace("-", "_")] = _number(word, number)
        known_names = [field.name for field in fields(cls)]
        if not numbers.keys() <= set(known_names):
            words = ", ".join(name.replace("_", "-") for name in known_names)
            raise JobFailed(f"ClientError: {TAG} has {text!r}; it may have {words}")
        return cls(**numbers)


def troubles_of(store: Store, row: JobRow) -> list[Trouble]:
    """The faults of each of the job's containers. Raises JobFailed for unknown words."""
    model = store.models.get(row.request["ModelName"])
    tags = {**(store.tags.list(model.arn) if model else {}), **store.tags.list(row.arn)}
    environments = (
        {**container.get("Environment", {}), **row.request.get("Environment", {})}
        for container in row.containers
    )
    return [Trouble.read(tags.get(TAG) or environment.get(VARIABLE, "")) for environment in environments]


class TroubledContainer(Container):
    """A container with injected faults around a real server."""

    def __init__(
        self,
        start: Callable[[], Awaitable[RunningServer]],
        ping_deadline: float,
        largest_answer: int,
        trouble: Trouble,
        name: str | None = None,
    ) -> None:
        super().__init__(start, trouble.no_ping or ping_deadline, largest_answer, name)
        self._trouble = trouble
        self._began = 0.0
        self._requests = 0

    async def start(self) -> None:
        """Start the server and wait until it counts as healthy. Raises as `Container.start`."""
        self._began = asyncio.get_running_loop().time()
        await super().start()

    async def invoke(self, headers: Mapping[str, str], body: Body, seconds: float) -> Answer:
        """Send one request with its faults. Raises as `Container.invoke`."""
        trouble = self._trouble
        self._requests += 1
        if _falls_on(trouble.flaky, self._requests):
            return Answer(500, {"content-type": "text/plain"}, b"flaky, as asked for")
        if _falls_on(trouble.crash, self._requests):
            await self._end_server(signal.SIGABRT)
        if _falls_on(trouble.out_of_memory, self._requests):
            await self._end_server(signal.SIGKILL)
        if trouble.slow_answers:
            await asyncio.sleep(min(trouble.slow_answers, seconds))
            seconds -= trouble.slow_answers
            if seconds <= 0:
                raise TimeoutError
        return await super().invoke(headers, body, seconds)

    async def _healthy(self) -> bool:
        elapsed = asyncio.get_running_loop().time() - self._began
        if self._trouble.no_ping or elapsed < self._trouble.slow_start:
            return False
        return await super()._healthy()

    async def _end_server(self, number: signal.Signals) -> None:
        assert self._server is not None, "started before it is used"
        self._server.kill(number)
        await self._server.wait()


def _falls_on(every: float, number: int) -> bool:
    return every >= 1 and number % int(every) == 0


def _number(word: str, number: str) -> float:
    """The number behind a word's "="; 1 without one. Raises JobFailed."""
    try:
        value = float(number or 1)
    except ValueError:
        value = -1
    if not 0 <= value < math.inf:
        raise JobFailed(f"ClientError: {TAG} has {word!r}; its number must be 0 or more")
    return value
