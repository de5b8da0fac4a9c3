"""batch-inference-deployment.md: an approved version is carried into another account, deployed there and run."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import random
import shutil
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.contract.cloud import Cloud, Script, engine_cloud
from tests.contract.conftest import sdk3_python as sdk3_python
from tests.engine.serving import computed
from tests.seeds.models import XGBOOST, pack
from tests.support.engine import REGION, EngineProcess
from tests.support.polling import until

#: One worker, so that the accounts are made once.
pytestmark = [pytest.mark.xdist_group("seeds"), pytest.mark.timeout(1800)]

FOLDER = Path(__file__).with_name("batch_inference_deployment")
GROUP = "abalone"
#: Of each stage: its configuration, the SDK that makes its pipeline, and the stack.
STAGES = {
    "preprod": ("cloud_formation/pre-prod-config.json", "sdk2", "abalone-preprod"),
    "prod": ("cloud_formation/prod-config.json", "sdk3", "abalone-prod"),
}
MODULES = {"sdk2": "pipelines.batch_inference.pipeline", "sdk3": "pipelines.batch_inference_sdk3.pipeline"}

#: Trains on prepared rows: seven scaled measures, then a column for each sex.
TRAIN = """
import json
import numpy
import xgboost
chance = numpy.random.default_rng({seed})
rows = numpy.column_stack([chance.normal(size=(300, 7)), numpy.eye(3)[chance.integers(3, size=300)]])
rings = 10 + rows[:, 6] + 2 * rows[:, 7] + chance.normal(0, 0.1, 300)
booster = xgboost.train({{"max_depth": 4, "seed": 1}}, xgboost.DMatrix(rows, label=rings), 20)
booster.save_model("xgboost-model")
print(json.dumps("trained"))
"""

#: Prints XGBoost's predictions of rows.csv.
PREDICT = """
import json
import numpy
import xgboost
booster = xgboost.Booster(model_file="xgboost-model")
rows = numpy.loadtxt("rows.csv", delimiter=",")
print(json.dumps(booster.predict(xgboost.DMatrix(rows)).tolist()))
"""


@dataclass(frozen=True, slots=True)
class Accounts:
    """The two accounts, and the repository of the document in a home whose profiles lead to them.

    `versions` are the folders of the models' files by the version's number.
    """

    dev: Cloud
    target: Cloud
    home: Path
    versions: dict[int, Path]
    rows: list[list[str]]

    def run(self, *command: str | Path, account: Cloud | None = None) -> Script:
        """Start a program in the repository, with the profiles alone or with an account's variables."""
        hidden = () if account else ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL")
        variables = (account or self.target).environment
        cloud = Cloud(
            {key: value for key, value in variables.items() if key not in hidden},
            self.target.bucket,
            self.target.role,
            self.target.image,
            1,
        )
        return cloud.run(self.home, list(command))


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """The account of staging and production."""
    engine = EngineProcess(tmp_path_factory.mktemp("target")).start()
    yield engine
    engine.stop()


@pytest.fixture(scope="module")
def accounts(cloud: Cloud, target: EngineProcess, tmp_path_factory: pytest.TempPathFactory) -> Accounts:
    """Both accounts as the document takes them for granted."""
    accounts = Accounts(
        dev=cloud,
        target=engine_cloud(target),
        home=tmp_path_factory.mktemp("home"),
        versions={},
        rows=abalone_rows(),
    )
    shutil.copytree(FOLDER, accounts.home, dirs_exist_ok=True)
    _write_profiles(accounts)
    cloud.client("sagemaker").create_model_package_group(ModelPackageGroupName=GROUP)
    register(accounts, tmp_path_factory.mktemp("version-1"), "Approved")
    register(accounts, tmp_path_factory.mktemp("version-2"), "PendingManualApproval")
    ssm, s3 = accounts.target.client("ssm"), accounts.target.client("s3")
    for environment in STAGES:
        s3.create_bucket(Bucket=bucket_of(environment))
        s3.put_object(
            Bucket=bucket_of(environment), Key="data/abalone.csv", Body=csv_text(accounts.rows).encode()
        )
        values = {
            "sagemaker_ml_artifacts_s3_bucket": bucket_of(environment),
            "sagemaker_role_arn": accounts.target.role,
        }
        for name, value in values.items():
            ssm.put_parameter(Name=f"/{environment}/{name}", Value=value, Type="String")
    ssm.put_parameter(Name="private-subnets-ids", Value="subnet-1,subnet-2", Type="StringList")
    ssm.put_parameter(Name="sagemaker-domain-sg", Value="sg-1", Type="String")
    return accounts


