"""The loaded models, and their methods predict, classify and regress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .batching import RequestBatcher
from .faults import ServingFault, invalid
from .graphs import DEFAULT_SIGNATURE, GraphSignature

CLASSIFY_METHOD, REGRESS_METHOD = "tensorflow/serving/classify", "tensorflow/serving/regress"
#: The aliases that the methods classify and regress prescribe.
EXAMPLES, CLASSES, SCORES, REGRESSIONS = "inputs", "classes", "scores", "outputs"

Tensors = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Classifications:
    """Labels and scores of each example; a model that has only one of them leaves the other empty."""

    labels: list[list[bytes]]
    scores: Any


class Servables:
    """All versions of all models."""

    def __init__(
        self,
        models: Mapping[str, Mapping[int, Mapping[str, GraphSignature]]],
        batcher: RequestBatcher | None,
    ) -> None:
        """`models` are the signatures by model, version and name."""
        self._models = models
        self._batcher = batcher

    def versions(self, model: str) -> list[int]:
        """The loaded versions of a model, the newest first. Raises ServingFault (404)."""
        if model not in self._models:
            raise ServingFault(404, f"Could not find any versions of model {model}")
        return sorted(self._models[model], reverse=True)

    def newest(self, model: str) -> int:
        """The version that answers when a request names none. Raises ServingFault (404)."""
        if model not in self._models:
            raise ServingFault(404, f"Servable not found for request: Latest({model})")
        return max(self._models[model])

    def signatures(self, model: str, version: int | None) -> Mapping[str, GraphSignature]:
        """The signatures of a version. Raises ServingFault (404)."""
        number = self.newest(model) if version is None else version
        if number not in self._models.get(model, {}):
            raise ServingFault(404, f"Servable not found for request: Specific({model}, {number})")
        return self._models[model][number]

    def input_types(self, model: str, version: int | None, signature_name: str) -> dict[str, str]:
        """The type of each input of a signature. Raises ServingFault."""
        name = signature_name or DEFAULT_SIGNATURE
        signature = self.signatures(model, version).get(name)
        if signature is None:
            raise invalid(f'Serving signature name: "{name}" not found in signature def')
        return {alias: tensor.dtype for alias, tensor in signature.inputs.items()}

    def predict(
        self,
        model: str,
        version: int | None,
        signature_name: str,
        tensors: Tensors,
        output_filter: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The outputs by alias. Raises ServingFault."""
        name = signature_name or DEFAULT_SIGNATURE
        signature = self.signatures(model, version).get(name)
        if signature is None:
            raise invalid(f'Serving signature key "{name}" not found.')
        _check_inputs(signature, tensors)
        outputs = tuple(output_filter or signature.outputs)
        _check_outputs(signature, outputs)
        return dict(zip(outputs, self._run(signature, tensors, outputs), strict=True))

    def regress(self, model: str, version: int | None, signature_name: str, examples: list[bytes]) -> Any:
        """A float for each example. Raises ServingFault."""
        signature = self._signature_of_method(model, version, signature_name, REGRESS_METHOD, "regression")
        if len(signature.inputs) != 1 or len(signature.outputs) != 1:
            raise invalid(f"Expected one {'input' if len(signature.inputs) != 1 else 'output'} Tensor.")
        if EXAMPLES not in signature.inputs or REGRESSIONS not in signature.outputs:
            side = "inputs" if EXAMPLES not in signature.inputs else "outputs"
            raise invalid(f"No regression {side} found in SignatureDef: {signature.name}")
        (values,) = self._run(signature, {EXAMPLES: _texts(examples)}, (REGRESSIONS,))
        if not (values.ndim == 1 or (values.ndim == 2 and values.shape[1] == 1)):
            raise invalid(
                "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got "
                f"{_shape_text(values)}"
            )
        if len(values) != len(examples):
            raise invalid(
                f"Input batch size did not match output batch size: {len(examples)} vs. {len(values)}"
            )
        if values.dtype != np.float32:
            raise invalid(f"Expected output Tensor of DT_FLOAT.  Got: {_type_name(values)}")
        return values.reshape(-1)

    def classify(
        self, model: str, version: int | None, signature_name: str, examples: list[bytes]
    ) -> Classifications:
        """Labels and scores of each example. Raises ServingFault."""
        signature = self._signature_of_method(
            model, version, signature_name, CLASSIFY_METHOD, "classification"
        )
        if len(signature.inputs) != 1:
            raise invalid("Expected one input Tensor.")
        if EXAMPLES not in signature.inputs:
            raise invalid(f"No classification inputs found in SignatureDef: {signature.name}")
        outputs = tuple(alias for alias in (CLASSES, SCORES) if alias in signature.outputs)
        if not outputs:
            raise invalid(
                'Expected classification signature outputs to contain at least one of "classes" or "scores". '
                f"Signature was: {signature.name}"
            )
        found_arrays = self._run(signature, {EXAMPLES: _texts(examples)}, outputs)
        arrays = dict(zip(outputs, found_arrays, strict=True))
        for alias, values in arrays.items():
            _check_classes(alias, values, len(examples))
        shape = next(iter(arrays.values())).shape
        labels = arrays[CLASSES].tolist() if CLASSES in arrays else [[b""] * shape[1]] * shape[0]
        scores = arrays.get(SCORES, np.zeros(shape, np.float32))
        if scores.shape != shape:
            raise invalid(
                f"Tensors class and score should match in dim_size(1). Got {shape[1]} vs. {scores.shape[1]}"
            )
        return Classifications(labels, scores)

    def _signature_of_method(
        self, model: str, version: int | None, signature_name: str, method: str, title: str
    ) -> GraphSignature:
        name = signature_name or DEFAULT_SIGNATURE
        signature = self.signatures(model, version).get(name)
        if signature is None:
            raise invalid(f"No signature was found with the name: {name}")
        if signature.method != method:
            raise invalid(f"Expected {title} signature method_name to be {method}. Was: {signature.method}")
        return signature

    def _run(self, signature: GraphSignature, tensors: Tensors, outputs: tuple[str, ...]) -> list[Any]:
        aliases = tuple(signature.inputs)
        compute = signature.callable_for(aliases, outputs)
        inputs = [tensors[alias] for alias in aliases]
        if self._batcher is None:
            return compute(inputs)
        # Signatures live as long as this object, so that their ids stay their own.
        return self._batcher.run((id(signature), outputs), inputs, compute)


