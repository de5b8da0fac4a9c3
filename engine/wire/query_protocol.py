"""The query protocol of STS and of older CloudWatch clients: a form as request, XML as answer."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.model import ListShape, Shape, StructureShape

from engine.aws_models import service_model
from engine.errors import ServiceError
from engine.operations.context import Context
from engine.wire.dispatch import SERVICES, operation_model, perform
from engine.wire.response import Response
from engine.wire.xml import DECLARATION, write_xml

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/x-www-form-urlencoded"

#: Maximum parts of a field's name, far above those of honest requests.
_DEEPEST = 32
#: Maximum fields of a form; GetMetricData with its maximum of 500 queries has some thousands.
_MOST_FIELDS = 20_000

#: What XML 1.0 cannot hold, as it is and as a number: a client could not read the answer at all.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|&#(?!9;|10;|13;)[0-9]+;")

Form = Mapping[str, str]


async def dispatch(ctx: Context, service: str, query: str, body: bytes) -> Response:
    """Answer one request. Its parameters are in the body, for GET in the query."""
    request_id = str(uuid.uuid4())
    try:
        form = read_form(body or query.encode())
        return _xml(200, await _answer(ctx, service, form, request_id), request_id)
    except ServiceError as error:
        return error_response(service, error, request_id)
    except Exception:
        log.exception("%s failed (request %s)", service, request_id)
        failed = ServiceError("InternalFailure", f"The engine's log has {request_id}.", 500)
        return error_response(service, failed, request_id)


def read_form(body: bytes) -> Form:
    """The fields of a form. Raises ServiceError(MalformedQueryString)."""
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except UnicodeDecodeError:
        raise ServiceError("MalformedQueryString", "The body is not UTF-8.") from None
    except ValueError:
        raise ServiceError(
            "MalformedQueryString", f"A form may have {_MOST_FIELDS} fields at most."
        ) from None


def error_response(service: str, error: ServiceError, request_id: str) -> Response:
    """An error in the query protocol."""
    content = (
        f"<Error><Type>{'Sender' if error.status < 500 else 'Receiver'}</Type><Code>{escape(error.code)}</Code>"
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId>"
    )
    text = f'<ErrorResponse xmlns="{_namespace(service)}">{content}</ErrorResponse>'
    return _xml(error.status, text, request_id)


async def _answer(ctx: Context, service: str, form: Form, request_id: str) -> str:
    name = form.get("Action", "")
    if not name.isalnum():
        version = service_model(service).metadata["apiVersion"]
        raise ServiceError("InvalidAction", f"Could not find operation {name} for version {version}")
    operation = operation_model(service, name)
    input_shape = operation.input_shape
    result = await perform(
        ctx, service, operation, lambda: document(input_shape, tree_of(form)) if input_shape else {}
    )
    output = operation.output_shape
    content = write_xml(f"{name}Result", output, result) if output else ""
    metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    return f'<{name}Response xmlns="{_namespace(service)}">{content}{metadata}</{name}Response>'


def tree_of(form: Form) -> dict[str, Any]:
    """Nest the form's fields by the parts of their names: `Metric.Dimensions.member.1.Name` has five levels.

    Raises ServiceError(MalformedQueryString) if one field's name is a prefix of another's.
    """
    tree: dict[str, Any] = {}
    for name, value in form.items():
        *parts, last = name.split(".", _DEEPEST)
        node = tree
        for part in parts:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise ServiceError("MalformedQueryString", f"{name} goes through another field.")
        if isinstance(node.get(last), dict):
            raise ServiceError("MalformedQueryString", f"Other fields go through {name}.")
        node[last] = value
    return tree


def document(shape: Shape, node: Any) -> Any:
    """Convert a form's tree to a JSON value of the shape.

    Text that does not fit the shape's type stays text; the parser refuses it.
    """
    if isinstance(shape, StructureShape) and isinstance(node, dict):
        return {name: document(member, node[name]) for name, member in shape.members.items() if name in node}
    if isinstance(shape, ListShape):
        return _list(shape, node)
    return _value(shape, node) if isinstance(node, str) else node


def _list(shape: ListShape, node: Any) -> Any:
    members = node.get("member") if isinstance(node, dict) else None
    if isinstance(members, dict):
        in_order = sorted(members, key=lambda number: (len(number), number))
        return [document(shape.member, members[number]) for number in in_order]
    return [] if node == "" else node  # Clients write an empty list as an empty text.


def _value(shape: Shape, text: str) -> Any:
    try:
        if shape.type_name in ("integer", "long"):
            return int(text)
        if shape.type_name in ("float", "double"):
            return float(text)
    except ValueError:
        return text
    if shape.type_name == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return text


def _namespace(service: str) -> str:
    # A model takes memory, so none is read for services that strangers name.
    return str(service_model(service).metadata["xmlNamespace"]) if service in SERVICES else ""


def _xml(status: int, text: str, request_id: str) -> Response:
    headers = {"content-type": "text/xml", "x-amzn-requestid": request_id}
    return Response(status, headers, (DECLARATION + _NOT_IN_XML.sub("\ufffd", text)).encode())
