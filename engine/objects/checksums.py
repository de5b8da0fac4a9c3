"""The checksums S3 knows: computing them, and what a multipart object's is, made of its parts'.

"Checking object integrity" in the S3 user guide has the algorithms and which may stand for a whole object.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from awscrt import checksums as crt

#: What S3 computes when a client promises nothing.
DEFAULT = "CRC64NVME"


class Digest(Protocol):
    """Takes bytes in order; `digest` says what they came to."""

    def update(self, data: bytes, /) -> None:
        """Add bytes."""

    def digest(self) -> bytes:
        """The checksum of all bytes so far."""


class _Crc:
    def __init__(self, function: Callable[[bytes, int], int], size: int) -> None:
        self._function = function
        self._size = size
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size, "big")


class _XxHash:
    def __init__(self, xx_hash: crt.XXHash) -> None:
        self._hash = xx_hash

    def update(self, data: bytes) -> None:
        self._hash.update(data)

    def digest(self) -> bytes:
        return bytes(self._hash.finalize())


_DIGESTS: Mapping[str, Callable[[], Digest]] = {
    "CRC32": lambda: _Crc(crt.crc32, 4),
    "CRC32C": lambda: _Crc(crt.crc32c, 4),
    "CRC64NVME": lambda: _Crc(crt.crc64nvme, 8),
    "SHA1": lambda: hashlib.sha1(usedforsecurity=False),
    "SHA256": hashlib.sha256,
    "SHA512": hashlib.sha512,
    "MD5": lambda: hashlib.md5(usedforsecurity=False),
    "XXHASH64": lambda: _XxHash(crt.XXHash.new_xxhash64()),
    "XXHASH3": lambda: _XxHash(crt.XXHash.new_xxhash3_64()),
    "XXHASH128": lambda: _XxHash(crt.XXHash.new_xxhash3_128()),
}

#: CRCs of consecutive pieces can be joined into that of the whole.
_COMBINE: Mapping[str, Callable[[int, int, int], int]] = {
    "CRC32": crt.combine_crc32,
    "CRC32C": crt.combine_crc32c,
    "CRC64NVME": crt.combine_crc64nvme,
}

ALGORITHMS = tuple(_DIGESTS)
FULL_OBJECT, COMPOSITE = "FULL_OBJECT", "COMPOSITE"


def member_name(algorithm: str) -> str:
    """S3's name for such a checksum in requests and answers: `ChecksumCRC32`."""
    return f"Checksum{algorithm}"


def algorithm_of(member_name: str) -> str:
    """The other way."""
    return member_name.removeprefix("Checksum")


def new_digest(algorithm: str) -> Digest:
    """A fresh digest of one of ALGORITHMS."""
    return _DIGESTS[algorithm]()


def text_of(digest: Digest) -> str:
    """A checksum as it travels, in Base64."""
    return base64.b64encode(digest.digest()).decode()


def default_type(algorithm: str) -> str:
    """What a multipart checksum is unless its client says otherwise."""
    return FULL_OBJECT if algorithm == "CRC64NVME" else COMPOSITE


def allowed_type(algorithm: str, kind: str) -> bool:
    """Whether S3 can make a multipart checksum of that kind with that algorithm."""
    if kind == FULL_OBJECT:
        return algorithm in _COMBINE
    return algorithm != "CRC64NVME"


def type_of(checksum: str) -> str:
    """COMPOSITE for a checksum of checksums, which ends in how many there were."""
    return COMPOSITE if "-" in checksum else FULL_OBJECT


def join_checksums(algorithm: str, kind: str, parts: Sequence[tuple[str, int]]) -> str:
    """The checksum of an object made of `parts`, each its own checksum and its size in bytes."""
    raw = [(base64.b64decode(text), size) for text, size in parts]
    if kind == FULL_OBJECT:
        first, *rest = raw
        value = int.from_bytes(first[0], "big")
        for checksum, size in rest:
            value = _COMBINE[algorithm](value, int.from_bytes(checksum, "big"), size)
        return base64.b64encode(value.to_bytes(len(first[0]), "big")).decode()
    digest = new_digest(algorithm)
    digest.update(b"".join(checksum for checksum, _ in raw))
    return f"{text_of(digest)}-{len(parts)}"