def _check_inputs(signature: GraphSignature, tensors: Tensors) -> None:
    required, sent = set(signature.inputs), set(tensors)
    if sent == required:
        return
    if len(sent) == len(required):
        surplus = ",".join(sorted(sent - required))
        expected = ",".join(sorted(required))
        raise invalid(
            f"input tensor alias not found in signature: {surplus}. Inputs expected to be in the set {{{expected}}}."
        )
    listed = {
        title: ",".join(sorted(names))
        for title, names in (
            ("sent", sent),
            ("required", required),
            ("extra", sent - required),
            ("missing", required - sent),
        )
    }
    raise invalid(
        f"input size does not match signature: {len(sent)}!={len(required)} len({{{listed['sent']}}}) != "
        f"len({{{listed['required']}}}). Sent extra: {{{listed['extra']}}}. Missing but required: "
        f"{{{listed['missing']}}}."
    )


def _check_outputs(signature: GraphSignature, aliases: tuple[str, ...]) -> None:
    for alias in aliases:
        if alias not in signature.outputs:
            raise invalid(
                f"output tensor alias not found in signature: {alias} Outputs expected to be in the set "
                f"{{{','.join(sorted(signature.outputs))}}}."
            )
        if aliases.count(alias) > 1:
            raise invalid(f"duplicate output tensor alias: {alias}")


def _check_classes(alias: str, values: Any, count: int) -> None:
    if values.ndim != 2:
        raise invalid(f"Expected Tensor shape: [batch_size num_classes] but got {_shape_text(values)}")
    expected, name = (object, "DT_STRING") if alias == CLASSES else (np.float32, "DT_FLOAT")
    if values.dtype != expected:
        raise invalid(f"Expected {alias} Tensor of {name}. Got: {_type_name(values)}")
    if len(values) != count:
        raise invalid(f"Expected {alias} output batch size of {count}. Got: {len(values)}")


def _texts(examples: list[bytes]) -> Any:
    array = np.empty(len(examples), dtype=object)
    array[:] = examples
    return array


def _shape_text(values: Any) -> str:
    return f"[{','.join(map(str, values.shape))}]"


#: TensorFlow's names of types that NumPy calls otherwise.
_TYPE_NAMES = {"float64": "DOUBLE", "object": "STRING", "float32": "FLOAT", "float16": "HALF"}


def _type_name(values: Any) -> str:
    name: str = values.dtype.name
    return f"DT_{_TYPE_NAMES.get(name, name.upper())}"
