"""Pictures, recognised by their first bytes and never by a content type or name."""

from __future__ import annotations

#: Bytes of the largest picture that is shown.
LARGEST = 10 * 1024 * 1024
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
)
#: Endings of the names of such pictures.
_NAMES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp")


def has_picture_name(key: str) -> bool:
    """Whether a key ends like the name of a picture; its bytes say whether it is one."""
    return key.lower().endswith(_NAMES)


def picture_type(head: bytes) -> str:
    """The content type of a picture that browsers show without running code in it; empty for anything else.

    SVG is left out, since it can hold scripts.
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    content_type = next((name for magic, name in _MAGIC if head.startswith(magic)), "")
    # The two letters of BMP begin many texts too.
    return "" if content_type == "image/bmp" and head[6:10] != bytes(4) else content_type
