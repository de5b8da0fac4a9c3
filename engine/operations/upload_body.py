"""An upload on its way in: its bytes, and the checksums that its client promised."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from engine.errors import ServiceError

#: S3's member name of each checksum, by the last part of its header. Those without a function here (crc32c,
#: crc64nvme and the newer ones) are kept and given back, but not computed: Python has no fast one for them.
_HEADER = "x-amz-checksum-"
_MEMBERS = {
    "crc32": "ChecksumCRC32",
    "crc32c": "ChecksumCRC32C",
    "crc64nvme": "ChecksumCRC64NVME",
    "sha1": "ChecksumSHA1",
    "sha256": "ChecksumSHA256",
}


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


_DIGESTS: dict[str, Callable[[], _Digest]] = {
    "crc32": _Crc32,
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
}


@dataclass(slots=True)
class UploadBody:
    """A request's body, transfer coding undone. `trailers` fills while `stream` is read.

    `length` is what the client said it would send, None if it did not; `sha256` what its signature covers.
    """

    stream: AsyncIterator[bytes]
    headers: Mapping[str, str]
    length: int | None = None
    sha256: str | None = None
    trailers: Mapping[str, str] = field(default_factory=dict)

    async def read(self, limit: int) -> bytes:
        """All of it, checked. Raises EntityTooLarge past `limit` bytes, BadDigest."""
        data = bytearray()

        def write(chunk: bytes) -> None:
            if len(data) + len(chunk) > limit:
                raise ServiceError("EntityTooLarge", f"This request may have {limit} bytes at most.")
            data.extend(chunk)

        await self.copy(write)
        return bytes(data)

    async def copy(self, write: Callable[[bytes], None]) -> dict[str, str]:
        """Give every chunk to `write`, then check what was promised; returns S3's checksum members.

        Raises BadDigest, XAmzContentSHA256Mismatch or IncompleteBody: the caller must not publish then.
        """
        digests = self._digests()
        size = 0
        async for chunk in self.stream:
            size += len(chunk)
            for digest in digests.values():
                digest.update(chunk)
            write(chunk)
        if self.length is not None and size != self.length:
            raise ServiceError(
                "IncompleteBody", f"The body has {size} bytes; its headers said {self.length}."
            )
        self._check_md5(digests)
        self._check_sha256(digests)
        return self._checksums(digests)

    def _digests(self) -> dict[str, _Digest]:
        announced = self.headers.get("x-amz-trailer", "")
        wanted = [name for name in _DIGESTS if _HEADER + name in self.headers or _HEADER + name in announced]
        digests = {name: _DIGESTS[name]() for name in wanted}
        if "content-md5" in self.headers:
            digests["md5"] = hashlib.md5(usedforsecurity=False)
        if self.sha256 is not None:
            digests["signed"] = hashlib.sha256()
        return digests

    def _check_md5(self, digests: dict[str, _Digest]) -> None:
        if "md5" not in digests:
            return
        try:
            promised = base64.b64decode(self.headers["content-md5"], validate=True)
        except (binascii.Error, ValueError):
            promised = b""
        if len(promised) != 16:
            raise ServiceError("InvalidDigest", "The Content-MD5 you specified is not valid.")
        if promised != digests["md5"].digest():
            raise ServiceError("BadDigest", "The Content-MD5 you specified did not match what we received.")

    def _check_sha256(self, digests: dict[str, _Digest]) -> None:
        if self.sha256 is not None and digests["signed"].digest().hex() != self.sha256:
            raise ServiceError(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            )

    def _checksums(self, digests: dict[str, _Digest]) -> dict[str, str]:
        given = {**self.headers, **self.trailers}
        checksums = {}
        for name, member in _MEMBERS.items():
            promised = given.get(_HEADER + name)
            if promised is None:
                continue
            if name in digests and base64.b64encode(digests[name].digest()).decode() != promised:
                raise ServiceError(
                    "BadDigest", f"The {name.upper()} you specified did not match what we received."
                )
            checksums[member] = promised
        return checksums
