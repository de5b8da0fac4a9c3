"""S3 as it answers those who lack a permission."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

BODY = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(403)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    do_PUT = do_GET

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def refusing() -> Iterator[str]:
    """The address of a server that refuses everything, while inside."""
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