@pytest.fixture(scope="module")
def deployed(accounts: Accounts, sdk2_python: Path, sdk3_python: Path) -> Accounts:
    """Both stages built and deployed, staging first."""
    pythons = {"sdk2": sdk2_python, "sdk3": sdk3_python}
    for environment, (_, sdk, _) in STAGES.items():
        build(accounts, environment, pythons[sdk])
        assert deploy(accounts, environment)[-1].startswith("Successfully created/updated stack")
    return accounts


def abalone_rows() -> list[list[str]]:
    """Rows like those of the abalone data: the sex, seven measures and the rings. Two measures are missing."""
    chance = random.Random(7)
    rows = [
        [
            chance.choice("MFI"),
            *(f"{chance.uniform(0.05, 1):.3f}" for _ in range(7)),
            str(chance.randint(3, 20)),
        ]
        for _ in range(400)
    ]
    rows[3][1] = rows[40][7] = ""
    return rows


def csv_text(rows: list[list[str]]) -> str:
    """The rows as CSV."""
    return "".join(",".join(row) + "\n" for row in rows)


def prepared_rows(rows: list[list[str]]) -> list[list[float]]:
    """What preprocess.py makes of the rows, computed without its libraries."""
    columns = []
    for number in range(1, 8):
        values = [float(row[number]) for row in rows if row[number]]
        filled = [float(row[number] or statistics.median(values)) for row in rows]
        mean, deviation = statistics.fmean(filled), statistics.pstdev(filled)
        columns.append([(value - mean) / deviation for value in filled])
    sexes = [[float(row[0] == sex) for row in rows] for sex in "FIM"]
    return [list(row) for row in zip(*columns, *sexes, strict=True)]


def bucket_of(environment: str) -> str:
    """The bucket of a stage's artifacts."""
    return f"artifacts-{environment}"


