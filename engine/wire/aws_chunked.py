"""The aws-chunked encoding of uploads: chunks with sizes, optional signatures and trailers.

See "Transferring payload in multiple chunks" in the S3 API reference.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import AsyncIterator

from engine.errors import ServiceError
from engine.wire.signatures import VerifiedRequest, chunk_signature

_LONGEST_LINE = 4096
_SIZE = re.compile(rb"[0-9a-fA-F]{1,15}")
_MOST_TRAILERS = 32


class ChunkedBody:
    """Decodes an upload's chunks. `trailers` is complete when all bytes have been read.

    A chunk's signature precedes it and covers the whole chunk. Bytes are passed on as they arrive and the signature
    is checked at the chunk's end, so the reader must not publish anything before the end of the body.
    """

    def __init__(self, raw: AsyncIterator[bytes], verified: VerifiedRequest) -> None:
        self._raw = raw
        self._verified = verified
        self._signed = "AWS4-HMAC" in verified.payload_hash
        self._trailing = verified.payload_hash.endswith("-TRAILER")
        self._previous = verified.signature.signature
        self._buffer = bytearray()
        self.trailers: dict[str, str] = {}

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The decoded bytes. Raises SignatureDoesNotMatch, InvalidRequest, IncompleteBody."""
        while True:
            size, signature = self._chunk_head(await self._line())
            digest = hashlib.sha256()
            async for piece in self._take(size):
                if self._signed:
                    digest.update(piece)
                yield piece
            if self._signed:
                self._check("PAYLOAD", digest.hexdigest(), signature)
            if size == 0:
                break
            if await self._line() != b"":
                raise _malformed("a chunk does not end where its size says")
        await self._read_trailers()

    def _chunk_head(self, line: bytes) -> tuple[int, str]:
        size, _, extension = line.partition(b";")
        if not _SIZE.fullmatch(size):
            raise _malformed("a chunk has no size")
        return int(size, 16), extension.partition(b"chunk-signature=")[2].decode("latin-1")

    async def _read_trailers(self) -> None:
        lines = bytearray()
        signature = ""
        while line := await self._line(at_end=True):
            name, _, value = line.decode("latin-1").partition(":")
            if name == "x-amz-trailer-signature":
                signature = value.strip()
                continue
            self.trailers[name.strip().lower()] = value.strip()
            lines += line + b"\n"
            if len(self.trailers) > _MOST_TRAILERS:
                raise _malformed("it has too many trailers")
        if self._signed and self._trailing:
            self._check("TRAILER", hashlib.sha256(lines).hexdigest(), signature)

    def _check(self, kind: str, sha256: str, signature: str) -> None:
        expected_signature = chunk_signature(self._verified, self._previous, kind, sha256)
        if not hmac.compare_digest(expected_signature.encode(), signature.encode()):
            raise ServiceError("SignatureDoesNotMatch", "A chunk's signature does not match.", status=403)
        self._previous = expected_signature

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

    async def _take(self, size: int) -> AsyncIterator[bytes]:
        while size:
            if not self._buffer and not await self._more():
                raise _incomplete()
            piece = bytes(memoryview(self._buffer)[:size])
            del self._buffer[: len(piece)]
            size -= len(piece)
            yield piece

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
