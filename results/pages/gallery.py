"""The Results tab of a job on pictures: all of them with their answers, a page at a time."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from jobs.models import TransformJob
from results.reading.gallery import LIMIT, gallery


def gallery_context(job: TransformJob, first: int, find: str) -> dict[str, Any]:
    """The template's values: the tiles from `first` on whose names contain `find`. Raises Unavailable."""
    page = gallery(job, first=first, text=find)

    def link(number: int) -> str:
        values = {"from": number if number > 1 else "", "find": find}
        return "?" + urlencode({name: value for name, value in values.items() if value})

    return {
        "gallery": page,
        "tiles": [(tile, "?" + urlencode({"file": tile.key})) for tile in page.tiles],
        "links": {
            "next": link(page.next) if page.next else "",
            "previous": link(page.previous) if page.previous else "",
            "last": link(page.total - (page.total - 1) % LIMIT) if page.total > LIMIT else "",
        },
        "limit": LIMIT,
        "seen": (first, find, page.tiles),
    }
