"""HTTP requests, independent of AWS's protocols."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from engine.errors import ServiceError

#: Maximum bytes of a refused upload that are read and dropped, so that its connection can be used again.
_DRAIN_LIMIT = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """A request. `path` is percent-encoded; `headers` has lower-case names; `body` can be read once."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: AsyncIterator[bytes]

    def query_pairs(self) -> list[tuple[str, str]]:
        """The query's decoded (name, value) pairs in order; a name without "=" has an empty value.

        A "+" stays a plus, as AWS signs and reads it.
        """
        pairs = (part.partition("=") for part in self.query.split("&") if part)
        return [(percent_decoded(name), percent_decoded(value)) for name, _, value in pairs]

    async def drain(self) -> None:
        """Read and drop the rest of a refused request, up to a limit: a reset could hide the answer from the client."""
        bytes_left = _DRAIN_LIMIT
        try:
            async for chunk in self.body:
                bytes_left -= len(chunk)
                if bytes_left < 0:
                    return
        except ServiceError:
            return

    async def read(self, limit: int) -> bytes:
        """Read the whole body. Raises ServiceError (413) beyond `limit` bytes."""
        chunks: list[bytes] = []
        size = 0
        async for chunk in self.body:
            size += len(chunk)
            if size > limit:
                raise ServiceError(
                    "RequestEntityTooLarge", f"The request body is larger than {limit} bytes.", status=413
                )
            chunks.append(chunk)
        return b"".join(chunks)


def percent_decoded(text: str) -> str:
    """Undo percent-encoding. Raises ServiceError if the result is not UTF-8."""
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise ServiceError("InvalidURI", "Couldn't parse the specified URI: it is not UTF-8.") from None
