"""S3's checksums: computing them, and combining those of parts into a multipart object's.

"Checking object integrity" in the S3 user guide lists the algorithms and their checksum types.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from awscrt import checksums as crt

#: The algorithm that S3 uses if the client sends no checksum.
DEFAULT = "CRC64NVME"


class Digest(Protocol):
    """Computes a checksum of bytes in order."""

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

#: Functions that combine the CRCs of two consecutive pieces, given the second piece's size.
_COMBINE: Mapping[str, Callable[[int, int, int], int]] = {
    "CRC32": crt.combine_crc32,
    "CRC32C": crt.combine_crc32c,
    "CRC64NVME": crt.combine_crc64nvme,
}

ALGORITHMS = tuple(_DIGESTS)
FULL_OBJECT, COMPOSITE = "FULL_OBJECT", "COMPOSITE"


def member_name(algorithm: str) -> str:
    """S3's member name of a checksum in requests and answers, such as `ChecksumCRC32`."""
    return f"Checksum{algorithm}"


def algorithm_of(member_name: str) -> str:
    """The algorithm in such a member name."""
    return member_name.removeprefix("Checksum")


def new_digest(algorithm: str) -> Digest:
    """A new digest of one of ALGORITHMS."""
    return _DIGESTS[algorithm]()


def text_of(digest: Digest) -> str:
    """The checksum in Base64, as it is sent."""
    return base64.b64encode(digest.digest()).decode()


def default_type(algorithm: str) -> str:
    """The checksum type of a multipart upload if the client gives none."""
    return FULL_OBJECT if algorithm == "CRC64NVME" else COMPOSITE


def allowed_type(algorithm: str, kind: str) -> bool:
    """Whether S3 allows that checksum type for multipart uploads with that algorithm."""
    if kind == FULL_OBJECT:
        return algorithm in _COMBINE
    return algorithm != "CRC64NVME"


def type_of(checksum: str) -> str:
    """The checksum type; a COMPOSITE checksum ends in the number of its parts."""
    return COMPOSITE if "-" in checksum else FULL_OBJECT


def join_checksums(algorithm: str, kind: str, parts: Sequence[tuple[str, int]]) -> str:
    """The checksum of an object made of `parts`, each given as (checksum, size in bytes)."""
    raw = [(base64.b64decode(text), size) for text, size in parts]
    if kind == FULL_OBJECT:
        first, *later_parts = raw
        value = int.from_bytes(first[0], "big")
        for checksum, size in later_parts:
            value = _COMBINE[algorithm](value, int.from_bytes(checksum, "big"), size)
        return base64.b64encode(value.to_bytes(len(first[0]), "big")).decode()
    digest = new_digest(algorithm)
    digest.update(b"".join(checksum for checksum, _ in raw))
    return f"{text_of(digest)}-{len(parts)}"
