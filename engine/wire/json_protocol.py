"""The AWS JSON 1.1 protocol of SageMaker, CloudWatch Logs, Service Quotas and CloudWatch.

`X-Amz-Target: SageMaker.CreateModel` names the operation and the body holds its parameters. botocore's service
model has the shapes of parameters and answer.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping
from typing import Any

from botocore.model import OperationModel

from engine.aws_models import service_model
from engine.errors import ServiceError
from engine.operations.context import Context
from engine.wire.dispatch import operation_model, perform
from engine.wire.response import Response

log = logging.getLogger(__name__)

#: Maximum bytes of a body: PutLogEvents takes a mebibyte of messages, which JSON makes longer.
MAX_BODY = 4 * 1024 * 1024


async def dispatch(ctx: Context, service: str, headers: Mapping[str, str], body: bytes) -> Response:
    """Answer one request to `service`, in botocore's name; `headers` has lower-case names.

    An unexpected exception is logged and answered as InternalFailure.
    """
    request_id = str(uuid.uuid4())
    answer: dict[str, Any] | None
    try:
        model = _operation_model(service, headers.get("x-amz-target", ""))
        # An operation without an output shape answers with an empty body.
        status, answer = 200, await perform(ctx, service, model, lambda: read_json(body))
    except ServiceError as error:
        return error_response(error, request_id)
    except Exception:
        log.exception("%s failed (request %s)", headers.get("x-amz-target", service), request_id)
        status = 500
        answer = {"__type": "InternalFailure", "message": f"The engine failed; its log has {request_id}."}
    return _response(status, answer, request_id)


def error_response(error: ServiceError, request_id: str) -> Response:
    """An error in the JSON protocol."""
    return _response(
        error.status, {"__type": error.code, "message": error.message, **error.extra}, request_id
    )


def _response(status: int, answer: dict[str, Any] | None, request_id: str) -> Response:
    return Response(
        status=status,
        headers={"content-type": "application/x-amz-json-1.1", "x-amzn-requestid": request_id},
        body=b"" if answer is None else json.dumps(answer).encode(),
    )


def _operation_model(service: str, target: str) -> OperationModel:
    prefix, _, name = target.rpartition(".")
    if prefix != service_model(service).metadata["targetPrefix"] or not name.isalnum():
        raise ServiceError("UnknownOperationException", f"{target!r} is not an operation of {service}.")
    return operation_model(service, name)


def read_json(body: bytes) -> Any:
    """The JSON value of a request's body, an empty object if there is none. Raises ServiceError."""
    if len(body) > MAX_BODY:
        raise ServiceError(
            "RequestEntityTooLargeException", f"The request body is larger than {MAX_BODY} bytes.", status=413
        )
    try:
        return json.loads(body, parse_constant=_no_constant) if body.strip() else {}
    except (ValueError, RecursionError) as error:
        # ValueError covers bad UTF-8 and too long numbers, RecursionError too deep nesting.
        raise ServiceError("SerializationException", f"The body is not JSON: {error}") from None


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON number")
