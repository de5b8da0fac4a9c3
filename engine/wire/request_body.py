"""Reading a request's body from the client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from engine.errors import ServiceError

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

#: Seconds that a client may pause within a body. S3's RequestTimeout comes sooner.
IDLE_SECONDS = 60.0


async def read_body(receive: Receive, idle: float = IDLE_SECONDS) -> AsyncIterator[bytes]:
    """The body's chunks. Raises IncompleteBody if the client leaves, RequestTimeout if it pauses for `idle` seconds."""
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
