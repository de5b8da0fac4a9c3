"""The model server for ONNX models: runs rows through the graph and answers its outputs.

SageMaker has no such image, so the contract is the engine's own; docs/engine.md describes it. Runs in its own
environment, without the engine's modules.
"""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
import functools
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import onnxruntime
from graph import Graph, UnfitGraph
from model_server import Reply, model_dir, serve
from rows import BadRows
from writing import TYPES, answer_type, written

#: Megabytes of a request that is offered to the engine.
_PAYLOAD_MB = 6
_Refusals = (BadRows, onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument)


def find_model(folder: Path) -> Path:
    """The model file at the archive's top: model.onnx, or the only one. Raises SystemExit."""
    files = sorted(folder.glob("*.onnx"))
    model = folder / "model.onnx"
    if model in files:
        return model
    if len(files) != 1:
        names = ", ".join(file.name for file in files) or "none"
        raise SystemExit(
            f"The model archive must have model.onnx, or one .onnx file, at its top; it has {names}"
        )
    return files[0]


def execution_parameters() -> bytes:
    """The execution parameters: one concurrent request per processor, with as many records as fit."""
    offered = {
        "MaxConcurrentTransforms": os.cpu_count() or 1,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": _PAYLOAD_MB,
    }
    return json.dumps(offered).encode()


def answer(graph: Graph, body: bytes, content_type: str, accept: str) -> Reply:
    """Answer one payload: 415 and 406 for types that are not known, 400 for rows that do not fit the model."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in TYPES:
        return Reply(415, f"ContentType {content_type or '(none)'} is none of {', '.join(TYPES)}".encode())
    answer_kind = answer_type(accept, kind)
    if answer_kind is None:
        return Reply(406, f"Accept {accept} is none of {', '.join(TYPES)}".encode())
    try:
        columns = graph.run(body, kind)
    except _Refusals as error:
        return Reply(400, str(error).encode())
    except UnfitGraph as error:
        return Reply(500, str(error).encode())
    return Reply(200, written(columns, answer_kind), answer_kind)


def main() -> None:
    """Load the model and serve it. Raises SystemExit with the reason if it cannot run."""
    path = find_model(model_dir())
    try:
        graph = Graph(path, os.environ.get("ONNX_OUTPUTS", ""))
    except UnfitGraph as error:
        raise SystemExit(f"{path.name} cannot be served: {error}") from error
    except Exception as error:
        words = " ".join(str(error).split())
        raise SystemExit(
            f"{path.name} cannot be loaded by ONNX Runtime {onnxruntime.__version__}: {words}"
        ) from error
    sys.stdout.write(f"{path.name} loaded: {graph}\n")

    async def invoke(body: bytes, headers: Mapping[str, str]) -> Reply:
        types = headers.get("content-type", ""), headers.get("accept", "")
        return await asyncio.to_thread(functools.partial(answer, graph, body, *types))

    serve(invoke, execution_parameters())


if __name__ == "__main__":
    main()
