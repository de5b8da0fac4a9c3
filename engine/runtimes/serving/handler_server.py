"""Serves a handler service of SageMaker's inference toolkits, as the model servers of its newer images do.

Those are Multi Model Server and TorchServe: a handler service gets the bodies of a batch and a context, and returns a
list of answers. A batch has one request here, as the images' defaults have it.
"""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from types import ModuleType
from typing import Any, Protocol

from main_thread import MainThread
from model_server import Reply, model_dir, serve
from request_context import RequestContext
from script_folder import find_script
from script_server import load_script, prepare_user_code

_PROGRAM = "SAGEMAKER_PROGRAM"
#: What the images' server, which is in Java, writes as \u… in JSON.
_ESCAPED = re.compile("[<>&='\u2028\u2029]")


class HandlerService(Protocol):
    """A model with the functions of its script, or with the toolkit's own."""

    def initialize(self, context: RequestContext) -> None:
        """Load the model. Raises what the script raises."""

    def handle(self, data: list[dict[str, bytearray]], context: RequestContext) -> list[Any]:
        """Answer the bodies of a batch. An exception with an `error_code` says the answer's status."""


class HandlerServer:
    """Answers invocations in the main thread, one after the other."""

    def __init__(self, service: HandlerService, context: RequestContext, main_thread: MainThread) -> None:
        self._service = service
        self._context = context
        self._main_thread = main_thread

    async def invoke(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Answer one request."""
        reply: Reply = await self._main_thread.call(functools.partial(self._answer, body, headers))
        return reply

    def _answer(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        self._context.begin_request(headers)
        try:
            answers = self._service.handle([{"body": bytearray(body)}], self._context)
        except Exception as error:
            traceback.print_exc()
            # The toolkits' PredictionException has both.
            status = getattr(error, "error_code", 503)
            return error_reply(status, str(getattr(error, "message", "Prediction failed")))
        if not isinstance(answers, list) or len(answers) != 1:
            return error_reply(503, "Invalid model predict output")
        return self._reply(answers[0])

    def _reply(self, answer: Any) -> Reply:
        try:
            content = answer_bytes(answer)
        except TypeError:
            traceback.print_exc()
            return error_reply(503, "Unsupported model output data type.")
        status, _ = self._context.get_response_status(0)
        return Reply(status, content, self._context.get_response_content_type(0) or "text/plain")


def answer_bytes(answer: Any) -> bytes:
    """The body for what a handler service returns: text, bytes, or anything that JSON can write. Raises TypeError."""
    if isinstance(answer, bytes | bytearray):
        return bytes(answer)
    return (answer if isinstance(answer, str) else json.dumps(answer, indent=2)).encode()


def error_reply(status: int, message: str) -> Reply:
    """An error as the images' servers write it."""
    fields = {"code": status, "type": "InternalServerException", "message": message}
    text = json.dumps(fields, indent=2, ensure_ascii=False)
    escaped = _ESCAPED.sub(lambda letter: f"\\u{ord(letter[0]):04x}", text)
    return Reply(status, f"{escaped}\n".encode(errors="backslashreplace"), "application/json")


def serve_handlers(import_service: Callable[[], Callable[[], HandlerService]], server_version: str) -> None:
    """Load the model's script if it has one, initialize the service and serve it.

    `import_service` imports what the service needs and returns what makes it, which finds the script by its module's
    name. Raises SystemExit if SAGEMAKER_PROGRAM names a script that is not there, and what the script raises.
    """
    script = find_script(model_dir(), os.environ)
    if script is None and (program := os.environ.get(_PROGRAM)):
        raise SystemExit(
            f"There is no {program} in the model archive: put it in code/, or name it with {_PROGRAM}"
        )
    make_service = import_service()
    prepare_user_code()
    module = None if script is None else load_script(*script)
    context = RequestContext(str(model_dir()), server_version)
    with _script_named(module):
        service = make_service()
        service.initialize(context)
    sys.stdout.write(f"{'Model' if script is None else PurePath(script[1]).name + ': model'} loaded\n")
    main_thread = MainThread()
    server = HandlerServer(service, context, main_thread)
    main_thread.run(functools.partial(serve, server.invoke, None))


@contextlib.contextmanager
def _script_named(module: ModuleType | None) -> Iterator[None]:
    """Name the loaded script, or none, in SAGEMAKER_PROGRAM, where the toolkits read it."""
    program = os.environ.get(_PROGRAM)
    os.environ[_PROGRAM] = "" if module is None else f"{module.__name__}.py"
    try:
        yield
    finally:
        del os.environ[_PROGRAM]
        if program is not None:
            os.environ[_PROGRAM] = program
