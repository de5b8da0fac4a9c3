"""The model server for SageMaker's scikit-learn image in script mode.

Like the image, it loads SAGEMAKER_PROGRAM from the model's `code` folder or SAGEMAKER_SUBMIT_DIRECTORY. The script
must define `model_fn`; it may define `input_fn`, `predict_fn` and `output_fn`, or `transform_fn` instead of them.
Runs in its own environment, without the engine's modules.
"""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import functools
import importlib.util
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path, PurePath
from types import ModuleType

from handlers import Handlers, UnsupportedType
from main_thread import MainThread
from model_server import (
    ENGINE_FOLDERS,
    Reply,
    apply_user_environment,
    hide_engine_modules,
    model_dir,
    serve,
)

#: The script's default name, as in SageMaker's toolkit.
DEFAULT_PROGRAM = "inference.py"


def find_script(model_dir: Path) -> tuple[Path, str]:
    """Find the user's script; returns its code folder and its path in there. Raises SystemExit if there is none.

    It lies in the model or beside it, where the engine unpacks a script archive: the variables of a job alone start no
    other file of the machine.
    """
    program = os.environ.get("SAGEMAKER_PROGRAM", DEFAULT_PROGRAM)
    submitted = os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    folders = [Path(submitted)] if submitted and "://" not in submitted else []
    folders += [model_dir / "code", model_dir]
    unpacked = model_dir.resolve().parent
    for folder in folders:
        script = folder / program
        if script.is_file() and not PurePath(program).is_absolute() and unpacked in script.resolve().parents:
            return folder, program
    raise SystemExit(
        f"There is no {program} in the model archive: put it in code/, or name it with SAGEMAKER_PROGRAM"
    )


def load_script(folder: Path, program: str) -> ModuleType:
    """Import the script, with the code folder and then its own folder first on sys.path.

    Its module has the name that imports it from there (`src.serve` for src/serve.py), so that what it defines can be
    pickled for other processes.
    """
    path = folder / program
    if (folder / "requirements.txt").exists():
        sys.stdout.write(
            "code/requirements.txt is not installed: the environment is locked; what it has is used\n"
        )
    folders = list(dict.fromkeys([str(folder), str(path.parent)]))
    sys.path[:0] = folders
    name = ".".join(PurePath(os.path.normpath(program)).with_suffix("").parts)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


class ScriptServer:
    """Answers invocations. The user's code runs in the main thread alone, since models are rarely thread-safe."""

    def __init__(self, handlers: Handlers, main_thread: MainThread) -> None:
        self._handlers = handlers
        self._main_thread = main_thread
        self._default_accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "application/json")

    async def invoke(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Answer one request. An exception of user code becomes a 500 with its traceback."""
        content_type = headers.get("content-type", "application/json")
        accept = headers.get("accept", "")
        accept = self._default_accept if accept in ("", "*/*") else accept
        run = functools.partial(self._handlers.run, body, content_type, accept)
        try:
            kind, answer = await self._main_thread.call(run)
        except UnsupportedType as error:
            return Reply(error.status, str(error).encode())
        except Exception as error:
            return _failure(error)
        return Reply(200, answer, kind)

    async def execution_parameters(self) -> Reply:
        """Answer with the result of the script's `execution_parameters_fn`; an exception becomes a 500."""
        try:
            answer = await self._main_thread.call(self._handlers.execution_parameters)
        except Exception as error:
            return _failure(error)
        return Reply(200, answer, "application/json")


def _failure(error: Exception) -> Reply:
    """A 500 with the traceback of user code, without the server's frames above it. Also logs it."""
    frames = error.__traceback__
    while frames is not None and Path(frames.tb_frame.f_code.co_filename).parent in ENGINE_FOLDERS:
        frames = frames.tb_next
    text = "".join(traceback.format_exception(type(error), error, frames))
    sys.stderr.write(text)
    return Reply(500, text.encode(errors="backslashreplace"))


def main() -> None:
    """Load the script and the model and serve them."""
    folder, program = find_script(model_dir())
    hide_engine_modules()
    apply_user_environment()
    handlers = Handlers(load_script(folder, program), str(model_dir()))
    sys.stdout.write(f"{PurePath(program).name}: model loaded\n")
    main_thread = MainThread()
    server = ScriptServer(handlers, main_thread)
    parameters = server.execution_parameters if handlers.has_execution_parameters else None
    main_thread.run(functools.partial(serve, server.invoke, parameters))
