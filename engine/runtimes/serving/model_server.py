"""The container contract of batch transform as an HTTP server, for the programs of the runtimes to build on.

Runs in a runtime's own environment, where it is found by PYTHONPATH; needs uvicorn there and nothing of the engine.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

#: Connections that may wait to be accepted; the runner opens many at once.
_BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain"


#: What answers POST /invocations: the body and the headers, names in lower case.
Invoke = Callable[[bytes, Mapping[str, str]], Awaitable[Reply]]


def model_dir() -> Path:
    """The folder with the unpacked model."""
    return Path(os.environ.get("SAGEMAKER_MODEL_DIR", "/opt/ml/model"))


def serve(invoke: Invoke, execution_parameters: bytes | None = None) -> None:
    """Serve until told to stop: /ping, /invocations, and /execution-parameters if there are any (JSON)."""
    config = uvicorn.Config(
        _Contract(invoke, execution_parameters),
        host="127.0.0.1",
        port=int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")),
        backlog=_BACKLOG,
        access_log=False,
        log_level="warning",
        lifespan="off",
        # The runner keeps its connections for as long as the job lasts.
        timeout_keep_alive=3600,
    )
    asyncio.run(uvicorn.Server(config).serve())


class _Contract:
    """The ASGI application."""

    def __init__(self, invoke: Invoke, execution_parameters: bytes | None) -> None:
        self._invoke = invoke
        self._execution_parameters = execution_parameters

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        reply = await self._reply(scope, receive)
        headers = [
            (b"content-type", reply.content_type.encode("latin-1")),
            (b"content-length", str(len(reply.body)).encode()),
        ]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    async def _reply(self, scope: Any, receive: Any) -> Reply:
        asked = (scope["method"], scope["path"])
        if asked == ("GET", "/ping"):
            return Reply(200)
        if asked == ("GET", "/execution-parameters") and self._execution_parameters is not None:
            return Reply(200, self._execution_parameters, "application/json")
        if asked == ("POST", "/invocations"):
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            return await self._invoke(await _read(receive), headers)
        return Reply(404, b"Not Found")


async def _read(receive: Any) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)
