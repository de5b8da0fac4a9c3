"""The pipeline of the batch inference, with the SageMaker SDK 2: prepare the data, then transform it."""

from pathlib import Path

import boto3
from sagemaker.network import NetworkConfig
from sagemaker.processing import ProcessingOutput, ScriptProcessor
from sagemaker.transformer import Transformer
from sagemaker.workflow.execution_variables import ExecutionVariables
from sagemaker.workflow.functions import Join
from sagemaker.workflow.parameters import ParameterInteger, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.steps import ProcessingStep, TransformStep

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3"
HERE = Path(__file__).parent


def get_pipeline(
    role, bucket, name, project, stage, subnets, security_groups, session=None, data="data/abalone.csv"
):
    """The pipeline `name`. `session` is a session of boto3; by default its own variables and profile decide."""
    session = session or boto3.Session()
    pipeline_session = PipelineSession(
        boto_session=session, sagemaker_client=session.client("sagemaker"), default_bucket=bucket
    )
    processing_count = ParameterInteger("ProcessingInstanceCount", default_value=1)
    inference_count = ParameterInteger("InferenceInstanceCount", default_value=1)
    processing_type = ParameterString("ProcessingInstanceType", default_value="ml.m5.xlarge")
    inference_type = ParameterString("InferenceInstanceType", default_value="ml.m5.xlarge")
    model_name = ParameterString("ModelName", default_value="Abalone")
    input_data = ParameterString("InputDataUrl", default_value=f"s3://{bucket}/{data}")

    processor = ScriptProcessor(
        image_uri=processing_image(session, project, stage),
        command=["python3"],
        instance_type=processing_type,
        instance_count=processing_count,
        base_job_name=f"{name}/preprocess",
        role=role,
        sagemaker_session=pipeline_session,
        network_config=NetworkConfig(
            enable_network_isolation=False,
            encrypt_inter_container_traffic=True,
            security_group_ids=security_groups,
            subnets=subnets,
        ),
    )
    preprocess = ProcessingStep(
        "PreprocessAbaloneData",
        step_args=processor.run(
            code=str(HERE / "preprocess.py"),
            arguments=["--input-data", input_data],
            outputs=[
                ProcessingOutput(
                    output_name="inference",
                    source="/opt/ml/processing/inference",
                    destination=Join(
                        on="/",
                        values=[
                            "s3:/",
                            bucket,
                            name,
                            ExecutionVariables.PIPELINE_EXECUTION_ID,
                            "PreprocessAbaloneData",
                            "output",
                            "inference",
                        ],
                    ),
                )
            ],
        ),
    )
    transformer = Transformer(
        model_name=model_name,
        instance_type=inference_type,
        instance_count=inference_count,
        assemble_with="Line",
        accept="text/csv",
        output_path=f"s3://{bucket}/batch-output-abalone-{stage}",
        sagemaker_session=pipeline_session,
    )
    prepared = preprocess.properties.ProcessingOutputConfig.Outputs["inference"].S3Output.S3Uri
    transform = TransformStep(
        "AbaloneTransform",
        step_args=transformer.transform(
            prepared, content_type="text/csv", split_type="Line", join_source="Input"
        ),
    )
    return Pipeline(
        name=f"{name}-{stage}",
        parameters=[
            processing_count,
            inference_count,
            processing_type,
            inference_type,
            model_name,
            input_data,
        ],
        steps=[preprocess, transform],
        sagemaker_session=pipeline_session,
    )


def processing_image(session, project, stage):
    """The project's own processing image, or XGBoost's if it has none."""
    repository = f"mlops-{project}-processing-{stage}"
    try:
        images = session.client("ecr").describe_images(
            repositoryName=repository, imageIds=[{"imageTag": "latest"}]
        )
    except Exception:
        return XGBOOST
    account = images["imageDetails"][0]["registryId"]
    return f"{account}.dkr.ecr.{session.region_name}.amazonaws.com/{repository}:latest"
