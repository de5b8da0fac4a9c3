"""Steps that the JSON, CBOR and query protocols share: validation, authorization, the call, serialization."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any

from botocore.model import OperationModel, StructureShape

from engine.aws_models import service_model
from engine.disk import is_full
from engine.errors import ServiceError, not_implemented
from engine.operations import OPERATIONS, Operation
from engine.operations.authorization import authorize
from engine.operations.context import Context
from engine.wire.parsing import parse
from engine.wire.serializing import serialize
from engine.wire.validation import validate

log = logging.getLogger(__name__)

#: The services of these protocols, with their error codes for requests that do not match the service model.
SERVICES: Mapping[str, str] = {
    "sagemaker": "ValidationException",
    "logs": "InvalidParameterException",
    "service-quotas": "IllegalArgumentException",
    "cloudwatch": "InvalidParameterValue",
    "sts": "ValidationError",
    "ssm": "ValidationException",
    "ecr": "InvalidParameterException",
    "events": "ValidationException",
    "scheduler": "ValidationException",
    "cloudformation": "ValidationError",
}


def operation_model(service: str, name: str) -> OperationModel:
    """The model of an operation.

    Raises NotImplementedException for a name that botocore's model lacks: AWS may have the operation since.
    """
    model = service_model(service)
    if name not in model.operation_names:
        raise not_implemented(service, name)
    return model.operation_model(name)


async def perform(
    ctx: Context,
    service: str,
    model: OperationModel,
    document: Callable[[], Any],
    timestamp: Callable[[float], Any] = float,
) -> dict[str, Any] | None:
    """Run an operation and return the document of its answer, None if it has no output. Raises ServiceError.

    `document` parses the request's body; it is not called if the operation does not exist. `timestamp` converts epoch
    seconds to the protocol's form.
    """
    operation = _find(service, model.name)
    if service == "sagemaker":
        ctx.throttle.admit(model.name)
    return await _answer(ctx, service, model, operation, document, timestamp)


async def call_operation(
    ctx: Context, service: str, name: str, document: Mapping[str, Any]
) -> dict[str, Any]:
    """Call an operation from within the engine with all checks of a request but that of the rate.

    `service` and `name` are botocore's, `document` is a request's JSON; times in the answer are epoch seconds.
    Raises ServiceError.
    """
    model = service_model(service).operation_model(name)
    answer = await _answer(ctx, service, model, _find(service, name), lambda: dict(document), float)
    return answer or {}


def _find(service: str, name: str) -> Operation:
    operation = OPERATIONS.get((service, name))
    if operation is None:
        raise not_implemented(service, name)
    return operation


async def _answer(
    ctx: Context,
    service: str,
    model: OperationModel,
    operation: Operation,
    document: Callable[[], Any],
    timestamp: Callable[[float], Any],
) -> dict[str, Any] | None:
    params = _params(service, model, document)
    authorize(ctx, service, model.name, params)
    result = await run_operation(ctx, operation, params)
    return serialize(model.output_shape, result, timestamp) if model.output_shape is not None else None


async def run_operation(ctx: Context, operation: Operation, params: dict[str, Any]) -> Any:
    """Call the operation and return its result. Raises ServiceError, also if the engine's disk is full."""
    try:
        result = operation(ctx, params)
        return await result if inspect.isawaitable(result) else result
    except Exception as error:
        if not is_full(error):
            raise
        log.warning("%s: %s", getattr(operation, "__name__", "operation"), ctx.disk.sentence)
        raise ctx.disk.refusal() from error


def _params(service: str, model: OperationModel, document: Callable[[], Any]) -> dict[str, Any]:
    shape = model.input_shape
    if shape is None:
        return {}
    assert isinstance(shape, StructureShape)
    params: dict[str, Any] = parse(shape, document())
    if problems := validate(shape, params):
        raise ServiceError(SERVICES[service], problems)
    return params
