"""One instance of a job: a model server, or for a pipeline a chain of them, and the requests it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.runner.container import Container
from engine.runner.failures import ObjectFailed
from engine.runner.http_client import Answer, NoAnswer
from engine.runner.logs import InstanceLog

_DEFAULT_TIMEOUT = 600
_DEFAULT_RETRIES = 3
#: How much of a refusal's body goes to the data log.
_LONGEST_MESSAGE = 4096


@dataclass(frozen=True, slots=True)
class Calls:
    """How a job's requests look and how long they may take."""

    content_type: str | None
    accept: str | None
    seconds: int
    retries: int

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Calls:
        """From a CreateTransformJob request."""
        client = request.get("ModelClientConfig", {})
        return cls(
            content_type=request["TransformInput"].get("ContentType"),
            accept=request["TransformOutput"].get("Accept"),
            seconds=client.get("InvocationsTimeoutInSeconds", _DEFAULT_TIMEOUT),
            retries=client.get("InvocationsMaxRetries", _DEFAULT_RETRIES),
        )


class Instance:
    """The containers of one instance, in the pipeline's order."""

    def __init__(self, containers: list[Container], calls: Calls, log: InstanceLog) -> None:
        self._containers = containers
        self._calls = calls
        self.log = log

    async def start(self) -> None:
        """Start every container. Raises JobFailed."""
        for container in self._containers:
            await container.start()

    async def stop(self) -> None:
        """End every container."""
        for container in self._containers:
            await container.stop()

    async def execution_parameters(self) -> dict[str, Any]:
        """What the first container offers: it is the one that gets the job's records."""
        return await self._containers[0].execution_parameters()

    async def transform(self, payload: bytes) -> bytes:
        """The prediction for one payload. Raises ObjectFailed, or JobFailed when a container is lost for good."""
        body, content_type = payload, self._calls.content_type
        for position, container in enumerate(self._containers, start=1):
            last = position == len(self._containers)
            answer = await self._invoke(container, body, content_type, self._calls.accept if last else None)
            body, content_type = answer.body, answer.headers.get("content-type")
        return body

    async def _invoke(
        self, container: Container, body: bytes, content_type: str | None, accept: str | None
    ) -> Answer:
        """One answer with a 2xx status; 5xx, silence and lateness are tried again, 4xx is not."""
        headers = {"Accept": accept or "*/*", "User-Agent": "Go-http-client/1.1"}
        if content_type:
            headers["Content-Type"] = content_type
        for retries_left in range(self._calls.retries, -1, -1):
            failure = None
            try:
                answer = await container.invoke(headers, body, self._calls.seconds)
            except TimeoutError:
                failure = ObjectFailed(
                    [
                        "Model server did not respond to /invocations request within "
                        f"{self._calls.seconds} seconds"
                    ],
                    client_error=False,
                )
            except NoAnswer:
                failure = ObjectFailed(["Unable to get response from algorithm"], client_error=False)
            else:
                if 200 <= answer.status < 300:
                    return answer
                failure = _refusal(answer)
                if failure.client_error:
                    raise failure
            if retries_left == 0:
                raise failure
        raise AssertionError("the last try returns or raises")


def _refusal(answer: Answer) -> ObjectFailed:
    """What the data log says of an answer that is no prediction (lines as seen in public logs of the service)."""
    client_error = 400 <= answer.status < 500
    first = (
        f"ClientError: {answer.status}"
        if client_error
        else f"Bad HTTP status received from algorithm: {answer.status}"
    )
    message = answer.body[:_LONGEST_MESSAGE].decode(errors="replace").splitlines()
    return ObjectFailed([first, "", "Message:", *message], client_error=client_error)
