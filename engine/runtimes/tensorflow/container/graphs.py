"""SavedModels loaded as TensorFlow Serving loads them: a MetaGraphDef in a Session, called by tensor names.

tf.saved_model.load refuses models that TensorFlow Serving serves, and checks shapes that TensorFlow Serving does not.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import config_pb2

from .faults import HTTP_STATUSES, BadModelFolder, ServingFault

#: The tag of the graph that is for serving, and the name of the signature that answers by default.
SERVE_TAG, DEFAULT_SIGNATURE = "serve", "serving_default"

Arrays = list[Any]


@dataclass(frozen=True, slots=True)
class TensorName:
    """A tensor of the graph, and its type in TensorFlow's words, such as int64."""

    name: str
    dtype: str


@dataclass(frozen=True)
class GraphSignature:
    """A signature: its method, its inputs and outputs by alias, and the session that computes them."""

    name: str
    method: str
    inputs: Mapping[str, TensorName]
    outputs: Mapping[str, TensorName]
    session: Any = field(repr=False)

    def callable_for(self, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Callable[[Arrays], Arrays]:
        """A function of arrays for these aliases; it raises ServingFault."""
        feeds = tuple(self.inputs[alias].name for alias in inputs)
        fetches = tuple(self.outputs[alias].name for alias in outputs)
        with _ONE_AT_A_TIME:
            return _callable(self.session, feeds, fetches)


#: TensorFlow optimises the graph for each callable that is made, a second's work for a small classifier: of the first
#: requests, which come at once, one makes it and the others wait.
_ONE_AT_A_TIME = threading.Lock()


@functools.lru_cache(maxsize=1024)
def _callable(session: Any, feeds: tuple[str, ...], fetches: tuple[str, ...]) -> Callable[[Arrays], Arrays]:
    # Not Session.run or make_callable, which check the shapes that the graph declares.
    run = session._make_callable_from_options(config_pb2.CallableOptions(feed=feeds, fetch=fetches))

    def compute(inputs: Arrays) -> Arrays:
        try:
            return list(run(*inputs))
        except tf.errors.OpError as error:
            raise ServingFault(HTTP_STATUSES.get(error.error_code, 500), error.message) from error

    return compute


def load_version(
    name: str, version: int, folder: Path, inter_op_threads: int, intra_op_threads: int
) -> dict[str, GraphSignature]:
    """The signatures of a version by name. Raises BadModelFolder with TensorFlow's reason."""
    config = config_pb2.ConfigProto(
        inter_op_parallelism_threads=inter_op_threads, intra_op_parallelism_threads=intra_op_threads
    )
    session = tf.compat.v1.Session(graph=tf.Graph(), config=config)
    try:
        with session.graph.as_default():
            meta_graph = _load_quietly(session, folder)
    except Exception as error:
        reason = getattr(error, "message", None) or str(error)
        raise BadModelFolder(
            f"Version {version} of the model {name} cannot be loaded by TensorFlow {tf.__version__}: {reason.strip()}"
        ) from error
    return {
        signature_name: GraphSignature(
            signature_name,
            signature.method_name,
            _tensors(signature.inputs),
            _tensors(signature.outputs),
            session,
        )
        for signature_name, signature in meta_graph.signature_def.items()
    }


def _load_quietly(session: Any, folder: Path) -> Any:
    """Load the graph without TensorFlow's advice to use another function, which cannot load all models."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("ERROR")
    try:
        return tf.compat.v1.saved_model.load(session, [SERVE_TAG], str(folder))
    finally:
        logger.setLevel(level)


#: TensorFlow Serving's words for types whose Python names are others.
_TYPE_NAMES = {"float32": "float", "float64": "double", "float16": "half"}


def _tensors(infos: Mapping[str, Any]) -> dict[str, TensorName]:
    # In a fixed order, which a map has not.
    names = {alias: tf.as_dtype(info.dtype).name for alias, info in infos.items()}
    return {
        alias: TensorName(infos[alias].name, _TYPE_NAMES.get(name, name))
        for alias, name in sorted(names.items())
    }
