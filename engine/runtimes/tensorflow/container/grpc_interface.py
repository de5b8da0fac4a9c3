"""TensorFlow Serving's gRPC interface: Predict, Classify and Regress."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from .faults import ServingFault, invalid
from .graphs import DEFAULT_SIGNATURE
from .servables import Servables

#: gRPC's codes by HTTP status.
_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    404: grpc.StatusCode.NOT_FOUND,
    501: grpc.StatusCode.UNIMPLEMENTED,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}
#: Messages as large as gRPC can have.
OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def start_grpc(servables: Servables, port: int, threads: int) -> Any:
    """Start the server on this machine's `port`; returns it, since it ends when nobody holds it."""
    server = grpc.server(ThreadPoolExecutor(threads), options=[*OPTIONS, ("grpc.so_reuseport", 0)])
    service = _PredictionService(servables)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(service, server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server


class _PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):  # type: ignore[misc]
    def __init__(self, servables: Servables) -> None:
        self._servables = servables

    def Predict(self, request: Any, context: Any) -> Any:
        return _answered(context, lambda: self._predict(request))

    def Classify(self, request: Any, context: Any) -> Any:
        return _answered(context, lambda: self._classify(request))

    def Regress(self, request: Any, context: Any) -> Any:
        return _answered(context, lambda: self._regress(request))

    def _predict(self, request: Any) -> Any:
        response = predict_pb2.PredictResponse()
        model, version = self._model(request, response)
        tensors = {alias: tf.make_ndarray(tensor) for alias, tensor in request.inputs.items()}
        signature_name = request.model_spec.signature_name
        outputs = self._servables.predict(model, version, signature_name, tensors, request.output_filter)
        for alias, values in outputs.items():
            response.outputs[alias].CopyFrom(tf.make_tensor_proto(values))
        return response

    def _classify(self, request: Any) -> Any:
        response = classification_pb2.ClassificationResponse()
        model, version = self._model(request, response)
        classifications = self._servables.classify(
            model, version, request.model_spec.signature_name, _examples(request.input)
        )
        for labels, scores in zip(classifications.labels, classifications.scores.tolist(), strict=True):
            classes = response.result.classifications.add().classes
            for label, score in zip(labels, scores, strict=True):
                classes.add(label=label, score=score)
        return response

    def _regress(self, request: Any) -> Any:
        response = regression_pb2.RegressionResponse()
        model, version = self._model(request, response)
        values = self._servables.regress(
            model, version, request.model_spec.signature_name, _examples(request.input)
        )
        for value in values.tolist():
            response.result.regressions.add(value=value)
        return response

    def _model(self, request: Any, response: Any) -> tuple[str, int]:
        """The request's model and version, which are also said in the response."""
        spec = request.model_spec
        version = spec.version.value if spec.HasField("version") else self._servables.newest(spec.name)
        response.model_spec.name = spec.name
        response.model_spec.version.value = version
        response.model_spec.signature_name = spec.signature_name or DEFAULT_SIGNATURE
        return spec.name, version


def _answered(context: Any, respond: Callable[[], Any]) -> Any:
    try:
        return respond()
    except ServingFault as fault:
        context.abort(_CODES.get(fault.status, grpc.StatusCode.INTERNAL), fault.message)


def _examples(message: Any) -> list[bytes]:
    if message.HasField("example_list_with_context"):
        context = message.example_list_with_context.context.SerializeToString()
        examples = message.example_list_with_context.examples
    else:
        context, examples = b"", message.example_list.examples
    if not examples:
        raise invalid("Input is empty.")
    return [context + example.SerializeToString() for example in examples]
