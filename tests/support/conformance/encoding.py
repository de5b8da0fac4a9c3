"""Requests of documents in the protocols of AWS, without the checks of a client."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from botocore.model import OperationModel, ServiceModel, Shape, StructureShape

from engine.wire import cbor

JSON, QUERY, CBOR, REST_JSON = "json", "query", "smithy-rpc-v2-cbor", "rest-json"

#: The names in signatures of services that have another name in botocore.
SIGNED_AS = {"cloudwatch": "monitoring", "service-quotas": "servicequotas"}


@dataclass(frozen=True, slots=True)
class Message:
    """A request that is not signed yet. `target` has path and query."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def protocols(service: ServiceModel) -> list[str]:
    """The protocols of a service that this module writes."""
    names = service.metadata.get("protocols") or [service.metadata["protocol"]]
    return [name for name in names if name in (JSON, QUERY, CBOR, REST_JSON)]


def encode(protocol: str, model: OperationModel, document: Mapping[str, Any]) -> Message:
    """The document as a request of the operation in that protocol."""
    return _ENCODERS[protocol](model, document)


def _json(model: OperationModel, document: Mapping[str, Any]) -> Message:
    metadata = model.service_model.metadata
    headers = {
        "X-Amz-Target": f"{metadata['targetPrefix']}.{model.name}",
        "Content-Type": f"application/x-amz-json-{metadata.get('jsonVersion', '1.1')}",
    }
    return Message("POST", "/", headers, json.dumps(document, default=_blob_text).encode())


def _cbor(model: OperationModel, document: Mapping[str, Any]) -> Message:
    target = f"/service/{model.service_model.metadata['targetPrefix']}/operation/{model.name}"
    headers = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
    return Message("POST", target, headers, cbor.dumps(document))


def _query(model: OperationModel, document: Mapping[str, Any]) -> Message:
    fields = {"Action": model.name, "Version": model.service_model.metadata["apiVersion"]}
    fields.update(_fields("", document))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Message("POST", "/", headers, urlencode(fields, errors="surrogatepass").encode())


def _fields(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _fields(f"{prefix}.{name}" if prefix else name, item)
    elif isinstance(value, list):
        if not value:
            yield prefix, ""
        for number, item in enumerate(value, start=1):
            yield from _fields(f"{prefix}.member.{number}", item)
    elif value is not None:
        yield prefix, _form_text(value)


def _form_text(value: Any) -> str:
    if isinstance(value, bytes):
        return _blob_text(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _rest_json(model: OperationModel, document: Mapping[str, Any]) -> Message:
    path, _, query = model.http["requestUri"].partition("?")
    shape = model.input_shape
    pairs = [tuple(part.partition("=")[::2]) for part in query.split("&") if part]
    headers = {"Content-Type": "application/json"}
    body: dict[str, Any] = {}
    for name, value in document.items():
        member = shape.members.get(name) if isinstance(shape, StructureShape) else None
        location, wire_name = _location(member, name)
        if location == "uri":
            text = quote(_form_text(value), safe="-_.~")
            path = path.replace(f"{{{wire_name}}}", text).replace(f"{{{wire_name}+}}", text)
        elif location == "querystring":
            values = value if isinstance(value, list) else [value]
            pairs += [(wire_name, _form_text(item)) for item in values if item is not None]
        elif location == "header":
            headers[wire_name] = _form_text(value)
        else:
            body[wire_name] = value
    target = f"{path}?{urlencode(pairs, quote_via=quote)}" if pairs else path
    content = json.dumps(body, default=_blob_text).encode() if body or model.http["method"] != "GET" else b""
    return Message(model.http["method"], target, headers, content)


def _location(member: Shape | None, name: str) -> tuple[str, str]:
    if member is None:
        return "", name
    return member.serialization.get("location", ""), member.serialization.get("name", name)


def _blob_text(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(type(value))


_ENCODERS = {JSON: _json, QUERY: _query, CBOR: _cbor, REST_JSON: _rest_json}
