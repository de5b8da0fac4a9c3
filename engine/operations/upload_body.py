"""The body of an upload and its checksums."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

from engine.errors import ServiceError
from engine.objects import checksums
from engine.objects.checksums import Digest

_HEADER = "x-amz-checksum-"


@dataclass(slots=True)
class UploadBody:
    """A request's body without its transfer coding. `trailers` is filled while `stream` is read.

    `length` is the announced number of bytes, or None; `sha256` is the digest that was signed, or None.
    """

    stream: AsyncIterator[bytes]
    headers: Mapping[str, str]
    length: int | None = None
    sha256: str | None = None
    trailers: Mapping[str, str] = field(default_factory=dict)

    async def read(self, limit: int) -> bytes:
        """Read and check the whole body. Raises EntityTooLarge beyond `limit` bytes, and what `copy` raises."""
        data = bytearray()

        def write(chunk: bytes) -> None:
            if len(data) + len(chunk) > limit:
                raise ServiceError("EntityTooLarge", f"This request may have {limit} bytes at most.")
            data.extend(chunk)

        await self.copy(write)
        return bytes(data)

    async def copy(self, write: Callable[[bytes], None], algorithm: str = "") -> dict[str, str]:
        """Pass every chunk to `write`, then check length and checksums.

        Returns S3's checksum members: those that the client sent, and that of `algorithm` if it is not empty.
        Raises BadDigest, XAmzContentSHA256Mismatch or IncompleteBody; the caller must not publish the data then.
        """
        digests = self._digests(algorithm)
        signed_digest = hashlib.sha256() if self.sha256 is not None else None
        md5 = self._promised_md5()
        if md5 is not None:
            digests.setdefault("MD5", checksums.new_digest("MD5"))
        all_digests = [*digests.values(), *([signed_digest] if signed_digest else [])]
        size = 0
        async for chunk in self.stream:
            size += len(chunk)
            for digest in all_digests:
                digest.update(chunk)
            write(chunk)
        self._check_size(size)
        if md5 is not None and md5 != digests["MD5"].digest():
            raise ServiceError(
                "BadDigest",
                "The Content-MD5 you specified did not match what we received.",
                extra={
                    "ExpectedDigest": base64.b64encode(md5).decode(),
                    "CalculatedDigest": checksums.text_of(digests["MD5"]),
                },
            )
        if signed_digest is not None and signed_digest.hexdigest() != self.sha256:
            raise ServiceError(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            )
        return self._checked(digests, algorithm)

    def announced(self) -> list[str]:
        """The algorithms of the checksums that the client sends, as headers or trailers.

        Raises InvalidRequest for more than one.
        """
        trailer = [name.strip().lower() for name in self.headers.get("x-amz-trailer", "").split(",")]
        names = [name for name in checksums.ALGORITHMS if self._carries(_HEADER + name.lower(), trailer)]
        if len(names) > 1:
            raise ServiceError(
                "InvalidRequest",
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
            )
        return names

    def _carries(self, header: str, trailer: list[str]) -> bool:
        return header in self.headers or header in trailer

    def _digests(self, algorithm: str) -> dict[str, Digest]:
        algorithms = [*self.announced(), *([algorithm] if algorithm else [])]
        return {name: checksums.new_digest(name) for name in algorithms}

    def _check_size(self, size: int) -> None:
        if self.length is not None and size != self.length:
            raise ServiceError(
                "IncompleteBody", f"The body has {size} bytes; its headers said {self.length}."
            )

    def _promised_md5(self) -> bytes | None:
        text = self.headers.get("content-md5")
        if text is None:
            return None
        try:
            promised = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            promised = b""
        if len(promised) != 16:
            message = "The Content-MD5 you specified was invalid."
            raise ServiceError("InvalidDigest", message, extra={"Content-MD5": text})
        return promised

    def _checked(self, digests: Mapping[str, Digest], algorithm: str) -> dict[str, str]:
        header_fields = {**self.headers, **self.trailers}
        for name in self.announced():
            promised = header_fields.get(_HEADER + name.lower())
            computed = checksums.text_of(digests[name])
            if promised is None:
                raise ServiceError("MalformedTrailerError", "The announced checksum did not follow the body.")
            if len(promised) != len(computed):
                raise ServiceError("InvalidRequest", f"Value for {_HEADER}{name.lower()} header is invalid.")
            if promised != computed:
                raise ServiceError("BadDigest", f"The {name} you specified did not match what we received.")
        named = {*self.announced(), *([algorithm] if algorithm else [])}
        return {checksums.member_name(name): checksums.text_of(digests[name]) for name in named}
