"""The engine's HTTP server: uvicorn with limits for clients, and AWS's errors for requests beyond them."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping

import uvicorn

from engine.wire.app import App, early_refusal
from hosting.http_protocol import BoundedProtocol
from hosting.http_server import BoundedServer


class EngineProtocol(BoundedProtocol):
    """A connection that answers refused requests in the request's protocol."""

    def error_answer(self, status: int, message: str) -> tuple[Mapping[str, str], bytes]:
        """An error as S3's XML, or in the protocol of another service."""
        begun = self.headers is not None
        answer = early_refusal(self.url if begun else b"", self.headers if begun else [], status, message)
        assert isinstance(answer.body, bytes)
        return answer.headers, answer.body


class EngineServer(BoundedServer):
    """The server. It prints a line to standard output when it listens."""

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
            # Clients such as boto3 keep connections open; closing one as a request arrives fails that request.
            timeout_keep_alive=75,
        )
        super().__init__(config)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(f"engine ready on http://{self.config.host}:{self.config.port}\n")
            sys.stdout.flush()