def register(accounts: Accounts, folder: Path, status: str) -> None:
    """Train a model and register it as the next version in the development account."""
    number = len(accounts.versions) + 1
    asyncio.run(computed(XGBOOST, folder, TRAIN.format(seed=number)))
    key = f"models/{number}/model.tar.gz"
    body = pack({"xgboost-model": folder / "xgboost-model"})
    accounts.dev.client("s3").put_object(Bucket=accounts.dev.bucket, Key=key, Body=body)
    accounts.dev.client("sagemaker").create_model_package(
        ModelPackageGroupName=GROUP,
        ModelApprovalStatus=status,
        InferenceSpecification={
            "Containers": [{"Image": XGBOOST, "ModelDataUrl": f"s3://{accounts.dev.bucket}/{key}"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )
    accounts.versions[number] = folder


def build(accounts: Accounts, environment: str, python: Path) -> str:
    """Run build.py for a stage; returns the ARN of the package in the target account."""
    config, sdk, _ = STAGES[environment]
    lines = accounts.run(python, "build.py", environment, config, MODULES[sdk]).lines()
    return next(line.removeprefix("package: ") for line in lines if line.startswith("package: "))


def deploy(accounts: Accounts, environment: str) -> list[str]:
    """Deploy a stage's stack with the aws CLI; returns what it printed."""
    command = (
        f"cloudformation deploy --profile target --region {REGION} --stack-name {STAGES[environment][2]} "
        "--template-file cloud_formation/batch-config-template.yml --no-fail-on-empty-changeset "
        f"--parameter-overrides file://{environment}-parameters.json"
    )
    return [line for line in accounts.run("aws", *command.split()).lines() if line]


def stack_outputs(accounts: Accounts, environment: str) -> dict[str, str]:
    """The outputs of a stage's stack by key."""
    [stack] = accounts.target.client("cloudformation").describe_stacks(StackName=STAGES[environment][2])[
        "Stacks"
    ]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def model_name(accounts: Accounts, environment: str) -> str:
    """The physical name of the stack's model."""
    return stack_outputs(accounts, environment)["ModelName"]


def finished_execution(accounts: Accounts, pipeline: str, seconds: float = 300) -> dict[str, Any]:
    """The newest execution of the pipeline once it has ended, with its steps."""
    sagemaker = accounts.target.client("sagemaker")

    def newest() -> dict[str, Any]:
        summaries = sagemaker.list_pipeline_executions(PipelineName=pipeline)["PipelineExecutionSummaries"]
        if not summaries or summaries[0]["PipelineExecutionStatus"] in ("Executing", "Stopping"):
            return {}
        return dict(summaries[0])

    execution = until(newest, f"an execution of {pipeline}", seconds)
    arn = execution["PipelineExecutionArn"]
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, SortOrder="Ascending")
    return {**execution, "steps": steps["PipelineExecutionSteps"]}


def check_predictions(
    accounts: Accounts, environment: str, stage: str, execution_id: str, version: int
) -> None:
    """The prepared rows are the right ones, and each has the prediction of that version's model behind it."""
    s3, bucket = accounts.target.client("s3"), bucket_of(environment)
    prefix = f"abalone-p-1/{execution_id}/PreprocessAbaloneData/output/inference"
    prepared = s3.get_object(Bucket=bucket, Key=f"{prefix}/inference.csv")["Body"].read().decode()
    numbers = [[float(cell) for cell in row] for row in csv.reader(io.StringIO(prepared))]
    assert numbers == [pytest.approx(row, abs=1e-9) for row in prepared_rows(accounts.rows)]
    folder = accounts.versions[version]
    (folder / "rows.csv").write_text(prepared)
    expected = asyncio.run(computed(XGBOOST, folder, PREDICT))
    output = s3.get_object(Bucket=bucket, Key=f"batch-output-abalone-{stage}/inference.csv.out")
    lines = output["Body"].read().decode().splitlines()
    joined = [line.rpartition(",") for line in lines]
    assert [row for row, _, _ in joined] == prepared.splitlines()
    assert [float(prediction) for _, _, prediction in joined] == pytest.approx(expected, rel=1e-7)


def test_the_latest_approved_version_is_copied_into_the_target_account(deployed: Accounts) -> None:
    sagemaker, s3 = deployed.target.client("sagemaker"), deployed.target.client("s3")
    for environment, stage in (("preprod", "staging"), ("prod", "prod")):
        name = f"abalone-{stage}-v1"
        package = sagemaker.describe_model_package(ModelPackageName=name)
        assert (package["ModelPackageStatus"], package["ModelApprovalStatus"]) == ("Completed", "Approved")
        key = f"abalone-p-1/model-artifacts/{name}/model_0.tar.gz"
        [container] = package["InferenceSpecification"]["Containers"]
        assert container["ModelDataUrl"] == f"s3://{bucket_of(environment)}/{key}"
        copy = s3.get_object(Bucket=bucket_of(environment), Key=key)["Body"].read()
        assert (
            copy
            == deployed.dev.client("s3")
            .get_object(Bucket=deployed.dev.bucket, Key="models/1/model.tar.gz")["Body"]
            .read()
        )
        assert {"Key": "sagemaker:project-name", "Value": "abalone"} in sagemaker.list_tags(
            ResourceArn=package["ModelPackageArn"]
        )["Tags"]


def test_the_stack_makes_a_model_a_pipeline_a_rule_and_a_dashboard(deployed: Accounts) -> None:
    resources = deployed.target.client("cloudformation").list_stack_resources(StackName="abalone-preprod")
    assert {
        item["LogicalResourceId"]: item["ResourceType"] for item in resources["StackResourceSummaries"]
    } == {
        "Model": "AWS::SageMaker::Model",
        "Pipeline": "AWS::SageMaker::Pipeline",
        "Schedule": "AWS::Events::Rule",
        "Dashboard": "AWS::CloudWatch::Dashboard",
    }
    model = deployed.target.client("sagemaker").describe_model(ModelName=model_name(deployed, "preprod"))
    assert model["ExecutionRoleArn"] == deployed.target.role
    assert model["VpcConfig"] == {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]}
    rule = deployed.target.client("events").describe_rule(Name="abalone-p-1-staging-schedule")
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 minute)", "ENABLED")


def test_the_schedule_runs_the_steps_one_after_the_other(deployed: Accounts) -> None:
    execution = finished_execution(deployed, "abalone-p-1-staging")
    deployed.target.client("events").disable_rule(Name="abalone-p-1-staging-schedule")
    assert execution["PipelineExecutionStatus"] == "Succeeded"
    steps = execution["steps"]
    assert [(step["StepName"], step["StepStatus"]) for step in steps] == [
        ("PreprocessAbaloneData", "Succeeded"),
        ("AbaloneTransform", "Succeeded"),
    ]
    assert steps[0]["EndTime"] <= steps[1]["StartTime"]
    job = deployed.target.client("sagemaker").describe_transform_job(
        TransformJobName=steps[1]["Metadata"]["TransformJob"]["Arn"].rpartition("/")[2]
    )
    assert job["ModelName"] == model_name(deployed, "preprod")


def test_the_scheduled_run_predicts_what_xgboost_predicts(deployed: Accounts) -> None:
    arn = finished_execution(deployed, "abalone-p-1-staging")["PipelineExecutionArn"]
    check_predictions(deployed, "preprod", "staging", arn.rpartition("/")[2], version=1)


