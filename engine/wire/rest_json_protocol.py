"""The REST-JSON protocol of EventBridge Scheduler: the address names the operation, the body has parameters as JSON."""

from __future__ import annotations

import functools
import json
import logging
import re
import uuid
from typing import Any

from botocore.model import ListShape, OperationModel, Shape, StructureShape

from engine.aws_models import service_model
from engine.errors import ServiceError
from engine.operations.context import Context
from engine.wire.dispatch import perform
from engine.wire.json_protocol import read_json
from engine.wire.request import Request, percent_decoded
from engine.wire.response import Response
from engine.wire.text_values import from_text

log = logging.getLogger(__name__)

_LABEL = re.compile(r"\\\{(\w+)\\\}")


async def dispatch(ctx: Context, service: str, request: Request, body: bytes) -> Response:
    """Answer one request to `service`, in botocore's name.

    An unexpected exception is logged and answered as InternalServerException.
    """
    request_id = str(uuid.uuid4())
    try:
        model, labels = _route(service, request)
        answer = await perform(ctx, service, model, lambda: _document(model, labels, request, body))
    except ServiceError as error:
        return error_response(error, request_id)
    except Exception:
        log.exception("%s %s failed (request %s)", request.method, request.path, request_id)
        failed = ServiceError("InternalServerException", f"The engine failed; its log has {request_id}.", 500)
        return error_response(failed, request_id)
    return _response(model.http.get("responseCode", 200), answer or {}, request_id, {})


def error_response(error: ServiceError, request_id: str) -> Response:
    """An error in this protocol."""
    answer = {"Message": error.message, **error.extra}
    return _response(error.status, answer, request_id, {"x-amzn-errortype": error.code})


def _response(status: int, answer: dict[str, Any], request_id: str, headers: dict[str, str]) -> Response:
    headers = {"content-type": "application/json", "x-amzn-requestid": request_id, **headers}
    return Response(status, headers, json.dumps(answer).encode())


def _route(service: str, request: Request) -> tuple[OperationModel, dict[str, str]]:
    """The operation of the method and path, and the texts of the path's labels."""
    for method, pattern, model in _routes(service):
        match = pattern.fullmatch(request.path) if method == request.method else None
        if match:
            return model, {label: percent_decoded(text) for label, text in match.groupdict().items()}
    raise ServiceError(
        "UnknownOperationException", f"{request.method} {request.path} is not an operation of {service}.", 404
    )


@functools.cache
def _routes(service: str) -> list[tuple[str, re.Pattern[str], OperationModel]]:
    """The method, the pattern of the path, and the model of each operation."""
    models = [service_model(service).operation_model(name) for name in service_model(service).operation_names]
    return [
        (
            model.http["method"],
            re.compile(_LABEL.sub(r"(?P<\1>[^/]+)", re.escape(model.http["requestUri"]))),
            model,
        )
        for model in models
    ]


def _document(model: OperationModel, labels: dict[str, str], request: Request, body: bytes) -> Any:
    """The request's parameters as one JSON value: those of the path, of the query and of the body."""
    shape = model.input_shape
    assert isinstance(shape, StructureShape)
    document = read_json(body)
    if not isinstance(document, dict):
        raise ServiceError("SerializationException", "The body is not a JSON object.")
    pairs = request.query_pairs()
    for name, member in shape.members.items():
        location, key = member.serialization.get("location"), member.serialization.get("name", name)
        if location is not None:
            document.pop(name, None)
        if location == "uri":
            document[name] = labels[key]
        elif location == "querystring" and (texts := [text for word, text in pairs if word == key]):
            document[name] = texts if isinstance(member, ListShape) else _value(member, texts[-1])
    return document


def _value(shape: Shape, text: str) -> Any:
    """The JSON value of a text; a text that does not fit the type stays text, which the parser refuses."""
    try:
        return from_text(shape.type_name, text)
    except ValueError:
        return text
