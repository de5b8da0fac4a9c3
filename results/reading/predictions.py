"""Which columns of an output line are the model's, and which of an input line the model never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from results.reading.cells import Cell
from transform.dataprocessing import media_type
from transform.json_records import INFERENCE_ID, INFERENCE_TIME, OUTPUT
from transform.jsonpath import BadPath, JsonPath, Names, NotInRecord, parse

#: Lengths of a model's answer that are tried to find which of its columns a filter keeps.
_ANSWERS = range(1, 65)


def predicted(
    spec: Mapping[str, Any], input_cells: Sequence[Cell], output_cells: Sequence[Cell]
) -> frozenset[int] | None:
    """Positions of the output's cells that the model wrote; None if that cannot be known.

    Without a join these are all cells. A joined line of CSV has the input's columns, then the model's; the
    OutputFilter is applied to their positions. Joined JSON has them under SageMakerOutput.
    """
    capture = spec.get("data_capture_config") or {}
    names = {cell.name for cell in output_cells}
    if any(names):
        places = {n for n, cell in enumerate(output_cells) if cell.name not in (INFERENCE_ID, INFERENCE_TIME)}
        return frozenset(places) if not _is_joined(spec) else _of_json(spec, output_cells, places)
    count = len(output_cells) - (2 if capture.get("generate_inference_id") else 0)
    if not _is_joined(spec):
        return frozenset(range(count))
    if media_type(spec.get("accept") or spec.get("content_type")) != "text/csv":
        return frozenset(range(count)) if _takes_only_output(spec) else None
    return _of_csv(spec.get("output_filter") or "$", len(input_cells), count)


def unseen(spec: Mapping[str, Any], input_cells: Sequence[Cell]) -> frozenset[int]:
    """Positions of the input's cells that the InputFilter kept from the model."""
    path = _path(spec.get("input_filter") or "$")
    if path is None or not path.steps:
        return frozenset()
    if any(cell.name for cell in input_cells):
        step = path.steps[0]
        sent_names = set(step.names) if isinstance(step, Names) else {cell.name for cell in input_cells}
        return frozenset(n for n, cell in enumerate(input_cells) if cell.name not in sent_names)
    picked = _picked(path, len(input_cells))
    return frozenset(range(len(input_cells))) - frozenset(picked) if picked is not None else frozenset()


def _is_joined(spec: Mapping[str, Any]) -> bool:
    return spec.get("join_source") == "Input"


def _takes_only_output(spec: Mapping[str, Any]) -> bool:
    path = _path(spec.get("output_filter") or "$")
    return bool(path and path.steps and path.steps[0] == Names((OUTPUT,)))


def _of_json(
    spec: Mapping[str, Any], output_cells: Sequence[Cell], places: set[int]
) -> frozenset[int] | None:
    if _takes_only_output(spec):
        return frozenset(places)
    return frozenset(n for n, cell in enumerate(output_cells) if cell.name == OUTPUT) or None


@lru_cache(maxsize=256)
def _of_csv(output_filter: str, input_count: int, count: int) -> frozenset[int] | None:
    path = _path(output_filter)
    if path is None:
        return None
    if not path.steps:
        return frozenset(range(input_count, count)) if count > input_count else None
    answers = set()
    for length in _ANSWERS:
        picked = _picked(path, input_count + length)
        if picked is not None and len(picked) == count:
            answers.add(frozenset(n for n, column in enumerate(picked) if column >= input_count))
    # Answers of several lengths may fit; the positions are known only if all give the same.
    return answers.pop() if len(answers) == 1 else None


def _picked(path: JsonPath, count: int) -> list[int] | None:
    """The positions that the path selects of `count` columns; None if it selects none."""
    try:
        positions = path.select([*range(count)])
    except NotInRecord:
        return None
    return positions if isinstance(positions, list) else [positions]


@lru_cache(maxsize=256)
def _path(text: str) -> JsonPath | None:
    try:
        return parse(text)
    except BadPath:
        return None
