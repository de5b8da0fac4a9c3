"""Characters that make one name look like another, or turn the text around them."""

from __future__ import annotations

import unicodedata

#: Letters of the category Cf that names in some scripts, and emoji, need: the two joiners.
_ALLOWED_FORMATS = frozenset("\u200c\u200d")
#: Control characters, marks that change the direction of text or are not seen, ends of lines, halves of letters.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def is_unseen(letter: str) -> bool:
    """Whether the character is not seen, or changes how others are shown."""
    return letter not in _ALLOWED_FORMATS and unicodedata.category(letter) in _UNSEEN


def has_unseen(text: str) -> bool:
    """Whether the text has such a character."""
    return any(map(is_unseen, text))
