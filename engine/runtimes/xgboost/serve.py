"""The model server for SageMaker's XGBoost image in algorithm mode: CSV or libsvm in, predictions out.

Accepts, answers and words its errors as the image does in batch transform. Runs in its own environment, without the
engine's modules; the port is SAGEMAKER_BIND_TO_PORT, the model's folder SAGEMAKER_MODEL_DIR.
"""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import xgboost
from formats import UnreadablePayload, read_csv, read_libsvm, write_lines
from model_server import Reply, model_dir, serve
from predicting import Model, PredictionBatcher

LIBSVM_TYPES = ("text/libsvm", "text/x-libsvm")
ACCEPTED = ("application/json", "application/jsonlines", "text/csv", "*/*", "")
MAX_CONTENT_LENGTH = int(os.environ.get("MAX_CONTENT_LENGTH", 6 * 1024 * 1024))


class Refused(Exception):
    """The request is refused with an HTTP status and a text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def load_models(directory: Path) -> list[xgboost.Booster]:
    """Load all files of the folder, sorted by name; several models are an ensemble.

    A file is a pickle or in one of XGBoost's own formats. Raises SystemExit with the reason.
    """
    paths = sorted(path for path in directory.iterdir() if path.is_file() and not path.name.startswith("."))
    if not paths:
        raise SystemExit(f"There is no model in {directory}: put the file xgboost-model at the archive's top")
    return [load_model(path) for path in paths]


def load_model(path: Path) -> xgboost.Booster:
    """Load a model file, first as a pickle, as the image does. Raises SystemExit with the reason."""
    try:
        with path.open("rb") as file:
            model = pickle.load(file)  # noqa: S301 - models are code; that is why they run in a process apart
        booster = model.get_booster() if hasattr(model, "get_booster") else model
    except Exception:
        booster = xgboost.Booster()
        try:
            booster.load_model(str(path))
        except xgboost.core.XGBoostError as error:
            raise SystemExit(f"Model {path.name} cannot be loaded: {str(error).splitlines()[0]}") from error
    if not isinstance(booster, xgboost.Booster):
        raise SystemExit(f"Model {path.name} is a {type(booster).__name__}, not an XGBoost model")
    booster.set_param({"nthread": 1})
    return booster


class BoosterServer:
    """Answers invocations."""

    def __init__(self, models: list[xgboost.Booster]) -> None:
        self._models = [Model(model) for model in models]
        self._features = self._models[0].features
        self._batcher = PredictionBatcher(self._predict)
        self._batch = "SAGEMAKER_BATCH" in os.environ
        self._default_accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "text/csv")

    async def invoke(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Answer one payload with predictions; an empty payload with 204."""
        if not body:
            return Reply(204)
        try:
            # In batch transform the image writes lines, regardless of Accept.
            accept = "text/csv" if self._batch else self._accept(headers.get("accept", ""))
            rows = self._checked(self._parse(body, headers.get("content-type", "text/csv")))
            predictions = await self._batcher.predict(rows)
        except Refused as refused:
            return Reply(refused.status, refused.text.encode())
        return Reply(200, self._write(predictions, accept), accept)

    def _accept(self, header: str) -> str:
        accept = header.partition(";")[0].strip().lower()
        if accept not in ACCEPTED:
            raise Refused(
                406, f"Accept type {accept} is not supported. Please use one of {', '.join(ACCEPTED[:3])}."
            )
        return self._default_accept if accept in ("", "*/*") else accept

    def _parse(self, payload: bytes, content_type: str) -> Any:
        kind = content_type.partition(";")[0].strip().lower()
        try:
            if kind == "text/csv":
                return read_csv(payload)
            if kind in LIBSVM_TYPES:
                return read_libsvm(payload, self._features)
        except UnreadablePayload as error:
            why = (
                f"Loading {kind} data failed with Exception, please ensure data is in {kind} format: {error}"
            )
            raise Refused(415, why) from error
        raise Refused(
            415,
            f"Content type {kind} is not supported here. Please use text/csv or text/libsvm.",
        )

    def _checked(self, rows: Any) -> Any:
        if rows.shape[1] != self._features:
            raise Refused(
                400,
                f"Unable to evaluate payload provided: Feature size of inference data {rows.shape[1]} "
                f"is not consistent with feature size of trained model {self._features}.",
            )
        return rows

    def _predict(self, rows: Any) -> Any:
        try:
            results = [model.predict(rows) for model in self._models]
        except (ValueError, xgboost.core.XGBoostError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise Refused(400, f"Unable to evaluate payload provided: {reason}") from error
        return results[0] if len(results) == 1 else np.mean(results, axis=0)

    def _write(self, predictions: Any, accept: str) -> bytes:
        if self._batch:
            lines: bytes = write_lines(predictions)
            return lines
        rows = predictions.tolist()
        if accept == "application/json":
            return json.dumps({"predictions": [{"score": row} for row in rows]}).encode()
        if accept == "application/jsonlines":
            return "".join(json.dumps({"score": row}) + "\n" for row in rows).encode()
        return ",".join(map(str, rows)).encode()


def execution_parameters() -> bytes:
    """The execution parameters: one concurrent request per processor, with many records each."""
    offered = {
        "MaxConcurrentTransforms": os.cpu_count() or 1,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": MAX_CONTENT_LENGTH // (1024 * 1024),
    }
    return json.dumps(offered).encode()


def main() -> None:
    """Load the model and serve it. Raises SystemExit if a script (SAGEMAKER_PROGRAM) is requested."""
    if program := os.environ.get("SAGEMAKER_PROGRAM"):
        raise SystemExit(
            f"SAGEMAKER_PROGRAM is {program}, but a script of one's own is not run here: this is XGBoost in "
            "algorithm mode. Make the model without entry_point, or run the job on an AWS connection."
        )
    models = load_models(model_dir())
    sys.stdout.write(f"XGBoost {xgboost.__version__}: {len(models)} model(s) loaded\n")
    serve(BoosterServer(models).invoke, execution_parameters())


if __name__ == "__main__":
    main()
