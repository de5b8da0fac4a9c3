"""Names that people give to new objects, folders and buckets: what is refused, and in which form the rest is stored."""

from __future__ import annotations

import re
import unicodedata

from transform.unseen import has_unseen, is_unseen

#: Bytes of a key in UTF-8 (S3 user guide, "Naming Amazon S3 objects").
LONGEST_KEY = 1024
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


def clean_key(text: str) -> str:
    """The key of a new object, with its letters in Unicode's composed form (NFC). Raises ValueError with a sentence.

    One file has one key then, whichever form the system that it comes from uses.
    """
    key = unicodedata.normalize("NFC", text)
    if not key:
        raise ValueError("The name is empty.")
    if has_unseen(key):
        raise ValueError(f"{_printable(key)} has a character that cannot be seen; rename it.")
    if len(key.encode()) > LONGEST_KEY:
        raise ValueError(
            f"{_printable(key)} has {len(key.encode()):,} bytes with its folders; S3 takes {LONGEST_KEY:,}."
        )
    for part in key.removesuffix("/").split("/"):
        _check_part(part, key)
    return key


def _check_part(part: str, key: str) -> None:
    """Raises ValueError for a part between slashes that programs would take for another place or name."""
    if not part:
        raise ValueError(
            f"{_printable(key)} has an empty folder name: a slash at its beginning, or two together."
        )
    if part in (".", ".."):
        raise ValueError(
            f"{_printable(key)} has the folder name “{part}”, which leads elsewhere; leave it out."
        )
    if part != part.strip():
        raise ValueError(f"{_printable(key)} has a blank at the beginning or end of a name; rename it.")


def check_bucket(name: str) -> None:
    """Raises ValueError with a sentence unless a new bucket may have this name."""
    if not _BUCKET.fullmatch(name) or name.startswith("xn--") or name.endswith(("-s3alias", "--ol-s3")):
        raise ValueError(
            "A bucket's name has 3 to 63 lowercase letters, digits and hyphens, no hyphen at its ends."
        )


def _printable(key: str) -> str:
    """The name for a sentence, cut, with unseen characters as escapes."""
    text = key if len(key) <= 80 else f"{key[:40]}…{key[-30:]}"
    return "".join(f"\\u{ord(letter):04x}" if is_unseen(letter) else letter for letter in text)
