"""The aws-chunked content encoding: sizes, optional signatures, and trailers around an upload's bytes.

Format: "Transferring payload in multiple chunks" in the S3 API reference.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator

from engine.errors import ServiceError
from engine.wire.signatures import Verified, chunk_signature

_LONGEST_LINE = 4096
_LARGEST_CHUNK = 64 * 1024 * 1024


class ChunkedBody:
    """An upload's own bytes, taken out of its chunks; `trailers` is complete once they have all been read."""

    def __init__(self, raw: AsyncIterator[bytes], verified: Verified) -> None:
        self._raw = raw
        self._verified = verified
        self._signed = "AWS4-HMAC" in verified.payload_hash
        self._previous = verified.signature.signature
        self._buffer = bytearray()
        self.trailers: dict[str, str] = {}

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Bytes as they come, each chunk checked before it is given out if chunks are signed."""
        while True:
            size, signature = self._chunk_head(await self._line())
            data = await self._take(size)
            if self._signed:
                self._check("PAYLOAD", data, signature)
            if size == 0:
                break
            yield data
            if await self._line() != b"":
                raise _malformed("a chunk does not end where its size says")
        await self._read_trailers()

    def _chunk_head(self, line: bytes) -> tuple[int, str]:
        size_text, _, extension = line.partition(b";")
        try:
            size = int(size_text, 16)
        except ValueError:
            raise _malformed("a chunk has no size") from None
        if not 0 <= size <= _LARGEST_CHUNK:
            raise _malformed(f"a chunk may have {_LARGEST_CHUNK} bytes at most")
        return size, extension.partition(b"chunk-signature=")[2].decode("latin-1")

    async def _read_trailers(self) -> None:
        signed = bytearray()
        while line := await self._line(at_end=True):
            name, _, value = line.decode("latin-1").partition(":")
            if name == "x-amz-trailer-signature":
                self._check("TRAILER", bytes(signed), value.strip())
            else:
                self.trailers[name.strip().lower()] = value.strip()
                signed += line + b"\n"

    def _check(self, kind: str, data: bytes, signature: str) -> None:
        wanted = chunk_signature(self._verified, self._previous, kind, data)
        if not hmac.compare_digest(wanted.encode(), signature.encode()):
            raise ServiceError("SignatureDoesNotMatch", "A chunk's signature does not match.", status=403)
        self._previous = wanted

    async def _line(self, at_end: bool = False) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > _LONGEST_LINE:
                raise _malformed("a chunk's head is too long")
            if not await self._more():
                if at_end and not self._buffer:
                    return b""
                raise _incomplete()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    async def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            if not await self._more():
                raise _incomplete()
        data = bytes(memoryview(self._buffer)[:size])
        del self._buffer[:size]
        return data

    async def _more(self) -> bool:
        chunk = await anext(self._raw, b"")
        self._buffer += chunk
        return bool(chunk)


def _malformed(why: str) -> ServiceError:
    return ServiceError("InvalidRequest", f"The aws-chunked body is malformed: {why}.")


def _incomplete() -> ServiceError:
    return ServiceError(
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    )
