"""Pictures: told by their own first bytes, never by what somebody says they are."""

from __future__ import annotations

#: Larger ones are for the download.
LARGEST = 10 * 1024 * 1024
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
)


def picture_type(head: bytes) -> str:
    """The content type of a picture that browsers draw without running anything of it; empty for all else.

    SVG is none: it can hold scripts.
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    found = next((name for magic, name in _MAGIC if head.startswith(magic)), "")
    # Two letters begin many a text.
    return "" if found == "image/bmp" and head[6:10] != bytes(4) else found
