"""The weights of EfficientNet-Lite0 as its graph takes them, and the graph with its weights as a SavedModel.

The graph in `pictures/graph.pb` is a MetaGraphDef without the nodes of the weights: make_pictures.py writes it. A
SavedModel is made of both without TensorFlow, which a first start need not install then.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samples.torch_file import read_tensors

#: What is added to each variance, as the model was trained.
_EPSILON = 1e-3
#: What each convolution's batch normalisation is called, by the name of the convolution without its underscore.
_NORMALISATIONS = {
    "conv_stem": "bn0",
    "conv_head": "bn1",
    "expand_conv": "bn0",
    "depthwise_conv": "bn1",
    "project_conv": "bn2",
}
#: DT_FLOAT of tensorflow/core/framework/types.proto.
_FLOAT = 1

Weights = dict[str, npt.NDArray[np.float32]]


def read_weights(path: Path) -> Weights:
    """Kernels and biases by the names of their layers, with the batch normalisation folded into both.

    A kernel is (height, width, inputs, outputs), a depthwise one (height, width, channels, 1), the last layer's
    (inputs, outputs). ValueError if the file is something else.
    """
    tensors = read_tensors(path)
    weights: Weights = {}
    for name, tensor in tensors.items():
        if not name.endswith(".weight") or tensor.ndim < 2:
            continue
        layer = name.removesuffix(".weight")
        if tensor.ndim == 2:
            kernel, bias = tensor.T, tensors[f"{layer}.bias"]
        else:
            scale, bias = _normalisation(layer, tensors)
            kernel = tensor.transpose(2, 3, 1, 0) * scale
            kernel = kernel.swapaxes(2, 3) if layer.endswith("_depthwise_conv") else kernel
        weights[f"{layer}.kernel"] = np.ascontiguousarray(kernel, np.float32)
        weights[f"{layer}.bias"] = np.ascontiguousarray(bias, np.float32)
    return weights


def saved_model(meta_graph: bytes, weights: Weights) -> bytes:
    """A SavedModel, serialised, of that MetaGraphDef with a constant for each of the weights.

    A message that occurs twice in protobuf's wire format is read as one with the fields of both, so the nodes are
    added behind.
    """
    nodes = b"".join(_field(1, _constant(constant_name(name), value)) for name, value in weights.items())
    graph = meta_graph + _field(2, nodes)
    return _number(1, 1) + _field(2, graph)


def constant_name(name: str) -> str:
    """The node of a weight."""
    return f"weights/{name}"


def _normalisation(
    layer: str, tensors: Mapping[str, npt.NDArray[Any]]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """The factor and the summand of each output of a convolution, such as `_blocks.0._depthwise_conv`."""
    block, dot, convolution = layer.rpartition(".")
    norm = f"{block}{dot}_{_NORMALISATIONS[convolution.removeprefix('_')]}"
    scale = tensors[f"{norm}.weight"] / np.sqrt(tensors[f"{norm}.running_var"] + _EPSILON)
    return scale, tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * scale


def _constant(name: str, value: npt.NDArray[np.float32]) -> bytes:
    """A NodeDef with the operator Const."""
    shape = b"".join(_field(2, _number(1, size)) for size in value.shape)
    tensor = _number(1, _FLOAT) + _field(2, shape) + _field(4, value.astype("<f4").tobytes())
    attributes = {"dtype": _number(6, _FLOAT), "value": _field(8, tensor)}
    entries = [_field(5, _field(1, key.encode()) + _field(2, body)) for key, body in attributes.items()]
    return _field(1, name.encode()) + _field(2, b"Const") + b"".join(entries)


def _field(number: int, body: bytes) -> bytes:
    """A field of protobuf's wire format with bytes, text or a message."""
    return _varint(number << 3 | 2) + _varint(len(body)) + body


def _number(number: int, value: int) -> bytes:
    """A field of protobuf's wire format with a whole number from 0 on."""
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    groups = []
    while True:
        value, group = value >> 7, value & 127
        groups.append(group | (128 if value else 0))
        if not value:
            return bytes(groups)
