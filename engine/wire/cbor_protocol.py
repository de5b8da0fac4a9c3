"""The Smithy RPC v2 CBOR protocol, which newer CloudWatch clients use.

The path names the operation: POST /service/GraniteServiceVersion20100801/operation/GetMetricData. The body holds
its parameters.
"""

from __future__ import annotations

import logging
import re
import uuid
from typing import Any

from botocore.model import OperationModel

from engine.aws_models import service_model
from engine.errors import ServiceError
from engine.operations.context import Context
from engine.wire import cbor
from engine.wire.dispatch import operation_model, perform
from engine.wire.response import Response

log = logging.getLogger(__name__)

#: The header and the value that identify requests of this protocol.
HEADER, VALUE = "smithy-protocol", "rpc-v2-cbor"

_PATH = re.compile(r"/service/(?:[\w.]+\.)?(\w+)/operation/(\w+)")


async def dispatch(ctx: Context, service: str, path: str, body: bytes) -> Response:
    """Answer one request to `service`, in botocore's name.

    An unexpected exception is logged and answered as InternalServiceFault.
    """
    request_id = str(uuid.uuid4())
    try:
        answer = await perform(
            ctx, service, _operation_model(service, path), lambda: _document(body), cbor.Timestamp
        )
    except ServiceError as error:
        return error_response(error, request_id)
    except Exception:
        log.exception("%s failed (request %s)", path, request_id)
        failed = ServiceError("InternalServiceFault", f"The engine failed; its log has {request_id}.", 500)
        return error_response(failed, request_id)
    return _response(200, answer, request_id)


def error_response(error: ServiceError, request_id: str) -> Response:
    """An error in this protocol. The header x-amzn-query-error repeats it for clients of the query protocol."""
    fault = "Sender" if error.status < 500 else "Receiver"
    answer = {"__type": error.code, "message": error.message, **error.extra}
    return _response(error.status, answer, request_id, {"x-amzn-query-error": f"{error.code};{fault}"})


def _response(
    status: int, answer: dict[str, Any] | None, request_id: str, headers: dict[str, str] | None = None
) -> Response:
    return Response(
        status=status,
        headers={
            HEADER: VALUE,
            "content-type": "application/cbor",
            "x-amzn-requestid": request_id,
            **(headers or {}),
        },
        body=b"" if answer is None else cbor.dumps(answer),
    )


def _operation_model(service: str, path: str) -> OperationModel:
    match = _PATH.fullmatch(path)
    if match is None or match[1] != service_model(service).metadata["targetPrefix"]:
        raise ServiceError("UnknownOperationException", f"{path!r} is not an operation of {service}.", 404)
    return operation_model(service, match[2])


def _document(body: bytes) -> Any:
    try:
        return cbor.loads(body) if body else {}
    except cbor.BadCbor as error:
        raise ServiceError("SerializationException", f"The body is not CBOR: {error}.") from None
