"""From StartPipelineExecution to the creation of the first step's job, and from a job's end to the next one's creation.

./deck bench pipeline_overhead [--runs N] [--json FILE]

Each run is an execution of four transform steps, one after the other, over one small object each.
"""

from __future__ import annotations

import json
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench import _report
from bench._engine import BUCKET
from bench._workload import IMAGE, make_model, rows
from tests.support.engine import EngineProcess

#: Steps of each execution.
_STEPS = 4
_NAME = "bench"


def main() -> None:
    """Run it and print the table."""
    options = _report.parser("pipeline_overhead", __doc__ or "", runs=5).parse_args()
    seconds: dict[str, list[float]] = {"start to first job": [], "job's end to next job": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_model(folder / "training")
        process = EngineProcess(folder / "engine").start()
        try:
            prepare(process, folder / "training" / "model.tar.gz")
            run(process)  # The runtime's environment is in the page cache after that.
            for _ in range(options.runs):
                first, between = run(process)
                seconds["start to first job"].append(first)
                seconds["job's end to next job"] += between
        finally:
            process.stop()
    print(_report.table(seconds))
    print(f"{_report.machine_line()}, load {_report.load()}")
    if options.json:
        _report.write_json(options.json, "pipeline_overhead", {"seconds": seconds})


def prepare(process: EngineProcess, archive: Path) -> None:
    """Create the model, the input and the pipeline."""
    s3, sagemaker = process.client("s3"), process.client("sagemaker")
    s3.create_bucket(Bucket=BUCKET)
    s3.upload_file(str(archive), BUCKET, "model.tar.gz")
    s3.put_object(Bucket=BUCKET, Key="in/rows.csv", Body=b"".join(rows(10)))
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"}
    sagemaker.create_model(ModelName=_NAME, PrimaryContainer=container)
    steps = [_step(number) for number in range(_STEPS)]
    sagemaker.create_pipeline(
        PipelineName=_NAME,
        PipelineDefinition=json.dumps({"Version": "2020-12-01", "Steps": steps}),
        RoleArn="arn:aws:iam::000000000000:role/Bench",
    )


def _step(number: int) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/in/"}
    return {
        "Name": f"Step{number}",
        "Type": "Transform",
        "DependsOn": [f"Step{number - 1}"] if number else [],
        "Arguments": {
            "ModelName": _NAME,
            "TransformInput": {
                "DataSource": {"S3DataSource": source},
                "ContentType": "text/csv",
                "SplitType": "Line",
            },
            "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/out"},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        },
    }


def run(process: EngineProcess) -> tuple[float, list[float]]:
    """The seconds to the first job, and those between two jobs, of one execution."""
    sagemaker = process.client("sagemaker")
    started = time.time()
    arn = sagemaker.start_pipeline_execution(PipelineName=_NAME)["PipelineExecutionArn"]
    while (status := _status(sagemaker, arn)) == "Executing":
        time.sleep(0.2)
    assert status == "Succeeded", status
    entries = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, SortOrder="Ascending")
    jobs = [
        sagemaker.describe_transform_job(
            TransformJobName=step["Metadata"]["TransformJob"]["Arn"].rpartition("/")[2]
        )
        for step in entries["PipelineExecutionSteps"]
    ]
    between = [
        (following["CreationTime"] - job["TransformEndTime"]).total_seconds()
        for job, following in pairwise(jobs)
    ]
    return jobs[0]["CreationTime"].timestamp() - started, between


def _status(sagemaker: Any, arn: str) -> str:
    return str(sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"])


if __name__ == "__main__":
    main()
