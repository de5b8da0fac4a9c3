"""The files of a job whose inputs are pictures, each with the beginning of its answer, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass

from aws import Rejected, Target, objects
from jobs.lifecycle.follow.counting import written_since
from jobs.models import PlannedObject, TransformJob
from jobs.services.calling import calls_for_person
from results.reading.alignment import alignment_of
from results.reading.briefs import brief_of
from results.reading.cells import Cell
from results.reading.files import matching
from results.reading.pictures import LARGEST, has_picture_name
from transform import keys
from transform.dataprocessing import media_type

#: Tiles of a page.
LIMIT = 24
#: The content type of pictures for SageMaker's own image classifiers.
_PICTURES = "application/x-image"
#: Bytes read of each output. A classifier's thousand probabilities take 13 to 25 KB.
_READ = 64 * 1024


@dataclass(frozen=True, slots=True)
class Tile:
    """An input and its answer. `number` counts from 1 in key order, `brief` is empty without an output.

    `trouble` says why there is no answer; it is empty while the job runs. `is_shown`: the input is not too large.
    """

    number: int
    key: str
    brief: tuple[Cell, ...] = ()
    trouble: str = ""
    is_shown: bool = True


@dataclass(frozen=True, slots=True)
class Gallery:
    """A page of tiles. `total` are the files whose name matches, `first` counts from 1."""

    tiles: tuple[Tile, ...]
    first: int
    total: int

    @property
    def next(self) -> int:
        """The first tile of the next page; 0 on the last page."""
        following = self.first + LIMIT
        return following if following <= self.total else 0

    @property
    def previous(self) -> int:
        """The first tile of the page before; 0 on the first page."""
        return max(1, self.first - LIMIT) if self.first > 1 else 0

    @property
    def last(self) -> int:
        """The number of the last tile."""
        return self.first + len(self.tiles) - 1


def is_of_pictures(job: TransformJob) -> bool:
    """Whether each input is one picture, by the request's content type or by the name of the first input."""
    if alignment_of(job.spec).kind != "whole":
        return False
    first = job.planned.order_by("position").first()
    if first is None:
        return False
    content_type = media_type(job.spec.get("content_type"))
    return has_picture_name(first.key) or content_type.startswith("image/") or content_type == _PICTURES


def gallery(job: TransformJob, *, first: int = 1, text: str = "") -> Gallery:
    """The tiles from `first` on of the files whose key contains the text. Raises Unavailable."""
    rows = matching(job, text)
    page = list(rows[first - 1 : first - 1 + LIMIT])
    with calls_for_person(job.connection) as target:
        tiles = tuple(_tile(job, target, row) for row in page)
    return Gallery(tiles, first, rows.count())


def _tile(job: TransformJob, target: Target, row: PlannedObject) -> Tile:
    is_shown = row.size is None or row.size <= LARGEST
    try:
        brief, trouble = _answer(job, target, row)
    except Rejected as error:
        brief, trouble = (), f"The output cannot be read: {error.sentence}"
    return Tile(row.position + 1, row.key, brief, trouble, is_shown)


def _answer(job: TransformJob, target: Target, row: PlannedObject) -> tuple[tuple[Cell, ...], str]:
    """The answer's first values, and why there are none. Raises a GatewayError."""
    since = written_since(job)
    if not row.done or since is None:
        return (), "" if job.is_active else row.error_text or "No output"
    bucket, _ = keys.parse_s3_uri(job.output_path)
    part = objects.part(target, bucket, row.output_key, 0, _READ)
    if part is None or part.modified < since:
        return (), "The output is no longer there"
    if not part.size:
        return (), "The output is empty"
    content_type = job.spec.get("accept") or job.spec.get("content_type")
    return brief_of(part.body, content_type, row.output_key), ""
