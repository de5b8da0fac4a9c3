"""Rows a second of the SparkML runtime's interpreter, by the number of rows that go through the pipeline together.

./deck bench sparkml [--runs N] [--json FILE]

The pipeline has six operators over two texts and eight numbers: two indexers, an encoder, an assembler, a scaler and a
linear regression. A server answers one row a request, as the image does; that is the case of 1 row.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench import _report
from engine.runtimes.sparkml.container.mleap.columns import Numbers, Table, Texts
from engine.runtimes.sparkml.container.mleap.pipeline import Pipeline, load_pipeline

_LABELS = [f"label-{number}" for number in range(10)]
_NUMBERS = [f"number-{number}" for number in range(8)]
#: Ten values of each encoded text, and the numbers.
_WIDTH = 2 * 9 + len(_NUMBERS)


def main() -> None:
    """Run it and print the table."""
    options = _report.parser("sparkml", __doc__ or "", runs=9).parse_args()
    with tempfile.TemporaryDirectory() as name:
        pipeline = load_pipeline(_write_bundle(Path(name)))
    rates = {rows: [_rate(pipeline, rows) for _ in range(options.runs)] for rows in (1, 100, 20_000)}
    lines = [
        [f"{rows:,}", *(f"{value:,.0f}" for value in (min(rate), median(rate), max(rate)))]
        for rows, rate in rates.items()
    ]
    print(_report.columns(["rows at once", "min rows/s", "median", "max"], lines))
    print(f"{_report.machine_line()}; load average {_report.load()}")
    if options.json:
        figures = {str(rows): rate for rows, rate in rates.items()}
        _report.write_json(options.json, "sparkml", {"rows_per_second": figures})


def _rate(pipeline: Pipeline, rows: int) -> float:
    rounds = max(1, 2_000 // rows)
    tables = [_table(rows) for _ in range(rounds)]
    start = time.perf_counter()
    for table in tables:
        pipeline.run(table)
    return rounds * rows / (time.perf_counter() - start)


def _table(rows: int) -> Table:
    generator = np.random.default_rng(rows)
    labels = [_LABELS[index] for index in generator.integers(0, len(_LABELS), rows)]
    numbers = {name: Numbers(generator.normal(size=rows)) for name in _NUMBERS}
    return Table({"first": Texts(labels), "second": Texts(labels[::-1]), **numbers}, rows)


def _write_bundle(folder: Path) -> Path:
    """A bundle in JSON, unpacked."""
    vector = {
        "double": [0.5] * _WIDTH,
        "shape": {"dimensions": [{"size": _WIDTH, "name": ""}]},
        "type": "tensor",
    }
    labels = {"string": _LABELS, "type": "list"}
    encoder = {"category_sizes": {"int": [10, 10], "type": "list"}, "drop_last": {"boolean": True}}
    ports = [f"input{number}" for number in range(2 + len(_NUMBERS))]
    columns = ["first-vector", "second-vector", *_NUMBERS]
    steps: list[tuple[str, dict[str, Any], dict[str, str], dict[str, str]]] = [
        ("string_indexer", {"labels": labels}, {"input": "first"}, {"output": "first-index"}),
        ("string_indexer", {"labels": labels}, {"input": "second"}, {"output": "second-index"}),
        (
            "one_hot_encoder",
            encoder,
            {"input0": "first-index", "input1": "second-index"},
            {"output0": "first-vector", "output1": "second-vector"},
        ),
        ("vector_assembler", {}, dict(zip(ports, columns, strict=True)), {"output": "assembled"}),
        ("standard_scaler", {"std": vector, "mean": vector}, {"input": "assembled"}, {"output": "scaled"}),
        (
            "linear_regression",
            {"coefficients": vector, "intercept": {"double": 1.5}},
            {"features": "scaled"},
            {"prediction": "prediction"},
        ),
    ]
    names = [f"step{number}" for number in range(len(steps))]
    (folder / "bundle.json").write_text(json.dumps({"format": "json"}))
    root = folder / "root"
    root.mkdir()
    nodes = {"nodes": {"string": names, "type": "list"}}
    (root / "model.json").write_text(json.dumps({"op": "pipeline", "attributes": nodes}))
    for name, (operator, attributes, inputs, outputs) in zip(names, steps, strict=True):
        path = root / f"{name}.node"
        path.mkdir()
        (path / "model.json").write_text(json.dumps({"op": operator, "attributes": attributes}))
        shape = {"inputs": _sockets(inputs), "outputs": _sockets(outputs)}
        (path / "node.json").write_text(json.dumps({"name": name, "shape": shape}))
    return folder


def _sockets(columns: dict[str, str]) -> list[dict[str, str]]:
    return [{"port": port, "name": column} for port, column in columns.items()]


if __name__ == "__main__":
    main()
