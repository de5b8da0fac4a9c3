"""What a data log says about one object: a status, the records of the request, and the model's answer.

    bucket/key: Bad HTTP status received from algorithm: 500
    bucket/key: [engine] record 12, line 13
    bucket/key:
    bucket/key: Message:
    bucket/key: Traceback (most recent call last):

The second line is the embedded engine's; AWS has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transform.record_places import PLACE_PREFIX, RecordPlace, parse_place
from transform.tracebacks import last_exception

#: The line before a model's answer.
HEADING = "Message:"


@dataclass(frozen=True, slots=True)
class ObjectError:
    """The error of one object. `answer` is what the model said, without blank lines and the frames of a traceback."""

    status: tuple[str, ...]
    place: RecordPlace | None
    answer: tuple[str, ...]


def read_error(texts: Sequence[str]) -> ObjectError:
    """Read an object's lines, without its name before them."""
    heading = next((at for at, text in enumerate(texts) if text.strip() == HEADING), len(texts))
    head = [text.strip() for text in texts[:heading] if text.strip()]
    # A model's answer cannot pretend to be the engine: its lines come after the heading.
    places = [parse_place(text.removeprefix(PLACE_PREFIX)) for text in head if text.startswith(PLACE_PREFIX)]
    status = tuple(text for text in head if not text.startswith(PLACE_PREFIX))
    answer = [text for text in texts[heading + 1 :] if text.strip()]
    answer = answer[last_exception(answer) or 0 :]
    return ObjectError(status, next((place for place in places if place), None), tuple(answer))
