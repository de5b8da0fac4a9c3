"""Deployments as YAML files, by the command that CI calls."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.core.management.base import CommandError

from deployments.models import Deployment, Promotion, PromotionState
from teams.models import Activity
from tests.cast import House
from tests.deployments.registry import BUCKET, Registry, make, stage_body
from tests.deployments.test_pages import body, deployment
from tests.engine.resources import ROLE
from tests.support.engine import EngineProcess

pytestmark = pytest.mark.django_db
__all__ = ["deployment"]


def deploy(*arguments: str, user: str = "alice") -> tuple[int, str]:
    """The exit code of `./deck deploy` and what it prints, errors last."""
    out = StringIO()
    try:
        call_command("deploy", "--team", "first", "--user", user, *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, f"{out.getvalue()}{error}"
    except SystemExit as error:
        return int(error.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_a_file_makes_a_deployment_and_says_when_nothing_differs(house: House, tmp_path: Path) -> None:
    file = tmp_path / "churn.yaml"
    file.write_text(yaml.safe_dump(body(settings={"content_type": "text/csv"})))
    code, text = deploy("diff", str(file))
    assert code == 1
    assert "settings.content_type: nothing -> text/csv" in text
    assert not Deployment.objects.exists()
    assert deploy("apply", str(file))[0] == 0
    acts = Activity.objects.count()
    assert deploy("diff", str(file)) == (0, "")
    code, text = deploy("apply", str(file))
    assert (code, text) == (0, "churn is as the file has it already.\n")
    assert Activity.objects.count() == acts


def test_an_exported_file_applied_again_changes_nothing_and_an_edit_of_it_is_named(
    house: House, deployment: Deployment, tmp_path: Path
) -> None:
    _, text = deploy("export", deployment.slug)
    file = tmp_path / "exported.yaml"
    file.write_text(text)
    assert deploy("diff", str(file)) == (0, "")
    file.write_text(text.replace("instance_type: ml.m5.large", "instance_type: ml.m5.xlarge"))
    code, text = deploy("apply", str(file))
    assert (code, text.splitlines()[0]) == (0, "settings.instance_type: ml.m5.large -> ml.m5.xlarge")
    deployment.refresh_from_db()
    assert deployment.settings["instance_type"] == "ml.m5.xlarge"
    assert deployment.stages.get(slug="staging").version == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: [", "no YAML"),
        ("name: x\nday: 2001-99-99", "no YAML"),
        ("- 1", "must be a mapping"),
        ("name: Churn", "package_group"),
        ("!!python/object/apply:os.system ['true']", "no YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_code_2_and_a_sentence(
    house: House, tmp_path: Path, text: str, sentence: str
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    code, answer = deploy("apply", str(file))
    assert code == 2
    assert sentence in answer
    assert not Deployment.objects.exists()
    assert deploy("apply", str(tmp_path / "missing.yaml"))[0] == 2


def test_a_promotion_that_needs_an_approval_ends_with_code_3(house: House, deployment: Deployment) -> None:
    Promotion.objects.filter(stage__slug="staging", version=2).update(state=PromotionState.DEPLOYED)
    code, text = deploy("promote", deployment.slug, "production", "--version", "2", user="bob")
    assert code == 3
    assert "waiting for approval" in text
    assert deploy("promote", deployment.slug, "production", "--version", "9")[0] == 2
    assert deploy("run", deployment.slug, "nowhere")[0] == 2
    assert deploy("apply", "-", user="vera")[0] == 2


def test_the_folder_for_aws_alone_has_a_definition_that_a_pipeline_is_made_of(
    team: House, registry: Registry, engine: EngineProcess, tmp_path: Path
) -> None:
    step = {"image": "image:1", "script": "print()", "arguments": ["--out", "{run}"]}
    stages = [
        stage_body("staging", "engine", registry.group, data=f"s3://{BUCKET}/in/"),
        stage_body("production", "engine", registry.group, data=f"s3://{BUCKET}/in/"),
    ]
    deployment = make(team, registry.group, preprocess=step, stages=stages)
    code, text = deploy("export", deployment.slug, "--folder", str(tmp_path))
    assert code == 0
    assert {Path(line).relative_to(tmp_path).as_posix() for line in text.splitlines()} == {
        "cloud_formation/batch-config-template.yml",
        "cloud_formation/pre-prod-config.json",
        "cloud_formation/prod-config.json",
        "pipelines/batch_inference/preprocess.py",
        "pipelines/staging-pipelinedefinition.json",
        "pipelines/production-pipelinedefinition.json",
    }
    definition = (tmp_path / "pipelines/staging-pipelinedefinition.json").read_text()
    name = f"{registry.group}-pipeline"
    engine.client("sagemaker").create_pipeline(
        PipelineName=name, RoleArn=ROLE, PipelineDefinition=definition, ClientRequestToken="x" * 32
    )
    described = engine.client("sagemaker").describe_pipeline(PipelineName=name)
    assert json.loads(described["PipelineDefinition"]) == json.loads(definition)
    config = json.loads((tmp_path / "cloud_formation/prod-config.json").read_text())["Parameters"]
    assert config["ProcessingInstanceType"] == "ml.m5.large"


def test_the_template_of_the_folder_makes_a_stack_with_the_rule_that_starts_the_stages_pipeline(
    team: House, registry: Registry, engine: EngineProcess, tmp_path: Path
) -> None:
    version = registry.add()
    stages = [stage_body("staging", "engine", registry.group, data=f"s3://{BUCKET}/in/")]
    stages[0] |= {"execution_role_arn": ROLE, "schedule": {"expression": "cron(0 6 * * ? *)"}}
    deployment = make(team, registry.group, stages=stages)
    deployment.stages.update(version=1, version_arn=version)
    assert deploy("export", deployment.slug, "--folder", str(tmp_path))[0] == 0
    key = f"{registry.group}/definition.json"
    engine.client("s3").upload_file(str(tmp_path / "pipelines/staging-pipelinedefinition.json"), BUCKET, key)
    config = json.loads((tmp_path / "cloud_formation/pre-prod-config.json").read_text())["Parameters"]
    parameters = {
        **config,
        "Stage": registry.group,
        "PipelineDefinitionS3Bucket": BUCKET,
        "PipelineDefinitionS3Key": key,
    }
    stacks = engine.client("cloudformation")
    stacks.create_stack(
        StackName=registry.group,
        TemplateBody=(tmp_path / "cloud_formation/batch-config-template.yml").read_text(),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
    )
    stacks.get_waiter("stack_create_complete").wait(
        StackName=registry.group, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    resources = stacks.describe_stack_resources(StackName=registry.group)["StackResources"]
    rule = next(row["PhysicalResourceId"] for row in resources if row["LogicalResourceId"] == "Schedule")
    described = engine.client("events").describe_rule(Name=rule)
    assert (described["ScheduleExpression"], described["State"]) == ("cron(0 6 * * ? *)", "ENABLED")
    target = engine.client("events").list_targets_by_rule(Rule=rule)["Targets"][0]
    assert target["Arn"].endswith(f":pipeline/{deployment.slug}-{registry.group}")


def test_a_schedule_in_another_zone_is_refused_in_the_folder_because_rules_have_utc_alone(
    team: House, registry: Registry, tmp_path: Path
) -> None:
    stages = [stage_body("staging", "engine", registry.group)]
    stages[0] |= {
        "data": f"s3://{BUCKET}/in/",
        "schedule": {"expression": "cron(0 6 * * ? *)", "timezone": "Europe/Berlin"},
    }
    deployment = make(team, registry.group, stages=stages)
    code, text = deploy("export", deployment.slug, "--folder", str(tmp_path))
    assert (code, "Europe/Berlin" in text) == (2, True), text


def test_a_path_with_dates_is_refused_by_name_in_the_folder_for_aws_alone(
    house: House, deployment: Deployment, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    code, text = deploy("export", deployment.slug, "--folder", str(folder))
    assert code == 2
    assert "{date}" in text
    assert not folder.exists()


def test_an_exported_folder_imported_again_is_the_same_deployment(
    team: House, registry: Registry, tmp_path: Path
) -> None:
    step = {"image": "image:1", "script": "print()", "arguments": ["--in", "{data}", "--out", "{run}"]}
    stages = [
        stage_body("staging", "engine", registry.group, data=f"s3://{BUCKET}/in/"),
        stage_body("production", "live", registry.group, data=f"s3://{BUCKET}/in/{{run}}/"),
    ]
    stages[1]["schedule"] = {"expression": "rate(1 day)"}
    deployment = make(team, registry.group, preprocess=step, stages=stages)
    assert deploy("export", deployment.slug, "--folder", str(tmp_path))[0] == 0
    group = ("--package-group", registry.group)
    code, text = deploy(
        "import", str(tmp_path), "--name", deployment.name, *group, "--stage-connection", "production=live"
    )
    assert code == 0, text
    imported = yaml.safe_load(text)
    _, exported = deploy("export", deployment.slug)
    expected = yaml.safe_load(exported)
    assert imported["settings"] == {
        name: value for name, value in expected["settings"].items() if not name.startswith("instance_")
    }
    assert imported["preprocess"] == {
        name: value for name, value in expected["preprocess"].items() if value not in ("", [], {})
    }
    names = ("slug", "connection", "data", "output_path")
    assert [[row[name] for name in names] for row in imported["stages"]] == [
        [row[name] for name in names] for row in expected["stages"]
    ]
    assert [row["schedule"] for row in imported["stages"]] == [None, {"expression": "rate(1 day)"}]
    file = tmp_path / "imported.yaml"
    file.write_text(text.replace(f"name: {deployment.name}", "name: Imported", 1))
    assert deploy("apply", str(file))[0] == 0


#: A project whose script reads its input from an argument, as the one of the document does.
PROJECT: dict[str, Any] = {
    "cloud_formation/pre-prod-config.json": {
        "Parameters": {
            "ProcessingInstanceCount": "2",
            "InferenceInstanceType": "ml.m5.2xlarge",
            "ScheduleExpressionforPipeline": "1 day",
            "ModelPackageName": "arn:aws:sagemaker:us-east-1:111122223333:model-package/abalone/3",
        }
    },
    "cloud_formation/prod-config.json": [
        "InferenceInstanceCount=4",
        "ScheduleExpression=cron(0 6 * * ? *)",
        "ModelPackageName=arn:aws:sagemaker:us-east-1:111122223333:model-package/abalone/2",
    ],
    "pipelines/batch_inference/preprocess.py": "print('prepared')\n",
    "pipelinedefinition.json": {
        "Version": "2020-12-01",
        "Parameters": [
            {"Name": "ProcessingInstanceCount", "Type": "Integer", "DefaultValue": 2},
            {"Name": "InferenceInstanceCount", "Type": "Integer", "DefaultValue": 1},
            {"Name": "InferenceInstanceType", "Type": "String", "DefaultValue": "ml.m5.xlarge"},
            {"Name": "ModelName", "Type": "String", "DefaultValue": "abalone"},
            {"Name": "InputDataUrl", "Type": "String", "DefaultValue": "s3://data/abalone.csv"},
        ],
        "Steps": [
            {
                "Name": "Prepare",
                "Type": "Processing",
                "Arguments": {
                    "ProcessingResources": {
                        "ClusterConfig": {
                            "InstanceType": "ml.m5.xlarge",
                            "InstanceCount": {"Get": "Parameters.ProcessingInstanceCount"},
                            "VolumeSizeInGB": 30,
                        }
                    },
                    "AppSpecification": {
                        "ImageUri": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
                        "ContainerArguments": ["--input-data", {"Get": "Parameters.InputDataUrl"}],
                        "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/preprocess.py"],
                    },
                    "RoleArn": "arn:aws:iam::111122223333:role/batch",
                    "ProcessingInputs": [
                        {
                            "InputName": "code",
                            "AppManaged": False,
                            "S3Input": {
                                "S3Uri": "s3://code/0123/preprocess.py",
                                "LocalPath": "/opt/ml/processing/input/code",
                                "S3DataType": "S3Prefix",
                            },
                        }
                    ],
                    "ProcessingOutputConfig": {
                        "Outputs": [
                            {
                                "OutputName": "inference",
                                "S3Output": {
                                    "S3Uri": {
                                        "Std:Join": {
                                            "On": "/",
                                            "Values": [
                                                "s3:/",
                                                "work",
                                                {"Get": "Execution.PipelineExecutionId"},
                                            ],
                                        }
                                    },
                                    "LocalPath": "/opt/ml/processing/inference",
                                    "S3UploadMode": "EndOfJob",
                                },
                            }
                        ]
                    },
                    "NetworkConfig": {"EnableNetworkIsolation": False},
                },
            },
            {
                "Name": "Predict",
                "Type": "Transform",
                "Arguments": {
                    "ModelName": {"Get": "Parameters.ModelName"},
                    "TransformInput": {
                        "DataSource": {
                            "S3DataSource": {
                                "S3DataType": "S3Prefix",
                                "S3Uri": {
                                    "Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['inference'].S3Output.S3Uri"
                                },
                            }
                        },
                        "ContentType": "text/csv",
                        "SplitType": "Line",
                    },
                    "TransformOutput": {"S3OutputPath": "s3://out/abalone", "AssembleWith": "Line"},
                    "TransformResources": {
                        "InstanceType": {"Get": "Parameters.InferenceInstanceType"},
                        "InstanceCount": {"Get": "Parameters.InferenceInstanceCount"},
                    },
                },
            },
        ],
    },
}


def write_project(folder: Path, changes: dict[str, Any] | None = None) -> None:
    for path, content in {**PROJECT, **(changes or {})}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))


def test_a_projects_folder_becomes_a_deployment_with_its_stages_script_and_settings(
    house: House, tmp_path: Path
) -> None:
    write_project(tmp_path)
    code, text = deploy("import", str(tmp_path), "--name", "Abalone")
    assert code == 0, text
    assert text.startswith("# NetworkConfig of Prepare is left out")
    imported = yaml.safe_load(text)
    assert imported["package_group"] == "abalone"
    assert imported["settings"] == {"content_type": "text/csv", "split_type": "Line", "assemble_with": "Line"}
    step = imported["preprocess"]
    assert (step["script"], step["script_name"]) == ("print('prepared')\n", "preprocess.py")
    assert step["arguments"] == ["--input-data", "{data}"]
    assert (step["instance_count"], step["output_path"]) == (2, "/opt/ml/processing/inference")
    staging, production = imported["stages"]
    assert staging["data"] == production["data"] == "s3://data/abalone.csv"
    assert (staging["instance_type"], staging["instance_count"]) == ("ml.m5.2xlarge", 1)
    assert (production["instance_type"], production["instance_count"]) == ("ml.m5.xlarge", 4)
    assert staging["schedule"] == {"expression": "rate(1 day)"}
    assert production["schedule"] == {"expression": "cron(0 6 * * ? *)"}
    assert (staging["needs_approval"], production["needs_approval"]) == (False, True)
    assert staging["execution_role_arn"] == "arn:aws:iam::111122223333:role/batch"
    file = tmp_path / "abalone.yaml"
    file.write_text(text)
    assert deploy("apply", str(file))[0] == 0
    assert deploy("diff", str(file)) == (0, "")


DEFINITION = PROJECT["pipelinedefinition.json"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"pipelinedefinition.json": "{"}, "pipelinedefinition.json is no JSON"),
        ({"pipelinedefinition.json": {"Steps": [1]}}, "whose Steps have Name, Type and Arguments"),
        ({"pipelinedefinition.json": {**DEFINITION, "Parameters": []}}, "needs Parameters."),
        (
            {"pipelinedefinition.json": {**DEFINITION, "Steps": DEFINITION["Steps"][::-1]}},
            "has the steps Transform, Processing",
        ),
        (
            {
                "pipelinedefinition.json": {
                    **DEFINITION,
                    "Steps": [
                        {**DEFINITION["Steps"][0], "Arguments": {"AppSpecification": "x"}},
                        DEFINITION["Steps"][1],
                    ],
                }
            },
            "AppSpecification",
        ),
        ({"cloud_formation/prod-config.json": "[1"}, "prod-config.json is no JSON"),
        (
            {"cloud_formation/prod-config.json": {"Parameters": {"InferenceInstanceCount": "two"}}},
            "whole number",
        ),
        (
            {"cloud_formation/prod-config.json": {"Parameters": {"ProcessingInstanceCount": "3"}}},
            "instance_count",
        ),
        (
            {"cloud_formation/prod-config.json": {"Parameters": {"ModelPackageGroupName": "other"}}},
            "model package group of staging and production differ",
        ),
    ],
)
def test_a_folder_that_is_no_deployment_is_refused_with_the_file_and_the_reason(
    house: House, tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    write_project(tmp_path, changes)
    code, text = deploy("import", str(tmp_path))
    assert (code, sentence in text) == (2, True), text
    assert deploy("import", str(tmp_path), "--stage-connection", "nowhere=engine")[0] == 2
    assert deploy("import", str(tmp_path / "missing"))[0] == 2


def test_a_file_whose_aliases_unfold_to_very_much_is_refused(house: House, tmp_path: Path) -> None:
    file = tmp_path / "bomb.yaml"
    rows = ["name: Churn", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    file.write_text("\n".join(rows))
    code, text = deploy("diff", str(file))
    assert (code, text) == (2, "The file has more than 10,000 values.")
