"""The model server for the TensorFlow Serving image.

Loads the SavedModels of the archive and answers as the image does: through code/inference.py, or straight from the
models. TensorFlow Serving's own interfaces listen on the two ports of SAGEMAKER_SAFE_PORT_RANGE, for scripts that speak
to them. Runs in its own environment, without the engine's modules; the program's argument is the image's tag.
"""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
import functools
import os
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import uvloop
from container.batching import RequestBatcher
from container.faults import BadModelFolder
from container.image_version import ImageGeneration, read_generation
from container.model_folders import ModelFolder, choose_default, find_models
from container.settings import ServingSettings, read_settings
from http_server import BACKLOG, HttpRequest, listen
from model_server import (
    Invoke,
    Reply,
    apply_user_environment,
    hide_engine_modules,
    model_dir,
    serve,
)

if TYPE_CHECKING:
    from container.rest import RestInterface
    from container.servables import Servables

#: Requests at the models at once, for each processor; TensorFlow Serving has as many threads for REST.
_THREADS_PER_PROCESSOR = 4
#: Requests that wait for a batch at once.
_MOST_WAITING = 128


def main() -> None:
    """Load the models and serve them. Raises SystemExit with the reason if they cannot be served."""
    image = read_generation(sys.argv[1] if len(sys.argv) > 1 else "")
    try:
        settings = read_settings(image)
        models = find_models(model_dir())
        default_model = choose_default(models, settings.default_model)
        _serve(image, settings, models, default_model)
    except BadModelFolder as error:
        raise SystemExit(str(error)) from error


def _serve(
    image: ImageGeneration, settings: ServingSettings, models: list[ModelFolder], default_model: str
) -> None:
    _say("TensorFlow is being loaded")
    # Imported here, since it takes seconds: what can be refused without it is refused before.
    from container.rest import RestInterface
    from container.servables import Servables

    servables = Servables(
        {model.name: _load(model, settings) for model in models},
        RequestBatcher(settings.batching) if settings.batching else None,
    )
    rest = RestInterface(servables, image.word_for_invalid)
    computing = ThreadPoolExecutor(_count_threads(settings), thread_name_prefix="computing")
    code = model_dir() / "code"
    if (code / "inference.py").is_file():
        _serve_script(code, image, settings, default_model, servables, rest, computing)
    else:
        _serve_directly(image, default_model, rest, computing)


def _load(model: ModelFolder, settings: ServingSettings) -> Mapping[int, Any]:
    from container.graphs import load_version

    versions = {
        version: load_version(
            model.name, version, folder, settings.inter_op_threads, settings.intra_op_threads
        )
        for version, folder in model.versions.items()
    }
    _say(f"Model {model.name} loaded, version(s) {', '.join(map(str, sorted(versions)))}")
    return versions


def _count_threads(settings: ServingSettings) -> int:
    """The number of requests at the models at once; with batching also those that wait for others."""
    threads = _THREADS_PER_PROCESSOR * (os.cpu_count() or 1)
    if settings.batching is None:
        return threads
    in_batches: int = 2 * settings.batching.max_batch_size * settings.batching.num_batch_threads
    return max(threads, min(in_batches, _MOST_WAITING))


def _serve_directly(
    image: ImageGeneration, default_model: str, rest: RestInterface, computing: Executor
) -> None:
    from container.service import DirectService

    service = DirectService(rest, image, default_model, computing)
    serve(_reply_of(service.answer))


def _serve_script(
    code: Path,
    image: ImageGeneration,
    settings: ServingSettings,
    default_model: str,
    servables: Servables,
    rest: RestInterface,
    computing: Executor,
) -> None:
    from container.green_thread import GreenThread
    from container.grpc_interface import start_grpc
    from container.script import ContextMaker, InferenceScript, make_response
    from container.service import ScriptService

    grpc_server = start_grpc(servables, settings.grpc_port, _THREADS_PER_PROCESSOR * (os.cpu_count() or 1))
    _start_rest(rest, settings.rest_port, computing)
    # Of their own, since what they wait for may need a thread of `computing`.
    green_thread = GreenThread(ThreadPoolExecutor(_MOST_WAITING, thread_name_prefix="waiting"))

    def post(uri: str, body: bytes) -> Any:
        # What requests.post would bring, without the way over a socket.
        answer = green_thread.wait(
            lambda: computing.submit(rest.answer, "POST", urlsplit(uri).path, body).result()
        )
        return make_response(uri, answer.status, answer.body)

    contexts = ContextMaker(image, settings, default_model)
    _prepare_code(code)
    script = InferenceScript(code, post, image)
    _say("inference.py loaded")
    service = ScriptService(script, contexts, image, green_thread)
    try:
        green_thread.run(functools.partial(serve, _reply_of(service.answer)))
    finally:
        grpc_server.stop(None)


def _reply_of(answer: Callable[[bytes, Mapping[str, str]], Awaitable[Any]]) -> Invoke:
    async def invoke(body: bytes, headers: Mapping[str, str]) -> Reply:
        answered = await answer(body, headers)
        return Reply(answered.status, answered.body, answered.content_type)

    return invoke


def _start_rest(rest: RestInterface, port: int, computing: Executor) -> None:
    """Serve TensorFlow Serving's REST interface in a thread."""

    async def answer(request: HttpRequest) -> Reply:
        loop = asyncio.get_running_loop()
        answered = await loop.run_in_executor(
            computing, rest.answer, request.method, request.path, request.body
        )
        return Reply(answered.status, answered.body, "application/json")

    listener = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
    threading.Thread(target=lambda: uvloop.run(listen(answer, listener)), name="rest", daemon=True).start()


def _prepare_code(code: Path) -> None:
    """Make the folders of the user's code importable, and nothing of the engine."""
    library = code / "lib"
    hide_engine_modules()
    apply_user_environment()
    sys.path[:0] = [str(code), *([str(library)] if library.is_dir() else [])]


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
