"""Python tracebacks in the output of a program: the line that names the exception."""

from __future__ import annotations

from collections.abc import Sequence

#: The heading of a traceback.
_HEADING = "Traceback (most recent call last):"
#: Lines after an exception that may be the rest of its message, or what an interpreter says at its end.
_AFTER = 10


def last_exception(texts: Sequence[str]) -> int | None:
    """The position of the line that names the exception of the last whole traceback; None if there is none."""
    position, inside = None, False
    for at, text in enumerate(texts):
        if text.startswith(_HEADING):
            inside = True
        elif inside and text.strip() and text[0] not in " \t":
            position, inside = at, False
    return position


def without_frames(texts: Sequence[str]) -> list[int]:
    """The positions of the lines that are not the heading or a frame of a traceback."""
    positions, inside = [], False
    for at, text in enumerate(texts):
        inside = text.startswith(_HEADING) or (inside and (not text.strip() or text[0] in " \t"))
        if not inside:
            positions.append(at)
    return positions


def last_words(texts: Sequence[str]) -> str:
    """The line that says why a program ended: its last exception, or else its last line that is not blank."""
    spoken = [text for text in texts if text.strip()]
    position = last_exception(spoken)
    # An earlier traceback was only logged.
    is_last = position is not None and len(spoken) - position <= _AFTER
    return spoken[position if position is not None and is_last else -1].strip() if spoken else ""
