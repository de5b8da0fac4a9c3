"""inference.py: its functions and the context that they get."""

from __future__ import annotations

import importlib.util
import io
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import requests

from .attributes import TfsAttributes
from .faults import BadModelFolder
from .grpc_interface import OPTIONS
from .image_version import ImageGeneration
from .settings import ServingSettings

_DEFAULT_TYPE = "application/json"


class HandlerContext(NamedTuple):
    """What a script learns about its request, up to image 2.19."""

    model_name: str | None
    model_version: str | None
    method: str | None
    rest_uri: str
    grpc_port: str
    channel: Any
    custom_attributes: str | None
    request_content_type: str
    accept_header: str
    content_length: int


class HandlerContextWithTimeout(NamedTuple):
    """The same from image 2.20, with the seconds to wait for TensorFlow Serving."""

    model_name: str | None
    model_version: str | None
    method: str | None
    rest_uri: str
    grpc_port: str
    channel: Any
    custom_attributes: str | None
    request_content_type: str
    accept_header: str
    content_length: int
    timeout: int


#: A function that posts a body to TensorFlow Serving's path.
Post = Callable[[str, bytes], requests.Response]


class ContextMaker:
    """Makes the context of each request."""

    def __init__(self, image: ImageGeneration, settings: ServingSettings, default_model: str) -> None:
        self._image = image
        self._settings = settings
        self._default_model = default_model
        self._channel = grpc.insecure_channel(f"127.0.0.1:{settings.grpc_port}", options=OPTIONS)

    def make(self, attributes: TfsAttributes, headers: Mapping[str, str], length: int) -> Any:
        """The context of a request with these headers and that many bytes."""
        context = HandlerContext(
            attributes.model_name,
            attributes.model_version,
            attributes.method,
            f"http://localhost:{self._settings.rest_port}{attributes.path(self._default_model)}",
            str(self._settings.grpc_port),
            self._channel,
            attributes.header,
            headers.get("content-type") or _DEFAULT_TYPE,
            headers.get("accept") or _DEFAULT_TYPE,
            length,
        )
        if self._image.checks_attributes:
            return HandlerContextWithTimeout(*context, self._settings.wait_seconds)
        return context


class PassedOn(Exception):
    """TensorFlow Serving's error is the answer."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


class InferenceScript:
    """The user's functions: `handler`, or `input_handler` and `output_handler`."""

    def __init__(self, folder: Path, post: Post, image: ImageGeneration) -> None:
        """Import inference.py from `folder`. Raises BadModelFolder if it lacks the functions."""
        module = _import(folder)
        self._handler = getattr(module, "handler", None)
        self._input_handler = getattr(module, "input_handler", None)
        self._output_handler = getattr(module, "output_handler", None)
        self._post = post
        self._image = image
        if self._handler is None and (self._input_handler is None or self._output_handler is None):
            raise BadModelFolder(
                "Handlers are not implemented correctly in user script: code/inference.py must define "
                "handler(data, context), or input_handler(data, context) and output_handler(response, context)"
            )

    def answer(self, body: bytes, context: Any) -> tuple[bytes, str]:
        """The answer's body and content type. Raises PassedOn and whatever the script raises."""
        data = io.BytesIO(body)
        if self._handler is not None:
            text, content_type = self._handler(data, context)
        else:
            assert self._input_handler is not None
            assert self._output_handler is not None
            response = self._post(context.rest_uri, _as_body(self._input_handler(data, context)))
            if response.status_code != 200 and self._image.passes_errors_on:
                raise PassedOn(response.status_code, response.content)
            text, content_type = self._output_handler(response, context)
        return (text.encode() if isinstance(text, str) else bytes(text)), str(content_type)


def make_response(uri: str, status: int, body: bytes) -> requests.Response:
    """A response of `requests` with that content."""
    response = requests.Response()
    response.url = uri
    response.status_code = status
    response.reason = requests.status_codes._codes.get(status, [""])[0]
    response.headers["Content-Type"] = "application/json"
    response.headers["Content-Length"] = str(len(body))
    response._content = body
    response._content_consumed = True
    return response


def _as_body(data: Any) -> bytes:
    """The body that `requests` would send for what `input_handler` returns."""
    if isinstance(data, bytes):
        return data
    body: Any = data
    if not isinstance(data, str):
        body = requests.Request("POST", "http://localhost", data=data).prepare().body
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else b"".join(body or ())


def _import(folder: Path) -> Any:
    spec = importlib.util.spec_from_file_location("inference", folder / "inference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["inference"] = module
    spec.loader.exec_module(module)
    return module
