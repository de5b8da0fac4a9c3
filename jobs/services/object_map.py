"""All input objects of a job as tiles in the order of the plan, drawn by one SVG path for each state."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from jobs.models import TransformJob
from jobs.services.files import FileState

#: Tiles of a row, up to these numbers of tiles; from the second on, tiles of one state have no gaps between them.
_COLUMNS = ((600, 60), (2400, 120), (10_000, 200))
#: The size of a tile with its gap, and of the gap.
_STEP, _GAP = 10, 2
#: Tiles that are links to their files.
_LINKED = 200
_ORDER = (FileState.WRITTEN, FileState.FAILED, FileState.MISSING, FileState.WAITING)


@dataclass(frozen=True, slots=True)
class Layer:
    """The tiles of one state: their number, and the outline of all of them."""

    state: FileState
    count: int
    outline: str


@dataclass(frozen=True, slots=True)
class LinkedTile:
    """A tile without an output: its place and its file."""

    x: int
    y: int
    key: str
    says: str


@dataclass(frozen=True, slots=True)
class ObjectMap:
    """The tiles of a job's input objects. `first` and `last` are keys."""

    width: int
    height: int
    layers: tuple[Layer, ...]
    linked: tuple[LinkedTile, ...]
    first: str
    last: str

    @property
    def text(self) -> str:
        """The numbers in words, for those who do not see the tiles."""
        return ", ".join(f"{layer.count:,} {layer.state.label.lower()}" for layer in self.layers)


def object_map(plan: TransformJob, *, active: bool) -> ObjectMap | None:
    """The map of the objects that the attempt has planned; None for fewer than two. `active` as for `files.page`."""
    rows = list(plan.planned.order_by("position").values_list("key", "done", "error"))
    if len(rows) < 2:
        return None
    columns = next((wide for most, wide in _COLUMNS if len(rows) <= most), _COLUMNS[-1][1])
    has_gaps = columns == _COLUMNS[0][1]
    states = [_state(is_done, error, active) for _, is_done, error in rows]
    layers = [
        Layer(state, states.count(state), _outline(states, state, columns, has_gaps)) for state in _ORDER
    ]
    lacking = [
        number for number, state in enumerate(states) if state in (FileState.FAILED, FileState.MISSING)
    ]
    linked = tuple(
        LinkedTile(
            number % columns * _STEP,
            number // columns * _STEP,
            rows[number][0],
            rows[number][2] or FileState.MISSING.label,
        )
        for number in lacking[:_LINKED]
    )
    height = -(-len(rows) // columns) * _STEP
    full_layers = tuple(layer for layer in layers if layer.count)
    return ObjectMap(columns * _STEP, height, full_layers, linked, rows[0][0], rows[-1][0])


def _state(is_done: bool, error: str, active: bool) -> FileState:
    if is_done:
        return FileState.WRITTEN
    if active:
        return FileState.WAITING
    return FileState.FAILED if error else FileState.MISSING


def _outline(states: list[FileState], state: FileState, columns: int, has_gaps: bool) -> str:
    """The outline of the tiles of this state; neighbours in a row are one rectangle where there are no gaps."""
    parts = []
    for start in range(0, len(states), columns):
        y = start // columns * _STEP
        for (is_state, _), group in groupby(
            enumerate(states[start : start + columns]),
            key=lambda tile: (tile[1] == state, tile[0] if has_gaps else 0),
        ):
            if is_state:
                tiles = list(group)
                width = len(tiles) * _STEP - (_GAP if has_gaps else 0)
                parts.append(f"M{tiles[0][0] * _STEP} {y}h{width}v{_STEP - _GAP}h-{width}z")
    return "".join(parts)
