"""The model server for SageMaker's XGBoost image in algorithm mode: CSV, libsvm or RecordIO in, predictions out.

Accepts, answers and words its errors as the image does in batch transform. Runs in its own environment, without the
engine's modules; the port is SAGEMAKER_BIND_TO_PORT, the model's folder SAGEMAKER_MODEL_DIR. The program's argument is
the image's tag.
"""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import xgboost
from formats import UnreadablePayload, read_csv, read_libsvm, write_lines
from image_version import ImageVersion, read_image_version
from model_server import Reply, model_dir, serve
from models import load_models
from predicting import Ensemble, PredictionBatcher
from recordio import BadRecord, read_records
from selecting import BadSelection, Selection

#: What the image calls each content type.
CSV, LIBSVM, RECORDIO = "csv", "libsvm", "recordio-protobuf"
PARQUET = ("parquet", "application/x-parquet")
CONTENT_TYPES = {
    CSV: CSV,
    LIBSVM: LIBSVM,
    RECORDIO: RECORDIO,
    "text/csv": CSV,
    "text/libsvm": LIBSVM,
    "text/x-libsvm": LIBSVM,
    "application/x-recordio-protobuf": RECORDIO,
}
ACCEPTED = ["application/json", "application/jsonlines", "application/x-recordio-protobuf", "text/csv"]
#: The image's words for the content types that it knows.
ACCEPTED_CONTENT_TYPES = (
    "csv, libsvm, parquet, recordio-protobuf, text/csv, text/libsvm, text/x-libsvm, application/x-parquet, "
    "application/x-recordio-protobuf"
)
MEBIBYTE = 1024 * 1024
MAX_CONTENT_LENGTH = min(int(os.environ.get("MAX_CONTENT_LENGTH", 6 * MEBIBYTE)), 20 * MEBIBYTE)


# A number too large for float32 becomes infinite, and is refused as such.
np.seterr(over="ignore")


class Refused(Exception):
    """The request is refused with an HTTP status and a text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@lru_cache(maxsize=16)
def read_content_type(header: str) -> str:
    """The image's word for a content type. Raises Refused."""
    name, *parameters = (part.strip() for part in header.lower().split(";"))
    if name in PARQUET:
        raise Refused(415, f"Content-type {header} is not supported.")
    if name not in CONTENT_TYPES:
        raise Refused(415, f"{header} is not an accepted ContentType: {ACCEPTED_CONTENT_TYPES}.")
    pairs = [parameter.partition("=")[::2] for parameter in parameters]
    sizes = [value.strip().strip('"') for key, value in pairs if key.strip() == "label_size"]
    if CONTENT_TYPES[name] == CSV and sizes and sizes[-1] != "1":
        raise Refused(
            415,
            f"{header} is not an accepted csv ContentType. Optional parameter label_size must be equal to 1",
        )
    return CONTENT_TYPES[name]


