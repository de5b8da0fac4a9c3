"""Prepare one stage: copy the latest approved version, make the pipeline's definition and the stack's parameters.

python build.py ENVIRONMENT CONFIG PIPELINE_MODULE

Reads the profiles `dev` and `target`, writes ENVIRONMENT-pipelinedefinition.json and ENVIRONMENT-parameters.json.
"""

import json
import sys
from pathlib import Path

import boto3
from pipelines._utils import pipeline_of
from utils import copy_version, latest_approved_version, package_of, parameter

PROJECT, PROJECT_ID = "abalone", "p-1"
REGION = "us-east-1"
STAGES = {"preprod": "staging", "prod": "prod"}
TAGS = [
    {"Key": "sagemaker:project-name", "Value": PROJECT},
    {"Key": "sagemaker:project-id", "Value": PROJECT_ID},
]


def main(environment, config, module):
    stage, folder = STAGES[environment], f"{PROJECT}-{PROJECT_ID}"
    session = boto3.Session(profile_name="target", region_name=REGION)
    development = boto3.Session(profile_name="dev", region_name=REGION)
    dev = {service: development.client(service) for service in ("sagemaker", "s3")}
    target = {service: session.client(service) for service in ("sagemaker", "s3", "ssm")}
    bucket = parameter(target["ssm"], f"/{environment}/sagemaker_ml_artifacts_s3_bucket")
    role = parameter(target["ssm"], f"/{environment}/sagemaker_role_arn")
    subnets = parameter(target["ssm"], "private-subnets-ids")
    groups = parameter(target["ssm"], "sagemaker-domain-sg")

    version = latest_approved_version(dev["sagemaker"], PROJECT)
    number = version["ModelPackageVersion"]
    name = f"{PROJECT}-{stage}-v{number}"
    arn = package_of(target["sagemaker"], name) or copy_version(
        dev, target, version["ModelPackageArn"], name, bucket, folder, TAGS
    )
    pipeline = pipeline_of(
        module,
        session=session,
        role=role,
        bucket=bucket,
        name=folder,
        project=PROJECT,
        stage=stage,
        subnets=subnets.split(","),
        security_groups=groups.split(","),
    )
    definition = json.dumps(json.loads(pipeline.definition()), indent=2)
    Path(f"{environment}-pipelinedefinition.json").write_text(definition)
    key = f"{folder}/pipeline/{stage}-v{number}-pipelinedefinition.json"
    target["s3"].put_object(Bucket=bucket, Key=key, Body=definition.encode())

    parameters = {
        **json.loads(Path(config).read_text())["Parameters"],
        "SageMakerProjectName": PROJECT,
        "SageMakerProjectId": PROJECT_ID,
        "ModelPackageName": arn,
        "ProjectBucket": bucket,
        "Environment": environment,
        "SubnetIds": subnets,
        "SGIds": groups,
        "BatchPipeline": f"{folder}-{stage}",
        "PipelineDefinitionS3Key": key,
    }
    Path(f"{environment}-parameters.json").write_text(
        json.dumps([f"{key}={value}" for key, value in parameters.items()])
    )
    print(f"package: {arn}")


if __name__ == "__main__":
    main(*sys.argv[1:])
