"""The container contract of batch transform as an HTTP server, for the programs of the runtimes to build on.

Runs in a runtime's own environment, where it is found by PYTHONPATH; needs httptools and uvloop there and nothing
of the engine.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import uvloop
from http_server import Reply, Request, listen

__all__ = ["Invoke", "Reply", "model_dir", "serve"]

#: What answers POST /invocations: the body and the headers, names in lower case.
Invoke = Callable[[bytes, Mapping[str, str]], Awaitable[Reply]]


def model_dir() -> Path:
    """The folder with the unpacked model."""
    return Path(os.environ.get("SAGEMAKER_MODEL_DIR", "/opt/ml/model"))


def serve(invoke: Invoke, execution_parameters: bytes | None = None) -> None:
    """Serve until told to stop: /ping, /invocations, and /execution-parameters if there are any (JSON)."""

    async def answer(request: Request) -> Reply:
        asked = (request.method, request.path)
        if asked == ("POST", "/invocations"):
            return await invoke(request.body, request.headers)
        if asked == ("GET", "/ping"):
            return Reply(200)
        if asked == ("GET", "/execution-parameters") and execution_parameters is not None:
            return Reply(200, execution_parameters, "application/json")
        return Reply(404, b"Not Found")

    uvloop.run(listen(answer, int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))))