class BoosterServer:
    """Answers invocations."""

    def __init__(self, ensemble: Ensemble, image: ImageVersion) -> None:
        self._ensemble = ensemble
        self._image = image
        self._batcher = PredictionBatcher(ensemble, self._predict)
        self._batch = "SAGEMAKER_BATCH" in os.environ
        self._default_accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "text/csv")
        keys = os.environ.get("SAGEMAKER_INFERENCE_OUTPUT")
        self._selection = (
            None if keys is None else Selection(keys, ensemble.objective, ensemble.classes, batch=self._batch)
        )

    async def invoke(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Answer one payload with predictions; an empty payload with 204."""
        if not body:
            return Reply(204)
        try:
            rows = self._fitted(*self._parse(body, headers.get("content-type")))
            # Dense rows of several requests can be combined, sparse ones cannot be added to them.
            dense = isinstance(rows, np.ndarray)
            predictions = await self._batcher.predict(rows) if dense else self._predict(rows)
            return self._answer(predictions, headers.get("accept", ""))
        except Refused as refused:
            return Reply(refused.status, refused.text.encode())

    def _answer(self, predictions: Any, header: str) -> Reply:
        if self._selection is not None:
            accept = self._accept(header)
            try:
                return Reply(200, self._selection.write(predictions, accept), accept)
            except BadSelection as error:
                raise Refused(500, str(error)) from error
        # In batch transform the image writes lines, regardless of Accept.
        accept = "text/csv" if self._batch else self._accept(header)
        if accept not in ("application/json", "application/jsonlines"):
            accept = "text/csv"
        return Reply(200, self._write(predictions, accept), accept)

    def _accept(self, header: str) -> str:
        accept = header.partition(";")[0].strip()
        if accept in ("", "*/*"):
            return self._default_accept
        if accept.lower() not in ACCEPTED:
            raise Refused(
                406, f"Accept type {accept} is not supported. Please use supported accept types: {ACCEPTED}."
            )
        return accept.lower()

    def _parse(self, payload: bytes, header: str | None) -> tuple[Any, str]:
        """The payload's rows, and the image's word for its content type."""
        # Without a type the image reads libsvm.
        kind = LIBSVM if header is None else read_content_type(header)
        try:
            if kind == CSV:
                rows = read_csv(payload)
            elif kind == LIBSVM:
                rows = read_libsvm(payload, shifts=self._image.shifts_libsvm)
            else:
                rows = read_records(payload)
            return self._without_infinity(rows), kind
        except UnreadablePayload as error:
            kind_of_error, reason = error.kind, str(error)
        except BadRecord as error:
            kind_of_error, reason = "ValueError", str(error)
        between = " " if kind == RECORDIO else "\n "
        text = (
            f"Loading {kind} data failed with Exception, please ensure data is in {kind} format:{between}"
            f"<class '{kind_of_error}'>{between}{reason}"
        )
        if header is None:
            text += (
                "\nThe request has no ContentType, and the XGBoost image then reads libsvm: set ContentType, for "
                "instance text/csv."
            )
        raise Refused(415, text)

    def _without_infinity(self, rows: Any) -> Any:
        """The rows. Raises UnreadablePayload for an infinite value, or one too large for float32."""
        values = rows if isinstance(rows, np.ndarray) else rows.data
        if self._image.takes_infinity or not np.isinf(values).any():
            return rows
        place = ""
        if isinstance(rows, np.ndarray):
            row, column = np.argwhere(np.isinf(rows))[0]
            place = f" (row {row + 1} of the payload, column {column + 1})"
        raise UnreadablePayload(
            f"Check failed: valid: {self._image.infinity_words}{place}", "xgboost.core.XGBoostError"
        )

    def _fitted(self, rows: Any, kind: str) -> Any:
        """The rows, with no more columns than the model has. Raises Refused for another number of columns.

        Cells of libsvm that are not named are missing values; the image takes absent columns of a saved model's CSV
        for missing ones too, which is nearly always a mistake.
        """
        columns, features = rows.shape[1], self._ensemble.features
        if columns == features or (columns < features and kind == LIBSVM):
            return rows
        if kind != LIBSVM:
            comparison = f"{columns} is not consistent with feature size of trained model {features}."
        elif self._image.ignores_surplus_columns:
            return rows[:, :features]
        else:
            comparison = f"{columns} is larger than feature size of trained model {features}."
        raise Refused(
            400, f"Unable to evaluate payload provided: Feature size of {kind} inference data {comparison}"
        )

    def _predict(self, rows: Any) -> Any:
        try:
            return self._ensemble.predict(rows)
        except (ValueError, xgboost.core.XGBoostError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise Refused(400, f"Unable to evaluate payload provided: {reason}") from error

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
        "MaxPayloadInMB": MAX_CONTENT_LENGTH // MEBIBYTE,
    }
    return json.dumps(offered).encode()


def main() -> None:
    """Load the model and serve it. Raises SystemExit if a script (SAGEMAKER_PROGRAM) is requested."""
    if program := os.environ.get("SAGEMAKER_PROGRAM"):
        raise SystemExit(
            f"SAGEMAKER_PROGRAM is {program}, but a script of one's own is not run here: this is XGBoost in "
            "algorithm mode. Make the model without entry_point, or run the job on an AWS connection."
        )
    image = read_image_version(sys.argv[1] if len(sys.argv) > 1 else "")
    # The image compares with "true": any other value turns the ensemble off.
    ensemble = os.environ.get("SAGEMAKER_INFERENCE_ENSEMBLE", "true") == "true"
    models = load_models(model_dir(), image, ensemble=ensemble and image.serves_ensembles)
    sys.stdout.write(f"XGBoost {xgboost.__version__}: {len(models)} model(s) loaded\n")
    serve(BoosterServer(Ensemble(models), image).invoke, execution_parameters())


if __name__ == "__main__":
    main()
