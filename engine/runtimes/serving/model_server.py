"""The container contract of batch transform as an HTTP server, for the programs of the runtimes to build on.

Runs in a runtime's own environment, where start.py puts it on the path (PYTHONPATH does for runtimes of one's own);
needs httptools and uvloop there and nothing of the engine.
"""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import uvloop
from http_server import BACKLOG, HttpRequest, Reply, listen

__all__ = ["Invoke", "Reply", "apply_user_environment", "model_dir", "serve"]

#: What stands before the names of the job's variables that would change how this process starts.
_FOR_USER_CODE = "SAGEMAKER_USER_ENVIRONMENT_"

#: What answers POST /invocations: the body and the headers, names in lower case.
Invoke = Callable[[bytes, Mapping[str, str]], Awaitable[Reply]]


def model_dir() -> Path:
    """The folder with the unpacked model."""
    return Path(os.environ.get("SAGEMAKER_MODEL_DIR", "/opt/ml/model"))


def apply_user_environment() -> None:
    """Set the job's variables that the engine has held back, such as PATH or PYTHONPATH, for the user's code.

    Called right before that code is imported. PYTHONPATH's folders are put on the path of this interpreter.
    """
    for name in [name for name in os.environ if name.startswith(_FOR_USER_CODE)]:
        os.environ[name.removeprefix(_FOR_USER_CODE)] = os.environ.pop(name)
        if name == f"{_FOR_USER_CODE}PYTHONPATH":
            sys.path += [folder for folder in os.environ["PYTHONPATH"].split(os.pathsep) if folder]


def _listener() -> socket.socket:
    """The listening socket that the engine handed over, else one of our own on SAGEMAKER_BIND_TO_PORT."""
    if number := os.environ.pop("SAGEMAKER_LISTENER", ""):
        return socket.socket(fileno=int(number))
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    return socket.create_server(("127.0.0.1", port), backlog=BACKLOG)


def serve(invoke: Invoke, execution_parameters: bytes | None = None) -> None:
    """Serve until told to stop: /ping, /invocations, and /execution-parameters if there are any (JSON)."""

    async def answer(request: HttpRequest) -> Reply:
        endpoint = (request.method, request.path)
        if endpoint == ("POST", "/invocations"):
            return await invoke(request.body, request.headers)
        if endpoint == ("GET", "/ping"):
            return Reply(200)
        if endpoint == ("GET", "/execution-parameters") and execution_parameters is not None:
            return Reply(200, execution_parameters, "application/json")
        return Reply(404, b"Not Found")

    uvloop.run(listen(answer, _listener()))
