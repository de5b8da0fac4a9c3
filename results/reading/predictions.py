"""Which columns of an output line are the model's, and which of an input line the model never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from results.reading.cells import Cell
from transform.dataprocessing import media_type
from transform.json_records import INFERENCE_ID, INFERENCE_TIME, OUTPUT
from transform.jsonpath import BadPath, JsonPath, Names, NotInRecord, parse

#: Lengths of an answer that are tried to tell which columns a filter kept of it.
_ANSWERS = range(1, 65)


def predicted(
    spec: Mapping[str, Any], given: Sequence[Cell], answer: Sequence[Cell]
) -> frozenset[int] | None:
    """Positions of the output's cells that the model wrote; None where that cannot be told.

    Without a join all are. A joined line of CSV has the input's columns, then the model's; what an OutputFilter
    leaves of them is worked out with numbers in their place. Joined JSON names them SageMakerOutput.
    """
    capture = spec.get("data_capture_config") or {}
    names = {cell.name for cell in answer}
    if any(names):
        own = {n for n, cell in enumerate(answer) if cell.name not in (INFERENCE_ID, INFERENCE_TIME)}
        return frozenset(own) if not _is_joined(spec) else _of_json(spec, answer, own)
    count = len(answer) - (2 if capture.get("generate_inference_id") else 0)
    if not _is_joined(spec):
        return frozenset(range(count))
    if media_type(spec.get("accept") or spec.get("content_type")) != "text/csv":
        return frozenset(range(count)) if _takes_only_output(spec) else None
    return _of_csv(spec.get("output_filter") or "$", len(given), count)


def unseen(spec: Mapping[str, Any], given: Sequence[Cell]) -> frozenset[int]:
    """Positions of the input's cells that the InputFilter kept from the model."""
    path = _path(spec.get("input_filter") or "$")
    if path is None or not path.steps:
        return frozenset()
    if any(cell.name for cell in given):
        step = path.steps[0]
        kept = set(step.names) if isinstance(step, Names) else {cell.name for cell in given}
        return frozenset(n for n, cell in enumerate(given) if cell.name not in kept)
    picked = _picked(path, len(given))
    return frozenset(range(len(given))) - frozenset(picked) if picked is not None else frozenset()


def _is_joined(spec: Mapping[str, Any]) -> bool:
    return spec.get("join_source") == "Input"


def _takes_only_output(spec: Mapping[str, Any]) -> bool:
    path = _path(spec.get("output_filter") or "$")
    return bool(path and path.steps and path.steps[0] == Names((OUTPUT,)))


def _of_json(spec: Mapping[str, Any], answer: Sequence[Cell], own: set[int]) -> frozenset[int] | None:
    if _takes_only_output(spec):
        return frozenset(own)
    return frozenset(n for n, cell in enumerate(answer) if cell.name == OUTPUT) or None


@lru_cache(maxsize=256)
def _of_csv(output_filter: str, given: int, count: int) -> frozenset[int] | None:
    path = _path(output_filter)
    if path is None:
        return None
    if not path.steps:
        return frozenset(range(given, count)) if count > given else None
    found = set()
    for length in _ANSWERS:
        picked = _picked(path, given + length)
        if picked is not None and len(picked) == count:
            found.add(frozenset(n for n, column in enumerate(picked) if column >= given))
    # One that fits answers of several lengths tells nothing unless all say the same.
    return found.pop() if len(found) == 1 else None


def _picked(path: JsonPath, count: int) -> list[int] | None:
    """The positions that the path takes out of so many columns; None if it finds none."""
    try:
        found = path.select([*range(count)])
    except NotInRecord:
        return None
    return found if isinstance(found, list) else [found]


@lru_cache(maxsize=256)
def _path(text: str) -> JsonPath | None:
    try:
        return parse(text)
    except BadPath:
        return None
