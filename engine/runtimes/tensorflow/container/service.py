"""Answers the requests of a job: through the user's script, or straight from TensorFlow Serving."""

from __future__ import annotations

import asyncio
import functools
import json
import traceback
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from http import HTTPStatus

from .attributes import read_attributes
from .conversions import compact, convert
from .faults import ServingFault
from .green_thread import GreenThread
from .image_version import ImageGeneration
from .rest import RestInterface
from .script import ContextMaker, InferenceScript, PassedOn

_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """An HTTP status, a body and its content type."""

    status: int
    body: bytes
    content_type: str = _JSON


class DirectService:
    """Requests without a script."""

    def __init__(
        self, rest: RestInterface, image: ImageGeneration, default_model: str, executor: Executor
    ) -> None:
        self._rest = rest
        self._image = image
        self._default_model = default_model
        self._executor = executor

    async def answer(self, body: bytes, headers: Mapping[str, str]) -> ServiceAnswer:
        """Answer one request."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._answer, body, headers)

    def _answer(self, body: bytes, headers: Mapping[str, str]) -> ServiceAnswer:
        try:
            path = read_attributes(headers, self._image).path(self._default_model)
            request = convert(body, headers.get("content-type"), self._image)
        except ServingFault as fault:
            return _refusal(fault)
        answer = self._rest.answer("POST", path, request)
        text, content_type = compact(answer.body, headers.get("accept"), self._image)
        return ServiceAnswer(answer.status, text, content_type)


class ScriptService:
    """Requests through inference.py, in the main thread."""

    def __init__(
        self, script: InferenceScript, contexts: ContextMaker, image: ImageGeneration, thread: GreenThread
    ) -> None:
        self._script = script
        self._contexts = contexts
        self._image = image
        self._thread = thread

    async def answer(self, body: bytes, headers: Mapping[str, str]) -> ServiceAnswer:
        """Answer one request. What the script raises becomes a 500 with its text."""
        try:
            context = self._contexts.make(read_attributes(headers, self._image), headers, len(body))
            text, content_type = await self._thread.call(
                functools.partial(self._script.answer, body, context)
            )
        except ServingFault as fault:
            return _refusal(fault)
        except PassedOn as passed_on:
            title = f"{passed_on.status} {HTTPStatus(passed_on.status).phrase}"
            description = passed_on.body.decode("utf-8", "replace")
            return ServiceAnswer(
                passed_on.status, json.dumps({"title": title, "description": description}).encode()
            )
        except Exception as error:
            traceback.print_exception(error)
            return ServiceAnswer(500, json.dumps({"error": str(error)}).encode())
        return ServiceAnswer(200, text, content_type)


def _refusal(fault: ServingFault) -> ServiceAnswer:
    return ServiceAnswer(fault.status, json.dumps({"error": fault.message}).encode())
