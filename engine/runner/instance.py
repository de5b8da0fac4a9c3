"""An instance of a job: one container, or a pipeline of containers, and the requests to them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.runner.container import Container
from engine.runner.failures import NO_ANSWER, ObjectFailed
from engine.runner.http_client import Answer, AnswerTooLarge, Body, NoAnswer
from engine.runner.logs import InstanceLog
from engine.runner.protocols import ServerUsage
from engine.runner.task_groups import run_all

_DEFAULT_TIMEOUT = 600
_DEFAULT_RETRIES = 3
#: Seconds before the first retry; doubled before each further one.
_PAUSE = 0.1
#: Bytes of an error answer's body that go to the data log.
_LONGEST_MESSAGE = 4096


@dataclass(frozen=True, slots=True)
class Calls:
    """Headers, timeout (seconds) and retries of a job's requests."""

    content_type: str | None
    accept: str | None
    seconds: int
    retries: int
    #: Whether requests are repeated after 4xx answers too.
    refusals_retried: bool

    @classmethod
    def of(cls, request: Mapping[str, Any], *, refusals_retried: bool) -> Calls:
        """Read them from a CreateTransformJob request."""
        client = request.get("ModelClientConfig", {})
        return cls(
            content_type=request["TransformInput"].get("ContentType"),
            accept=request["TransformOutput"].get("Accept"),
            seconds=client.get("InvocationsTimeoutInSeconds", _DEFAULT_TIMEOUT),
            retries=client.get("InvocationsMaxRetries", _DEFAULT_RETRIES),
            refusals_retried=refusals_retried,
        )


class Instance:
    """The containers of one instance, in pipeline order."""

    def __init__(self, containers: list[Container], calls: Calls, log: InstanceLog) -> None:
        self._containers = containers
        self._calls = calls
        self.log = log

    async def start(self) -> None:
        """Start all containers. Raises JobFailed."""
        await run_all(container.start() for container in self._containers)

    async def stop(self) -> None:
        """End all containers."""
        await run_all(container.stop() for container in self._containers)

    def usage(self) -> list[ServerUsage]:
        """Usage of each container whose usage is known. Called in a thread."""
        return [usage for container in self._containers if (usage := container.usage()) is not None]

    def unlinked_bytes(self) -> int:
        """Bytes of the containers' open files without a name. Called in a thread."""
        return sum(container.unlinked_bytes() for container in self._containers)

    def own_memory(self, suspicious: int) -> int:
        """The containers' memory in bytes, exact only above `suspicious`. Called in a thread.

        Below that, memory that processes share is counted for each of them, which is faster.
        """
        counted_often = sum(usage.memory for usage in self.usage())
        if counted_often <= suspicious:
            return counted_often
        return sum(container.exact_memory() for container in self._containers)

    def ran_out_of_memory(self) -> bool:
        """Whether the system ended a process of the containers for lack of memory."""
        return any(container.ran_out_of_memory() for container in self._containers)

    async def execution_parameters(self) -> dict[str, Any]:
        """The execution parameters of the first container, which receives the job's records."""
        return await self._containers[0].execution_parameters()

    async def transform(self, payload: Body) -> bytes:
        """Send one payload through the containers; returns the prediction.

        Raises ObjectFailed, JobFailed if a container cannot be restarted, and what a streamed payload raises.
        """
        body, content_type = payload, self._calls.content_type
        for position, container in enumerate(self._containers, start=1):
            last = position == len(self._containers)
            headers = _headers(content_type, self._calls.accept if last else None)
            answer = await self._invoke(container, headers, body)
            body, content_type = answer.body, answer.headers.get("content-type")
        assert isinstance(body, bytes), "the last container's answer"
        return body

    async def _invoke(self, container: Container, headers: Mapping[str, str], body: Body) -> Answer:
        """Send a request with retries; returns a 2xx answer. Raises ObjectFailed.

        No public source says which failures SageMaker retries. Here these are 5xx answers, no answer and timeouts, and
        4xx answers only if so configured.
        """
        for retry in range(self._calls.retries):
            try:
                return await self._invoke_once(container, headers, body)
            except ObjectFailed as failure:
                if failure.client_error and not self._calls.refusals_retried:
                    raise
            await asyncio.sleep(_PAUSE * 2**retry)
        return await self._invoke_once(container, headers, body)

    async def _invoke_once(self, container: Container, headers: Mapping[str, str], body: Body) -> Answer:
        """Send a request once; returns a 2xx answer. Raises ObjectFailed."""
        seconds = self._calls.seconds
        try:
            answer = await container.invoke(headers, body, seconds)
        except TimeoutError:
            line = f"Model server did not respond to /invocations request within {seconds} seconds"
            raise ObjectFailed([line, *_blame(container)], client_error=False) from None
        except NoAnswer:
            lines = [NO_ANSWER, *_blame(container)]
            raise ObjectFailed(lines, client_error=False) from None
        except AnswerTooLarge as error:
            line = f"{NO_ANSWER}: {error}"
            raise ObjectFailed([line, *_blame(container)], client_error=False) from None
        if 200 <= answer.status < 300:
            return answer
        raise _refusal(answer, container)


def _headers(content_type: str | None, accept: str | None) -> dict[str, str]:
    headers = {"Accept": accept or "*/*", "User-Agent": "Go-http-client/1.1"}
    return {**headers, "Content-Type": content_type} if content_type else headers


def _blame(container: Container) -> list[str]:
    """A line of the data log that names a pipeline's container; none for a container without a name."""
    return [f"Container: {container.name}"] if container.name else []


def _refusal(answer: Answer, container: Container) -> ObjectFailed:
    """The failure for an error answer, with log lines as in public logs of SageMaker."""
    client_error = 400 <= answer.status < 500
    first = (
        f"ClientError: {answer.status}"
        if client_error
        else f"Bad HTTP status received from algorithm: {answer.status}"
    )
    message = answer.body[:_LONGEST_MESSAGE].decode(errors="replace").splitlines()
    return ObjectFailed([first, *_blame(container), "", "Message:", *message], client_error=client_error)
