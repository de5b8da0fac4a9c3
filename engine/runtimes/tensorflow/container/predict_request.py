"""The JSON of predict requests: rows ("instances") or columns ("inputs")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .faults import ServingFault, invalid
from .json_text import read_json, show_json
from .tensors_from_json import dense_shape, is_bytes, read_tensor

#: The type of each input of a signature, by its name.
InputTypes = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PredictRequest:
    """The tensors of a request by input, and whether the answer is in rows."""

    signature_name: str
    tensors: dict[str, Any]
    in_rows: bool


def read_predict_request(
    body: bytes, input_types_of: Callable[[str], InputTypes], word_for_invalid: str
) -> PredictRequest:
    """Read the body. `input_types_of` has the inputs of a signature. Raises ServingFault.

    `word_for_invalid` is how messages name an error that they quote.
    """
    document = read_json(body)
    signature_name = read_signature_name(document)
    input_types = input_types_of(signature_name)
    if not input_types:
        raise invalid(f"Failed to get input map for signature: {signature_name or 'DEFAULT'}")
    if "instances" in document and "inputs" in document:
        raise _misformatted(
            document, "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist "
        )
    if "instances" in document:
        instances = document["instances"]
        if not isinstance(instances, list):
            raise _misformatted(document, "Excepting 'instances' to be an list/array")
        if not instances:
            raise _misformatted(document, "No values in 'instances' array")
        return PredictRequest(signature_name, _Rows(input_types, word_for_invalid).read(instances), True)
    if "inputs" in document:
        return PredictRequest(signature_name, _read_columns(document["inputs"], input_types), False)
    raise invalid("Missing 'inputs' or 'instances' key")


def read_signature_name(document: dict[str, Any]) -> str:
    """The signature's name; empty for the default. Raises ServingFault."""
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise _misformatted(document, "not formatted correctly. 'signature_name' key must be a string value.")
    return name


def _misformatted(document: dict[str, Any], words: str) -> ServingFault:
    return invalid(f"JSON Value: {show_json(document)} {words}")


class _Rows:
    """Reads "instances": each is a row of all inputs, or of the only one."""

    def __init__(self, input_types: InputTypes, word_for_invalid: str) -> None:
        self._types = input_types
        self._word = word_for_invalid
        self._rows: dict[str, list[Any]] = {}

    def read(self, instances: list[Any]) -> dict[str, Any]:
        """The tensors with one row for each instance."""
        first = instances[0]
        if not isinstance(first, dict) and len(self._types) > 1:
            raise invalid(
                "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
                "tensorinfo_map"
            )
        read_row = self._read_object if _is_object(first) else self._read_plain
        for number, instance in enumerate(instances):
            read_row(number, instance)
        return {name: np.stack(rows) for name, rows in self._rows.items()}

    def _read_object(self, number: int, instance: Any) -> None:
        if not _is_object(instance):
            raise invalid(f"Expecting object but got list at item {number} of input list")
        for name, value in instance.items():
            try:
                self._add(name, value)
            except ServingFault as fault:
                raise self._failed(number, f" key: {name}", fault) from fault
        if instance.keys() != self._types.keys():
            raise invalid(
                f"Failed to process element: {number} of 'instances' list. JSON object: {show_json(instance)} keys "
                f"must be equal to: {','.join(sorted(self._types))}"
            )

    def _read_plain(self, number: int, instance: Any) -> None:
        if _is_object(instance):
            raise invalid(f"Expecting value/list but got object at item {number} of input list")
        try:
            self._add(next(iter(self._types)), instance)
        except ServingFault as fault:
            raise self._failed(number, "", fault) from fault

    def _failed(self, number: int, key: str, fault: ServingFault) -> ServingFault:
        word = self._word if fault.status == 400 else "UNIMPLEMENTED"
        return invalid(
            f"Failed to process element: {number}{key} of 'instances' list. Error: {word}: {fault.message}"
        )

    def _add(self, name: str, value: Any) -> None:
        if name not in self._types:
            raise invalid(f"JSON object: does not have named input: {name}")
        row = read_tensor(value, self._types[name])
        rows = self._rows.setdefault(name, [])
        if rows and row.size != rows[0].size:
            raise invalid(f"Expecting tensor size: {rows[0].size} but got: {row.size}")
        if rows and row.shape != rows[0].shape:
            raise invalid(
                f"Expecting shape {_shape_text(rows[0].shape)} but got: {_shape_text(dense_shape(value))}"
            )
        rows.append(row)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not is_bytes(value)


def _shape_text(shape: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, shape))}]"


def _read_columns(value: Any, input_types: InputTypes) -> dict[str, Any]:
    """The tensors of "inputs": an object with one for each input, or the value of the only one."""
    if _is_object(value):
        for name in input_types:
            if name not in value:
                raise invalid(f"Missing named input: {name} in 'inputs' object.")
        return {name: read_tensor(value[name], dtype) for name, dtype in input_types.items()}
    if len(input_types) > 1:
        raise invalid(
            "inputs is a plain value/list, but expecting an object as multiple input tensors required as per "
            "tensorinfo_map"
        )
    ((name, dtype),) = input_types.items()
    return {name: read_tensor(value, dtype)}
