"""The engine's HTTP server: uvicorn with bounds for its clients, and AWS's errors for those that pass them."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping

import uvicorn

from engine.wire.app import App, early_refusal
from hosting.http_protocol import BoundedProtocol
from hosting.http_server import BoundedServer


class EngineProtocol(BoundedProtocol):
    """A connection that answers each refusal in the form that its client can read."""

    def error_answer(self, status: int, message: str) -> tuple[Mapping[str, str], bytes]:
        """An S3 error document, or the JSON or CBOR of the other services."""
        begun = self.headers is not None
        answer = early_refusal(self.url if begun else b"", self.headers if begun else [], status, message)
        assert isinstance(answer.body, bytes)
        return answer.headers, answer.body


class EngineServer(BoundedServer):
    """Says on standard output when it listens, for whoever started it."""

    def __init__(self, app: App, host: str, port: int) -> None:
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            loop="none",
            http=EngineProtocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=2,
            # Clients such as boto3 keep connections for long; one that is closed under a request fails it.
            timeout_keep_alive=75,
        )
        super().__init__(config)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(f"engine ready on http://{self.config.host}:{self.config.port}\n")
            sys.stdout.flush()
