"""JSON-RPC as the Model Context Protocol has it: versions, errors, and what a request over HTTP must carry.

The version 2026-07-28 has no handshake: each request names its version and the client's capabilities in `_meta`, and
headers repeat what proxies route by. Clients of the versions before begin with `initialize`; since no request needs
what came before it, this service needs no session for them either.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CURRENT = "2026-07-28"
#: Versions whose clients begin with `initialize`, newest first.
OF_HANDSHAKES = ("2025-11-25", "2025-06-18", "2025-03-26")
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
SERVER_KEY = "io.modelcontextprotocol/serverInfo"

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
HEADER_MISMATCH = -32020
UNSUPPORTED_VERSION = -32022
#: The HTTP status of an error to a request of the current version; 200 for any other.
_STATUS = {METHOD_NOT_FOUND: 404, INTERNAL_ERROR: 200}
_BASE64 = re.compile(r"=\?base64\?(.*)\?=")


class RpcError(Exception):
    """An error of the protocol; `data` has further facts for programs."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data

    def body(self, request_id: object) -> dict[str, Any]:
        """The JSON-RPC response."""
        error: dict[str, Any] = {"code": self.code, "message": str(self)}
        if self.data is not None:
            error["data"] = self.data
        return {"jsonrpc": "2.0", "id": request_id, "error": error}

    @property
    def status(self) -> int:
        """The HTTP status of the current version."""
        return _STATUS.get(self.code, 400)


@dataclass(frozen=True, slots=True)
class RpcRequest:
    """One request, or a notification, whose `request_id` is None. `is_current` if it has no handshake before it."""

    method: str
    params: Mapping[str, Any]
    request_id: str | int | None
    is_current: bool


def read_request(body: object, headers: Mapping[str, str]) -> RpcRequest:
    """The request of a decoded body and its HTTP headers. Raises RpcError."""
    if (
        not isinstance(body, Mapping)
        or body.get("jsonrpc") != "2.0"
        or not isinstance(body.get("method"), str)
    ):
        raise RpcError(INVALID_REQUEST, "The body must be one JSON-RPC 2.0 request or notification.")
    params = body.get("params", {})
    if not isinstance(params, Mapping):
        raise RpcError(INVALID_PARAMS, "params must be an object.")
    request_id = body.get("id")
    if "id" in body and (isinstance(request_id, bool) or not isinstance(request_id, str | int)):
        raise RpcError(INVALID_REQUEST, "id must be a text or a whole number.")
    version = headers.get("MCP-Protocol-Version")
    is_current = version is not None and version not in OF_HANDSHAKES
    if version is not None and is_current and "id" not in body:
        _check_version(version)
    elif is_current:
        _check_current(body["method"], params, headers)
    return RpcRequest(body["method"], params, request_id, is_current)


def _check_current(method: str, params: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    """Raise RpcError unless `_meta` is complete and the headers repeat it."""
    meta = params.get("_meta")
    if not isinstance(meta, Mapping) or any(key not in meta for key in (VERSION_KEY, CAPABILITIES_KEY)):
        raise RpcError(INVALID_PARAMS, f"params._meta must have {VERSION_KEY} and {CAPABILITIES_KEY}.")
    repeated = {"MCP-Protocol-Version": meta[VERSION_KEY], "Mcp-Method": method}
    if method == "tools/call" and params.get("name") is not None:
        repeated["Mcp-Name"] = params["name"]
    for name, value in repeated.items():
        if _header_text(headers.get(name)) != value:
            raise RpcError(HEADER_MISMATCH, f"The header {name} must repeat the value of the body.")
    _check_version(meta[VERSION_KEY])


def _check_version(version: object) -> None:
    if version != CURRENT:
        data = {"supported": [CURRENT], "requested": str(version)[:40]}
        raise RpcError(UNSUPPORTED_VERSION, "This version of the protocol is not supported.", data)


def _header_text(value: str | None) -> str | None:
    """A header's text, which may be in base64 for characters that headers cannot have."""
    match = _BASE64.fullmatch(value) if value else None
    if match is None:
        return value
    try:
        return base64.b64decode(match[1], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
