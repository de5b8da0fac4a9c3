"""Serves a user's script: what is the same in all runtimes of script mode."""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import functools
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from types import ModuleType
from typing import Protocol

from main_thread import MainThread
from model_server import (
    ENGINE_FOLDERS,
    Reply,
    apply_user_environment,
    hide_engine_modules,
    model_dir,
    serve,
)
from script_folder import DEFAULT_PROGRAM, find_script

#: The folder with the model in SageMaker's containers.
_IMAGE_BASE_DIR = "/opt/ml"


class ScriptFunctions(Protocol):
    """The functions of a script with its loaded model, as one framework's image calls them."""

    #: Answers GET /execution-parameters; None if the script has no function for it. Raises script errors.
    execution_parameters: Callable[[], Reply] | None

    def transform(self, body: bytes, content_type: str, accept: str) -> Reply:
        """Answer one payload. Raises script errors."""


class ScriptServer:
    """Answers invocations. The user's code runs in the main thread alone, since models are rarely thread-safe."""

    def __init__(self, functions: ScriptFunctions, main_thread: MainThread) -> None:
        self._functions = functions
        self._main_thread = main_thread
        self._default_accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "application/json")

    async def invoke(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Answer one request. An exception of user code becomes a 500 with its traceback."""
        content_type = headers.get("content-type", "application/json")
        accept = headers.get("accept", "")
        accept = self._default_accept if accept in ("", "*/*") else accept
        return await self._call(functools.partial(self._functions.transform, body, content_type, accept))

    async def execution_parameters(self) -> Reply:
        """Answer with what the script offers; an exception becomes a 500."""
        assert self._functions.execution_parameters is not None
        return await self._call(self._functions.execution_parameters)

    async def _call(self, function: Callable[[], Reply]) -> Reply:
        try:
            reply: Reply = await self._main_thread.call(function)
        except Exception as error:
            return _failure(error)
        return reply


def _failure(error: Exception) -> Reply:
    """A 500 with the traceback of user code, without the server's frames above it. Also logs it."""
    frames = error.__traceback__
    while frames is not None and Path(frames.tb_frame.f_code.co_filename).parent in ENGINE_FOLDERS:
        frames = frames.tb_next
    text = "".join(traceback.format_exception(type(error), error, frames))
    sys.stderr.write(text)
    return Reply(500, text.encode(errors="backslashreplace"))


def serve_script(load: Callable[[ModuleType, str], ScriptFunctions]) -> None:
    """Load the script and serve it; `load` gets its module and the model's folder.

    Raises SystemExit if there is no script, and what the script raises.
    """
    script = find_script(model_dir(), os.environ)
    if script is None:
        program = os.environ.get("SAGEMAKER_PROGRAM", DEFAULT_PROGRAM)
        raise SystemExit(
            f"There is no {program} in the model archive: put it in code/, or name it with SAGEMAKER_PROGRAM"
        )
    prepare_user_code()
    functions = load(load_script(*script), str(model_dir()))
    sys.stdout.write(f"{PurePath(script[1]).name}: model loaded\n")
    main_thread = MainThread()
    server = ScriptServer(functions, main_thread)
    parameters = server.execution_parameters if functions.execution_parameters is not None else None
    main_thread.run(functools.partial(serve, server.invoke, parameters))


def prepare_user_code() -> None:
    """Hide the engine's modules and set the job's variables, right before user code is imported."""
    if os.environ.get("SAGEMAKER_BASE_DIR") != _IMAGE_BASE_DIR:
        sys.stdout.write(
            f"There is no {_IMAGE_BASE_DIR}/model here, since the system allows no private mounts. The model is in "
            "$SAGEMAKER_BASE_DIR/model, and model_fn gets its folder.\n"
        )
    hide_engine_modules()
    apply_user_environment()


def load_script(folder: Path, program: str) -> ModuleType:
    """Import the script, with the code folder and then its own folder first on sys.path.

    Its module has the name that imports it from there (`src.serve` for src/serve.py), so that what it defines can be
    pickled for other processes.
    """
    path = folder / program
    sys.path[:0] = list(dict.fromkeys([str(folder), str(path.parent)]))
    name = ".".join(PurePath(os.path.normpath(program)).with_suffix("").parts)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
