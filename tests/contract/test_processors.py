"""The processors of the SageMaker SDK 2 and 3, and the aws CLI: the scripts of processing/, run as a user would."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.cloud import Cloud, Script, unique

#: One worker, so that the scripts are run once.
pytestmark = [pytest.mark.xdist_group("contract-sdk2"), pytest.mark.timeout(1800)]

HERE = Path(__file__).parent
REGISTRY = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
XGBOOST = f"{REGISTRY}/sagemaker-xgboost:1.0-1-cpu-py3"
SKLEARN = f"{REGISTRY}/sagemaker-scikit-learn:1.2-1-cpu-py3"
SCALED = ["-1.224744871391589,-1.224744871391589", "0.0,0.0", "1.224744871391589,1.224744871391589"]


@pytest.fixture(scope="module")
def running(
    cloud: Cloud, sdk2_python: Path, sdk3_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Script]]:
    """Every script, started together: the SDKs spend most of their time between two looks at a job."""
    pythons = {"sdk2": sdk2_python, "sdk3": sdk3_python}
    variants = [
        ("sdk2", "script", XGBOOST),
        ("sdk2", "sklearn", SKLEARN),
        ("sdk2", "framework", SKLEARN),
        ("sdk3", "script", SKLEARN),
        ("sdk3", "framework", SKLEARN),
    ]
    started = {
        f"{sdk} {which}": cloud.run(
            tmp_path_factory.mktemp(which),
            [
                pythons[sdk],
                HERE / sdk / "processing.py",
                f"{cloud.bucket}/{unique('processing')}",
                cloud.role,
                image,
                HERE / "processing",
                which,
            ],
        )
        for sdk, which, image in variants
    }
    yield started
    for script in started.values():
        script.end()


def outputs(script: Script) -> list[str]:
    lines = script.lines()
    assert "status Completed" in lines, lines
    return [line.removeprefix("output ") for line in lines if line.startswith("output ")]


def test_a_preprocessing_script_downloads_its_data_and_runs_on_the_xgboost_image(
    running: dict[str, Script],
) -> None:
    lines = outputs(running["sdk2 script"])
    assert [line.split()[0] for line in lines] == ["abalone-dataset.csv"] * 2
    assert [len(line.split(",")) for line in lines] == [9, 9]
    assert any("2 rows of 9 features from s3://" in line for line in running["sdk2 script"].lines())


def test_the_scikit_learn_processor_shows_the_script_s_log(running: dict[str, Script]) -> None:
    assert outputs(running["sdk2 sklearn"]) == [f"scaled.csv {line}" for line in SCALED]
    assert any("scaled with scikit-learn 1.2.1" in line for line in running["sdk2 sklearn"].lines())


@pytest.mark.parametrize("sdk", ["sdk2", "sdk3"])
def test_a_folder_is_run_with_the_packages_of_its_requirements(running: dict[str, Script], sdk: str) -> None:
    assert outputs(running[f"{sdk} framework"]) == ["summary.txt rows  3"]


def test_the_sdk_3_runs_a_script(running: dict[str, Script]) -> None:
    assert outputs(running["sdk3 script"]) == [f"scaled.csv {line}" for line in SCALED]


def test_the_aws_cli_creates_lists_and_describes_a_job(cloud: Cloud, tmp_path: Path) -> None:
    name = unique("cli")
    s3 = cloud.client("s3")
    s3.upload_file(str(HERE / "processing" / "scale.py"), cloud.bucket, f"{name}/code/scale.py")
    s3.put_object(Bucket=cloud.bucket, Key=f"{name}/rows/rows.csv", Body=b"1,2\n3,4\n5,6\n")
    code = (
        f"S3Uri=s3://{cloud.bucket}/{name}/code/,LocalPath=/opt/ml/processing/input/code,S3DataType=S3Prefix"
    )
    rows = f"S3Uri=s3://{cloud.bucket}/{name}/rows/,LocalPath=/opt/ml/processing/rows,S3DataType=S3Prefix"
    target = f"S3Uri=s3://{cloud.bucket}/{name}/out,LocalPath=/opt/ml/processing/scaled,S3UploadMode=EndOfJob"

    def aws(*words: str) -> dict[str, object]:
        script = cloud.run(tmp_path, ["aws", "sagemaker", *words])
        answer: dict[str, object] = json.loads("\n".join(script.lines()) or "{}")
        return answer

    created = aws(
        "create-processing-job",
        *("--processing-job-name", name, "--role-arn", cloud.role),
        *(
            "--processing-resources",
            "ClusterConfig={InstanceCount=1,InstanceType=ml.m5.large,VolumeSizeInGB=10}",
        ),
        *(
            "--app-specification",
            f"ImageUri={SKLEARN},ContainerEntrypoint=[python3,/opt/ml/processing/input/code/scale.py]",
        ),
        "--processing-inputs",
        f"InputName=code,S3Input={{{code},S3InputMode=File}}",
        f"InputName=rows,S3Input={{{rows},S3InputMode=File}}",
        *("--processing-output-config", f"Outputs=[{{OutputName=scaled,S3Output={{{target}}}}}]"),
    )
    assert str(created["ProcessingJobArn"]).endswith(f":processing-job/{name}")
    wait_until_final(cloud, name)
    described = aws("describe-processing-job", "--processing-job-name", name)
    assert described["ProcessingJobStatus"] == "Completed", described
    listed = aws("list-processing-jobs", "--name-contains", name)
    assert len(listed["ProcessingJobSummaries"]) == 1  # type: ignore[arg-type]
    body = s3.get_object(Bucket=cloud.bucket, Key=f"{name}/out/scaled.csv")["Body"].read().decode()
    assert body.splitlines() == SCALED


def wait_until_final(cloud: Cloud, name: str) -> None:
    """Wait for the end of a job, as a shell script with `aws sagemaker wait` would."""
    waiter = cloud.client("sagemaker").get_waiter("processing_job_completed_or_stopped")
    waiter.wait(ProcessingJobName=name, WaiterConfig={"Delay": cloud.poll, "MaxAttempts": 600})