@pytest.mark.parametrize(("environment", "stage"), [("preprod", "staging"), ("prod", "prod")])
def test_an_sdk_creates_runs_and_lists_the_pipeline(
    deployed: Accounts, environment: str, stage: str, sdk2_python: Path, sdk3_python: Path
) -> None:
    sdk = STAGES[environment][1]
    # A name of its own: the pipeline of the stage belongs to its stack.
    settings = {
        "role": deployed.target.role,
        "bucket": bucket_of(environment),
        "name": "abalone-p-1",
        "project": "abalone",
        "stage": f"{stage}-{sdk}",
        "subnets": ["subnet-1"],
        "security_groups": ["sg-1"],
    }
    lines = deployed.run(
        {"sdk2": sdk2_python, "sdk3": sdk3_python}[sdk],
        *("-m", "pipelines.run_pipeline", "-n", MODULES[sdk], "-role-arn", deployed.target.role),
        *("-kwargs", repr(settings), "-tags", repr([{"Key": "team", "Value": "shellfish"}])),
        *("-parameters", repr({"ModelName": model_name(deployed, environment)})),
        account=deployed.target,
    ).lines()
    assert "status: Succeeded" in lines
    [printed] = [line.removeprefix("steps: ") for line in lines if line.startswith("steps: ")]
    steps = json.loads(printed)
    assert {step["StepName"]: step["StepStatus"] for step in steps} == {
        "PreprocessAbaloneData": "Succeeded",
        "AbaloneTransform": "Succeeded",
    }
    arn = deployed.target.client("sagemaker").list_pipeline_executions(
        PipelineName=f"abalone-p-1-{stage}-{sdk}"
    )
    [execution] = arn["PipelineExecutionSummaries"]
    execution_id = execution["PipelineExecutionArn"].rpartition("/")[2]
    check_predictions(deployed, environment, f"{stage}-{sdk}", execution_id, version=1)


def test_a_second_deployment_without_a_change_changes_nothing(deployed: Accounts) -> None:
    assert deploy(deployed, "prod")[-1].startswith("No changes to deploy")


def test_a_newer_approved_version_replaces_the_model_of_its_stage_alone(
    deployed: Accounts, sdk2_python: Path
) -> None:
    before = {environment: model_name(deployed, environment) for environment in STAGES}
    sagemaker = deployed.dev.client("sagemaker")
    newest = sagemaker.list_model_packages(ModelPackageGroupName=GROUP, SortOrder="Descending")
    sagemaker.update_model_package(
        ModelPackageArn=newest["ModelPackageSummaryList"][0]["ModelPackageArn"],
        ModelApprovalStatus="Approved",
    )
    assert build(deployed, "preprod", sdk2_python).endswith("abalone-staging-v2")
    deploy(deployed, "preprod")
    after = {environment: model_name(deployed, environment) for environment in STAGES}
    assert after["preprod"] != before["preprod"]
    assert after["prod"] == before["prod"]
    events = deployed.target.client("events")
    [rule_target] = events.list_targets_by_rule(Rule="abalone-p-1-staging-schedule")["Targets"]
    parameters = rule_target["SageMakerPipelineParameters"]["PipelineParameterList"]
    assert {"Name": "ModelName", "Value": after["preprod"]} in parameters


def test_a_definition_is_printed_without_an_account_being_changed(
    deployed: Accounts, sdk2_python: Path
) -> None:
    settings = {
        "role": deployed.target.role,
        "bucket": bucket_of("prod"),
        "name": "abalone-p-1",
        "project": "abalone",
        "stage": "printed",
        "subnets": ["subnet-1"],
        "security_groups": ["sg-1"],
    }
    deployed.run(
        sdk2_python,
        *("-m", "pipelines.get_pipeline_definition", "-n", MODULES["sdk2"], "-f", "printed.json"),
        *("-kwargs", repr(settings)),
        account=deployed.target,
    ).lines()
    definition = json.loads((deployed.home / "printed.json").read_text())
    assert [step["Type"] for step in definition["Steps"]] == ["Processing", "Transform"]
    pipelines = deployed.target.client("sagemaker").list_pipelines(PipelineNamePrefix="abalone-p-1-printed")
    assert pipelines["PipelineSummaries"] == []


def _write_profiles(accounts: Accounts) -> None:
    """The profiles dev and target of the home, each with its endpoint and keys."""
    sections = [
        f"[profile {name}]\nregion = {REGION}\nendpoint_url = {cloud.environment['AWS_ENDPOINT_URL']}\n"
        f"aws_access_key_id = {cloud.environment['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {cloud.environment['AWS_SECRET_ACCESS_KEY']}\n"
        for name, cloud in (("dev", accounts.dev), ("target", accounts.target))
    ]
    (accounts.home / ".aws").mkdir()
    (accounts.home / ".aws" / "config").write_text("\n".join(sections))
