"""Jobs on ONNX models."""

from __future__ import annotations

import pytest

from tests.engine.onnx import models
from tests.engine.transforms import archive, put, transform
from tests.support.engine import EngineProcess

pytestmark = pytest.mark.xdist_group("onnx")


def test_a_job_on_an_onnx_model_predicts_from_csv(serving_engine: EngineProcess) -> None:
    data = put(serving_engine, "models/linear.tar.gz", archive({"homes.onnx": models.linear()}))
    definition = {"Image": "example.com/ml/onnxruntime:1.32", "ModelDataUrl": data}
    job = transform(
        serving_engine,
        {"homes.csv": b"1,0\n10,3\n0,0\n"},
        containers=[definition],
        TransformInput={"ContentType": "text/csv"},
        TransformOutput={"AssembleWith": "Line"},
    ).completed()
    assert job.outputs == {"homes.csv.out": b"1.1\n8.0\n1.0\n"}
    assert "BatchStrategy=MULTI_RECORD" in job.data_log
