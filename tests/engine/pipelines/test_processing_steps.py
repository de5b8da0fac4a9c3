"""Processing steps: their outputs and property files reach later steps; failures, stops and kills."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.pipelines.definitions import (
    Execution,
    condition,
    create_pipeline,
    definition,
    fail,
    get,
    join,
    model_step,
    run,
    start,
    step,
    transform_step,
)
from tests.engine.processing.runs import BUCKET, IMAGES, objects_below, request
from tests.engine.resources import unique
from tests.engine.transforms import MODEL_SERVERS, Transform
from tests.support.engine import EngineProcess
from tests.support.polling import until

#: Writes a row for each argument, and a report about them.
SCRIPT = """
import json, pathlib, sys
rows = sys.argv[1:]
pathlib.Path("/opt/ml/processing/out/rows.csv").write_text("".join(f"{row}\\n" for row in rows))
report = {"rows": {"count": len(rows)}}
pathlib.Path("/opt/ml/processing/report/report.json").write_text(json.dumps(report))
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine with the tests' own model servers and with an image for scripts."""
    runtimes = tmp_path_factory.mktemp("runtimes")
    for folder in (MODEL_SERVERS, IMAGES):
        shutil.copytree(folder, runtimes, dirs_exist_ok=True)
    data_dir = tmp_path_factory.mktemp("engine")
    process = EngineProcess(data_dir, ENGINE_EXTRA_RUNTIMES=str(runtimes)).start()
    yield process
    process.stop()


def processing_step(
    engine: EngineProcess, script: str, arguments: list[Any] | None = None, **more: Any
) -> Any:
    """A step that runs the script; its outputs are named out and report."""
    name = unique("processing")
    job_request = request(engine, script, name=name)
    del job_request["ProcessingJobName"]
    job_request["AppSpecification"]["ContainerArguments"] = arguments or ["x"]
    job_request["ProcessingOutputConfig"]["Outputs"] = [
        {
            "OutputName": output,
            "S3Output": {
                "S3Uri": join(f"s3://{BUCKET}/{name}", get("Execution.PipelineExecutionId"), output, on="/"),
                "LocalPath": f"/opt/ml/processing/{output}",
                "S3UploadMode": "EndOfJob",
            },
        }
        for output in ("out", "report")
    ]
    files = [{"PropertyFileName": "Report", "OutputName": "report", "FilePath": "report.json"}]
    return step("Prepare", "Processing", job_request, PropertyFiles=files, **more)


def job_of(engine: EngineProcess, execution: Execution) -> dict[str, Any]:
    name = execution.job("Prepare")
    return dict(engine.client("sagemaker").describe_processing_job(ProcessingJobName=name))


def test_what_a_script_writes_is_compared_and_transformed(engine: EngineProcess) -> None:
    count = {"Std:JsonGet": {"PropertyFile": get("Steps.Prepare.PropertyFiles.Report"), "Path": "rows.count"}}
    data = get("Steps.Prepare.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri")
    enough = {"Type": "GreaterThanOrEqualTo", "LeftValue": count, "RightValue": get("Parameters.Least")}
    text = definition(
        model_step(engine),
        processing_step(engine, SCRIPT, ["a", get("Parameters.Second")]),
        condition(
            "Enough",
            enough,
            then=[transform_step(engine, data=data)],
            otherwise=[fail("TooFew", join("rows: ", count))],
        ),
        parameters=[
            {"Name": "Second", "Type": "String", "DefaultValue": "b"},
            {"Name": "Least", "Type": "Integer", "DefaultValue": 2},
        ],
    )
    name = create_pipeline(engine, text)
    execution = start(engine, name).succeeded()
    assert set(execution.steps()) == {"Model", "Prepare", "Enough", "Transform"}
    job = job_of(engine, execution)
    assert execution.steps()["Prepare"]["Metadata"] == {"ProcessingJob": {"Arn": job["ProcessingJobArn"]}}
    uri = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    assert objects_below(engine, uri.removeprefix(f"s3://{BUCKET}/") + "/") == {"rows.csv": b"a\nb\n"}
    transformed = Transform(engine, execution.job()).describe()
    assert transformed["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] == uri
    few = start(engine, name, {"Least": "3"}).failed()
    assert few.steps()["TooFew"]["FailureReason"] == "rows: 2"


def test_a_script_that_fails_ends_the_run_with_the_jobs_reason(engine: EngineProcess) -> None:
    execution = run(engine, processing_step(engine, "raise SystemExit(3)")).failed()
    job = job_of(engine, execution)
    assert execution.steps()["Prepare"]["FailureReason"] == f"ClientError: {job['FailureReason']}"
    assert "exit code: 3" in job["FailureReason"]


def test_a_stop_ends_the_script(engine: EngineProcess) -> None:
    execution = run(engine, processing_step(engine, "import time; time.sleep(600)"))
    until(lambda: execution.is_running("Prepare"), "the job")
    execution.stop()
    assert execution.ended()["PipelineExecutionStatus"] == "Stopped"
    assert job_of(engine, execution)["ProcessingJobStatus"] == "Stopped"


def test_after_a_kill_the_same_job_goes_on(tmp_path: Path) -> None:
    process = EngineProcess(tmp_path, ENGINE_EXTRA_RUNTIMES=str(IMAGES)).start()
    try:
        slow = f"import time; time.sleep(1)\n{SCRIPT}"
        execution = run(process, processing_step(process, slow))
        until(lambda: execution.is_running("Prepare"), "the job")
        name = execution.job("Prepare")
        process.restart()
        execution.succeeded()
        assert execution.job("Prepare") == name
        jobs = process.client("sagemaker").list_processing_jobs()["ProcessingJobSummaries"]
        assert [job["ProcessingJobName"] for job in jobs] == [name]
    finally:
        process.stop()
