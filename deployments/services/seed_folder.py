"""A deployment as the folder of a batch inference project, for those who run it in AWS alone.

It has a CloudFormation template, a configuration and a pipeline definition for each stage, and the script.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import yaml

from deployments.models import Deployment, Stage
from deployments.preprocess_step import PreprocessStep, processing_request
from deployments.services import queries
from deployments.services.bodies import DATA, stage_settings
from jobs.services.errors import NotPossible
from jobs.services.submitting import job_options
from transform.keys import output_folder
from transform.spec import SpecError, TransformSpec

_RUN = "{run}"
_PLACEHOLDER = re.compile(r"\{[a-z]+[^{}]*\}")
#: The names that such projects have for the configurations of these stages.
_CONFIG_NAMES = {"staging": "pre-prod-config.json", "production": "prod-config.json"}
#: The expression of a disabled rule of a stage without a schedule.
_NO_SCHEDULE = "rate(1 day)"
_PROCESSING, _TRANSFORM = "Preprocess", "Transform"


def folder_of(deployment: Deployment) -> dict[str, str]:
    """The files of the folder, by their paths. Raises NotPossible for dates, which pipelines do not have."""
    files = {"cloud_formation/batch-config-template.yml": _yaml(template_of(deployment))}
    for stage in queries.stages(deployment):
        name = _CONFIG_NAMES.get(stage.slug, f"{stage.slug}-config.json")
        files[f"cloud_formation/{name}"] = _json({"Parameters": config_of(stage)})
        files[f"pipelines/{stage.slug}-pipelinedefinition.json"] = _json(definition_of(stage))
    if deployment.preprocess:
        step = PreprocessStep.read(deployment.preprocess)
        if step.script:
            files[f"pipelines/batch_inference/{step.script_name}"] = step.script
    return files


def config_of(stage: Stage) -> dict[str, str]:
    """The stage's parameters of the template, as texts. Raises NotPossible for a schedule that no rule has."""
    settings = stage_settings(stage)
    parameters = {
        "InferenceInstanceCount": str(settings.get("instance_count", 1)),
        "InferenceInstanceType": settings.get("instance_type", ""),
        "ScheduleExpression": _schedule_expression(stage),
        "ScheduleState": "ENABLED" if stage.schedule and not stage.schedule.is_paused else "DISABLED",
        "ExecutionRoleArn": stage.execution_role_arn,
        "ModelPackageName": stage.version_arn,
    }
    if stage.deployment.preprocess:
        step = PreprocessStep.read(stage.deployment.preprocess)
        parameters["ProcessingInstanceCount"] = str(step.instance_count)
        parameters["ProcessingInstanceType"] = step.instance_type
    return parameters


def _schedule_expression(stage: Stage) -> str:
    """The expression of the stage's rule, which is in UTC. A rule needs one, also where it is disabled."""
    if stage.schedule is None:
        return _NO_SCHEDULE
    if stage.schedule.timezone != "UTC" and not stage.schedule.expression.startswith("rate("):
        raise NotPossible(
            f"The schedule of {stage.name} is in {stage.schedule.timezone}; an EventBridge rule has UTC only. "
            "Set its time zone to UTC."
        )
    if stage.schedule.expression.startswith("at("):
        raise NotPossible(
            f"The schedule of {stage.name} is one time; an EventBridge rule has cron() and rate()."
        )
    return stage.schedule.expression


def definition_of(stage: Stage) -> dict[str, Any]:
    """The definition of a SageMaker pipeline that does what a run of the stage does. Raises NotPossible."""
    settings = stage_settings(stage)
    for name in ("data", "output_path"):
        _refuse_dates(f"The {name} of {stage.name}", settings[name])
    return {
        "Version": "2020-12-01",
        "Metadata": {},
        "Parameters": list(_parameters(stage)),
        "PipelineExperimentConfig": None,
        "Steps": [*_processing_steps(stage, settings["data"]), _transform_step(stage, settings)],
    }


def _refuse_dates(subject: str, *texts: str) -> None:
    dates = [part for text in texts for part in _PLACEHOLDER.findall(text) if part != _RUN]
    if dates:
        raise NotPossible(
            f"{subject} has {', '.join(dates)}; a pipeline definition has no dates, only {{run}}."
        )


