"""What all parts of the API share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from batchdeck.transport import Query, Transport


class Part:
    """A part of the API. Methods raise ApiError and Unreachable."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def _rows(self, path: str, query: Query | None = None) -> Iterator[Any]:
        """The rows of all pages of a list, one page after the other."""
        for page in self._transport.pages(path, query):
            yield from page["results"]


def word(text: object) -> str:
    """An id or slug as one part of an address."""
    return quote(str(text), safe="")
