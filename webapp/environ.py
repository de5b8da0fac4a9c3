"""The environ of PEP 3333: a request as WSGI applications read it."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from typing import IO, Any
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

#: Fields that the environ has under their own names, or whose meaning ends with the connection.
_APART = {b"content-type", b"content-length", b"transfer-encoding"}


def wsgi_environ(scope: MutableMapping[str, Any], body: IO[bytes], size: int) -> dict[str, Any]:
    """The environ of an ASGI scope (HTTP) whose whole body, of `size` bytes, can be read from `body`."""
    host, port = scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "CONTENT_LENGTH": str(size),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
    }
    if client := scope.get("client"):
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = client[0], str(client[1])
    for name, value in scope["headers"]:
        _add_field(environ, name, value.decode("latin-1"))
    return environ


def _add_field(environ: dict[str, Any], name: bytes, value: str) -> None:
    if name == b"content-type":
        environ["CONTENT_TYPE"] = value
    # X_Forwarded_Proto and X-Forwarded-Proto would be one; proxies write the latter only.
    if name in _APART or b"_" in name:
        return
    variable = f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}"
    if variable in environ:
        separator = "; " if name == b"cookie" else ","
        value = f"{environ[variable]}{separator}{value}"
    environ[variable] = value