def template_of(deployment: Deployment) -> dict[str, Any]:
    """The CloudFormation template of a stage: the model, the pipeline, and the rule that starts it."""
    names = list(config_of(queries.stages(deployment)[0]))
    pipeline = f"{deployment.slug}-${{Stage}}"
    parameters: dict[str, Any] = {name: {"Type": "String"} for name in names}
    for name in ("Stage", "PipelineDefinitionS3Bucket", "PipelineDefinitionS3Key"):
        parameters[name] = {"Type": "String"}
    arn = f"arn:${{AWS::Partition}}:sagemaker:${{AWS::Region}}:${{AWS::AccountId}}:pipeline/{pipeline}"
    target_parameters = [{"Name": "ModelName", "Value": {"Fn::GetAtt": ["Model", "ModelName"]}}] + [
        {"Name": name, "Value": {"Ref": name}} for name in names if "Instance" in name
    ]
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"A stage of the batch inference deployment {deployment.name}",
        "Parameters": parameters,
        "Resources": {
            "Model": {
                "Type": "AWS::SageMaker::Model",
                "Properties": {
                    "Containers": [{"ModelPackageName": {"Ref": "ModelPackageName"}}],
                    "ExecutionRoleArn": {"Ref": "ExecutionRoleArn"},
                },
            },
            "Pipeline": {
                "Type": "AWS::SageMaker::Pipeline",
                "Properties": {
                    "PipelineName": {"Fn::Sub": pipeline},
                    "RoleArn": {"Ref": "ExecutionRoleArn"},
                    "PipelineDefinition": {
                        "PipelineDefinitionS3Location": {
                            "Bucket": {"Ref": "PipelineDefinitionS3Bucket"},
                            "Key": {"Ref": "PipelineDefinitionS3Key"},
                        }
                    },
                },
            },
            "Schedule": {
                "Type": "AWS::Events::Rule",
                "Properties": {
                    "ScheduleExpression": {"Ref": "ScheduleExpression"},
                    "State": {"Ref": "ScheduleState"},
                    "Targets": [
                        {
                            "Id": "pipeline",
                            "Arn": {"Fn::Sub": arn},
                            "RoleArn": {"Ref": "ExecutionRoleArn"},
                            "SageMakerPipelineParameters": {"PipelineParameterList": target_parameters},
                        }
                    ],
                },
            },
        },
    }


def _parameters(stage: Stage) -> Iterator[dict[str, Any]]:
    for name, value in config_of(stage).items():
        if "Instance" in name:
            kind = "Integer" if name.endswith("Count") else "String"
            yield {"Name": name, "Type": kind, "DefaultValue": int(value) if kind == "Integer" else value}
    model = stage.model.name if stage.model else stage.model_name(1)
    yield {"Name": "ModelName", "Type": "String", "DefaultValue": model}


def _processing_steps(stage: Stage, data: str) -> list[dict[str, Any]]:
    """The step before the transform, if there is one; its script lies in the stage's artifact folder."""
    if not stage.deployment.preprocess:
        return []
    step = PreprocessStep.read(stage.deployment.preprocess)
    step = replace(step, arguments=tuple(text.replace(DATA, data) for text in step.arguments))
    _refuse_dates("The preprocess step", *step.arguments, *(row.s3_uri for row in step.inputs))
    root = output_folder(stage.artifact_path)
    request = processing_request(
        step,
        name="",
        data=data,
        output=f"{root}runs/{_RUN}/input/",
        code=step.script_uri or f"{root}code/{step.script_name}",
        role=stage.execution_role_arn,
    )
    arguments = _with_execution(
        {name: value for name, value in request.items() if name != "ProcessingJobName"}
    )
    cluster = arguments["ProcessingResources"]["ClusterConfig"]
    cluster["InstanceCount"] = _parameter("ProcessingInstanceCount")
    cluster["InstanceType"] = _parameter("ProcessingInstanceType")
    return [{"Name": _PROCESSING, "Type": "Processing", "Arguments": arguments}]


def _transform_step(stage: Stage, settings: dict[str, Any]) -> dict[str, Any]:
    fields = {
        name: value for name, value in settings.items() if name not in ("connection", *job_options.NAMES)
    }
    try:
        request = TransformSpec.from_fields({**fields, "model_name": stage.model_name(1)}).to_request()
    except SpecError as error:
        raise NotPossible(f"The settings of {stage.name} are no request: {error}") from error
    arguments = _with_execution(request)
    arguments["ModelName"] = _parameter("ModelName")
    resources = arguments["TransformResources"]
    resources["InstanceCount"] = _parameter("InferenceInstanceCount")
    resources["InstanceType"] = _parameter("InferenceInstanceType")
    if stage.deployment.preprocess:
        output = "ProcessingOutputConfig.Outputs['inference'].S3Output.S3Uri"
        arguments["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] = {
            "Get": f"Steps.{_PROCESSING}.{output}"
        }
    return {"Name": _TRANSFORM, "Type": "Transform", "Arguments": arguments}


def _parameter(name: str) -> dict[str, str]:
    return {"Get": f"Parameters.{name}"}


def _with_execution(value: Any) -> Any:
    """The value with the execution's id in place of {run}."""
    if isinstance(value, dict):
        return {name: _with_execution(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_execution(inner) for inner in value]
    if not isinstance(value, str) or _RUN not in value:
        return value
    parts: list[Any] = []
    for text in value.split(_RUN):
        parts += [text, {"Get": "Execution.PipelineExecutionId"}]
    return {"Std:Join": {"On": "", "Values": [part for part in parts[:-1] if part != ""]}}


def _json(value: Any) -> str:
    return json.dumps(value, indent=2) + "\n"


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, width=100)
