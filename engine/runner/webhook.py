"""POST of a document to a URL, without blocking the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

#: Maximum seconds from connecting to the status line.
_TIMEOUT = 10.0


class NotDelivered(Exception):
    """The document was not delivered; `again` says whether a retry makes sense."""

    def __init__(self, reason: str, *, again: bool) -> None:
        super().__init__(reason)
        self.again = again


_JSON = {"Content-Type": "application/json"}


async def post(url: str, body: bytes, headers: Mapping[str, str] = _JSON) -> None:
    """POST a body, by default as JSON. Raises NotDelivered unless the answer's status is 2xx.

    No answer, 408, 429 and 5xx may be temporary and can be retried; other answers are final.
    """
    try:
        async with asyncio.timeout(_TIMEOUT):
            status = await _status(url, body, headers)
    except (OSError, TimeoutError, ValueError) as error:
        raise NotDelivered(str(error) or type(error).__name__, again=True) from error
    if not 200 <= status < 300:
        raise NotDelivered(f"status {status}", again=status >= 500 or status in (408, 429))


async def _status(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """The status of the answer. Raises OSError, or ValueError for an answer that is not HTTP."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    context = ssl.create_default_context() if secure else None
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        own_headers = {
            "Host": parts.netloc.rpartition("@")[2],
            "Content-Length": len(body),
            "Connection": "close",
        }
        lines = [
            f"POST {path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in {**headers, **own_headers}.items()),
        ]
        head = "\r\n".join([*lines, "\r\n"])
        writer.write(head.encode() + body)
        await writer.drain()
        line = await reader.readline()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    version, _, status_text = line.partition(b" ")
    if not version.startswith(b"HTTP/1."):
        raise ValueError("the answer is not HTTP")
    return int(status_text[:3])
