"""SageMaker's container contract as an HTTP server, for the programs of runtimes.

Runs in a runtime's environment, which must have httptools and uvloop, and needs nothing of the engine. start.py puts
it on the module path; for extra runtimes PYTHONPATH does.
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

__all__ = [
    "ENGINE_FOLDERS",
    "Invoke",
    "Reply",
    "apply_user_environment",
    "hide_engine_modules",
    "model_dir",
    "serve",
]

#: The prefix of the job's variables that would change how this process starts.
_FOR_USER_CODE = "SAGEMAKER_USER_ENVIRONMENT_"

#: The folders of the program and of this file.
ENGINE_FOLDERS = frozenset({Path(__file__).resolve().parent, Path(sys.argv[0]).resolve().parent})

#: The function that answers POST /invocations, given the body and the headers with lower-case names.
Invoke = Callable[[bytes, Mapping[str, str]], Awaitable[Reply]]


def model_dir() -> Path:
    """The folder with the unpacked model."""
    return Path(os.environ.get("SAGEMAKER_MODEL_DIR", "/opt/ml/model"))


def hide_engine_modules() -> None:
    """Make the engine's modules impossible to import, so that user code's own modules can have their names.

    Call it after the last import of such a module and before user code is imported. Removes the folders of the
    program and of this file from sys.path and PYTHONPATH, and their modules and packages from sys.modules.
    """
    sys.path[:] = [folder for folder in sys.path if Path(folder).resolve() not in ENGINE_FOLDERS]
    for name, module in tuple(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name != "__main__" and file and not ENGINE_FOLDERS.isdisjoint(Path(file).resolve().parents):
            del sys.modules[name]
    search_path = os.environ.pop("PYTHONPATH", "").split(os.pathsep)
    if user_folders := [
        folder for folder in search_path if folder and Path(folder).resolve() not in ENGINE_FOLDERS
    ]:
        os.environ["PYTHONPATH"] = os.pathsep.join(user_folders)


def apply_user_environment() -> None:
    """Set the job's variables that the engine has renamed, such as PATH or PYTHONPATH, for user code.

    Call it right before importing that code. Also adds PYTHONPATH's folders to sys.path.
    """
    for name in [name for name in os.environ if name.startswith(_FOR_USER_CODE)]:
        os.environ[name.removeprefix(_FOR_USER_CODE)] = os.environ.pop(name)
        if name == f"{_FOR_USER_CODE}PYTHONPATH":
            sys.path += [folder for folder in os.environ["PYTHONPATH"].split(os.pathsep) if folder]


def _listener() -> socket.socket:
    """The listening socket from the engine, or else a new one on SAGEMAKER_BIND_TO_PORT."""
    if number := os.environ.pop("SAGEMAKER_LISTENER", ""):
        return socket.socket(fileno=int(number))
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    return socket.create_server(("127.0.0.1", port), backlog=BACKLOG)


def serve(invoke: Invoke, execution_parameters: bytes | Callable[[], Awaitable[Reply]] | None = None) -> None:
    """Serve /ping, /invocations and, if `execution_parameters` is given, /execution-parameters.

    `execution_parameters` is JSON, or a function that answers each request.
    """

    async def answer(request: HttpRequest) -> Reply:
        endpoint = (request.method, request.path)
        if endpoint == ("POST", "/invocations"):
            return await invoke(request.body, request.headers)
        if endpoint == ("GET", "/ping"):
            return Reply(200)
        if endpoint == ("GET", "/execution-parameters") and execution_parameters is not None:
            if isinstance(execution_parameters, bytes):
                return Reply(200, execution_parameters, "application/json")
            return await execution_parameters()
        return Reply(404, b"Not Found")

    uvloop.run(listen(answer, _listener()))
