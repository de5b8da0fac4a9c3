"""The sample model on filtered and joined rows: real XGBoost, real predictions, each beside the row it is of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.transforms import put, transform
from tests.support.engine import EngineProcess

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "breast-cancer"
EXPECTED = json.loads((SAMPLE / "expected.json").read_text())


def with_ids(name: str) -> bytes:
    """A part of the sample with a column in front that the model does not know."""
    rows = (SAMPLE / "data" / name).read_bytes().splitlines()
    return b"".join(b"%b#%d,%b\n" % (name.encode(), n, row) for n, row in enumerate(rows))


@pytest.mark.parametrize("strategy", ["MultiRecord", "SingleRecord"])
def test_ids_are_kept_from_the_model_and_come_back_beside_its_predictions(
    engine: EngineProcess, strategy: str
) -> None:
    image = json.loads((SAMPLE / "sample.json").read_text())["containers"][0]["image"]
    data = put(engine, "sample/model.tar.gz", (SAMPLE / "model.tar.gz").read_bytes())
    names = ["part-0.csv", "part-2.csv"]
    job = transform(
        engine,
        {name: with_ids(name) for name in names},
        containers=[{"Image": image, "ModelDataUrl": data}],
        BatchStrategy=strategy,
        TransformInput={"ContentType": "text/csv"},
        TransformOutput={"Accept": "text/csv", "AssembleWith": "Line"},
        DataProcessing={"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
    )
    assert job.ended(240)["TransformJobStatus"] == "Completed", (job.describe(), job.log, job.data_log)
    outputs = job.outputs
    assert sorted(outputs) == [f"{name}.out" for name in names]
    for name in names:
        rows = [line.split(",") for line in outputs[f"{name}.out"].decode().splitlines()]
        expected = EXPECTED[name]
        assert [row[0] for row in rows] == [f"{name}#{n}" for n in range(expected["rows"])]
        assert float(rows[0][1]) == pytest.approx(expected["first"], abs=1e-6)
        assert float(rows[-1][1]) == pytest.approx(expected["last"], abs=1e-6)
