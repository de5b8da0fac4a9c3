"""The query protocol, which STS speaks: a form in, XML out."""

from __future__ import annotations

import logging
import uuid
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from engine.errors import ServiceError, not_implemented
from engine.operations import OPERATIONS
from engine.operations.context import Context
from engine.wire.response import Response
from engine.wire.schema import service_model
from engine.wire.xml import DECLARATION, write_xml

log = logging.getLogger(__name__)

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
MAX_BODY = 1024 * 1024


def dispatch(ctx: Context, service: str, query: str, body: bytes) -> Response:
    """Answer one request whose parameters are in the body, or in the query for GET."""
    request_id = str(uuid.uuid4())
    try:
        params = dict(parse_qsl(body.decode() or query, keep_blank_values=True))
        return _xml(200, _answer(ctx, service, params, request_id), request_id)
    except UnicodeDecodeError:
        return error_response(ServiceError("MalformedQueryString", "The body is not UTF-8."), request_id)
    except ServiceError as error:
        return error_response(error, request_id)
    except Exception:
        log.exception("%s failed (request %s)", service, request_id)
        return error_response(
            ServiceError("InternalFailure", f"The engine's log has {request_id}.", 500), request_id
        )


def error_response(error: ServiceError, request_id: str) -> Response:
    """An error in the query protocol's XML."""
    content = (
        f"<Error><Type>Sender</Type><Code>{escape(error.code)}</Code>"
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId>"
    )
    return _xml(error.status, f'<ErrorResponse xmlns="{NAMESPACE}">{content}</ErrorResponse>', request_id)


def _answer(ctx: Context, service: str, params: dict[str, str], request_id: str) -> str:
    name = params.get("Action", "")
    model = service_model(service)
    if name not in model.operation_names:
        raise ServiceError("InvalidAction", f"Could not find operation {name} for version 2011-06-15")
    operation = OPERATIONS.get((service, name))
    if operation is None:
        raise not_implemented(service, name)
    shape = model.operation_model(name).input_shape
    for required in shape.required_members if shape else ():
        if not params.get(required):
            raise ServiceError("ValidationError", f"The request must contain the parameter {required}")
    result: dict[str, Any] = operation(ctx, params)
    output = model.operation_model(name).output_shape
    content = write_xml(f"{name}Result", output, result) if output else ""
    metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    return f'<{name}Response xmlns="{NAMESPACE}">{content}{metadata}</{name}Response>'


def _xml(status: int, text: str, request_id: str) -> Response:
    headers = {"content-type": "text/xml", "x-amzn-requestid": request_id}
    return Response(status, headers, (DECLARATION + text).encode())
