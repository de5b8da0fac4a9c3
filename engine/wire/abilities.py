"""POST /_engine/abilities: which images and instance types this engine can run. AWS has no such operation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

from botocore.model import StringShape

from engine.aws_models import service_model
from engine.errors import ServiceError
from engine.operations.context import JobRunner
from engine.wire.request import Request
from engine.wire.response import Response
from engine.wire.validation import ALSO_ALLOWED

PATH = "/_engine/abilities"
#: Maximum bytes of the request: some thousand images.
_MAX_BYTES = 1024 * 1024
#: Images that are looked up before other requests have their turn: anybody may ask this.
_AT_ONCE = 20


async def answer(request: Request, runner: JobRunner) -> Response:
    """The instance types, and for each image of the body `{"images": [URI, …]}` null or why it cannot run.

    `libraries` has what predicts for an image, with its version, where that is known.
    """
    try:
        question = json.loads(await request.read(_MAX_BYTES))
        images = _images(question["images"])
    except (ValueError, KeyError, TypeError, RecursionError, ServiceError):
        return _json(
            400, {"message": f'POST {PATH} takes {{"images": ["…"]}}, of at most {_MAX_BYTES} bytes.'}
        )
    reasons: dict[str, str | None] = {}
    libraries: dict[str, str] = {}
    for number, image in enumerate(images):
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
        reasons[image] = runner.reason_against(image)
        if library := runner.library_of(image):
            libraries[image] = library
    return _json(200, {"images": reasons, "libraries": libraries, "instance_types": instance_types()})


def _images(value: object) -> list[str]:
    """The different images of a list, each cut to 255 characters. Raises TypeError for another value."""
    if not isinstance(value, list):
        raise TypeError
    return list(dict.fromkeys(str(image)[:255] for image in value))


def instance_types() -> list[str]:
    """The instance types that CreateTransformJob accepts."""
    shape = service_model("sagemaker").shape_for("TransformInstanceType")
    assert isinstance(shape, StringShape)
    return sorted({*shape.enum, *ALSO_ALLOWED["TransformInstanceType"]})


def _json(status: int, value: Mapping[str, object]) -> Response:
    return Response(status, {"content-type": "application/json"}, json.dumps(value).encode())
