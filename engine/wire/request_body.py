"""A request's body as it arrives from its client, who may leave or fall silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from engine.errors import ServiceError

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

#: Seconds a client may be silent in the middle of a request. S3 says RequestTimeout too, and sooner.
IDLE_SECONDS = 60.0


async def read_body(receive: Receive, idle: float = IDLE_SECONDS) -> AsyncIterator[bytes]:
    """The body's bytes. Raises IncompleteBody when the client leaves, RequestTimeout after `idle` silent seconds."""
    while True:
        try:
            async with asyncio.timeout(idle):
                message = await receive()
        except TimeoutError:
            raise ServiceError(
                "RequestTimeout",
                "Your socket connection to the server was not read from or written to within the timeout period.",
                headers={"connection": "close"},
            ) from None
        if message["type"] == "http.disconnect":
            raise ServiceError("IncompleteBody", "The client went away before its request was complete.")
        if chunk := message.get("body", b""):
            yield chunk
        if not message.get("more_body", False):
            return
