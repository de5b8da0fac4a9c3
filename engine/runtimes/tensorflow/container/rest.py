"""TensorFlow Serving's REST interface, as a function."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from .examples import read_examples
from .faults import ServingFault, invalid
from .json_answers import write_classifications, write_columns, write_error, write_regressions, write_rows
from .predict_request import read_predict_request
from .servables import Servables

_METHOD = re.compile(
    r"/v1/models/([^/:]+)(?:/versions/([0-9]+)|/labels/([^/:]+))?:(classify|regress|predict)", re.IGNORECASE
)
_STATUS = re.compile(r"/v1/models/([^/:]+)(?:/versions/([0-9]+))?(/metadata)?", re.IGNORECASE)
_LARGEST_VERSION = 2**63 - 1


@dataclass(frozen=True, slots=True)
class RestAnswer:
    """An HTTP status and a JSON body."""

    status: int
    body: bytes


class RestInterface:
    """Answers requests by HTTP method, path and body."""

    def __init__(self, servables: Servables, word_for_invalid: str) -> None:
        self._servables = servables
        self._word_for_invalid = word_for_invalid

    def answer(self, method: str, path: str, body: bytes) -> RestAnswer:
        """The answer, also to requests that are refused."""
        try:
            if method == "POST" and (match := _METHOD.fullmatch(path)):
                return RestAnswer(200, self._post(match, body))
            if method == "GET" and (match := _STATUS.fullmatch(path)):
                return RestAnswer(200, self._status(match))
            raise invalid(f"Malformed request: {method} {path}")
        except ServingFault as fault:
            return RestAnswer(fault.status, write_error(fault.message))

    def _post(self, match: re.Match[str], body: bytes) -> bytes:
        model, version, label, verb = match.groups()
        if label is not None:
            raise invalid(f"Unrecognized servable version label: {label}")
        number = None if version is None else _version(version)
        if verb.lower() == "predict":
            return self._predict(model, number, body)
        request = read_examples(body)
        if verb.lower() == "regress":
            return write_regressions(
                self._servables.regress(model, number, request.signature_name, request.examples)
            )
        classifications = self._servables.classify(model, number, request.signature_name, request.examples)
        return write_classifications(classifications.labels, classifications.scores)

    def _predict(self, model: str, version: int | None, body: bytes) -> bytes:
        def input_types_of(signature_name: str) -> dict[str, str]:
            return self._servables.input_types(model, version, signature_name)

        request = read_predict_request(body, input_types_of, self._word_for_invalid)
        outputs = self._servables.predict(model, version, request.signature_name, request.tensors)
        return write_rows(outputs) if request.in_rows else write_columns(outputs)

    def _status(self, match: re.Match[str]) -> bytes:
        model, version, metadata = match.groups()
        if metadata:
            raise ServingFault(501, "The metadata of models is not built here; saved_model_cli shows it")
        numbers = self._servables.versions(model)
        if version is not None:
            if _version(version) not in numbers:
                raise ServingFault(404, f"Could not find version {version} of model {model}")
            numbers = [_version(version)]
        fine = {"error_code": "OK", "error_message": ""}
        states = [{"version": str(number), "state": "AVAILABLE", "status": fine} for number in numbers]
        return json.dumps({"model_version_status": states}, indent=1).encode() + b"\n"


def _version(text: str) -> int:
    if int(text) > _LARGEST_VERSION:
        raise invalid(f"Failed to convert version: {text} to numeric.")
    return int(text)
