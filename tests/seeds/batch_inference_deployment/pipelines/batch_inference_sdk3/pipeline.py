"""The pipeline of batch_inference, with the SageMaker SDK 3."""

from pathlib import Path

import boto3
from sagemaker.core.network import NetworkConfig
from sagemaker.core.processing import ScriptProcessor
from sagemaker.core.shapes import ProcessingOutput, ProcessingS3Output
from sagemaker.core.transformer import Transformer
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join
from sagemaker.core.workflow.parameters import ParameterInteger, ParameterString
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import ProcessingStep, TransformStep

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3"
SCRIPT = Path(__file__).parents[1] / "batch_inference" / "preprocess.py"


def get_pipeline(
    role, bucket, name, project, stage, subnets, security_groups, session=None, data="data/abalone.csv"
):
    """The pipeline `name`. `session` is a session of boto3; by default its own variables and profile decide."""
    session = session or boto3.Session()
    pipeline_session = PipelineSession(
        boto_session=session, sagemaker_client=session.client("sagemaker"), default_bucket=bucket
    )
    processing_count = ParameterInteger(name="ProcessingInstanceCount", default_value=1)
    inference_count = ParameterInteger(name="InferenceInstanceCount", default_value=1)
    processing_type = ParameterString(name="ProcessingInstanceType", default_value="ml.m5.xlarge")
    inference_type = ParameterString(name="InferenceInstanceType", default_value="ml.m5.xlarge")
    model_name = ParameterString(name="ModelName", default_value="Abalone")
    input_data = ParameterString(name="InputDataUrl", default_value=f"s3://{bucket}/{data}")

    processor = ScriptProcessor(
        image_uri=XGBOOST,
        command=["python3"],
        instance_type=processing_type,
        instance_count=processing_count,
        role=role,
        sagemaker_session=pipeline_session,
        network_config=NetworkConfig(
            enable_network_isolation=False,
            encrypt_inter_container_traffic=True,
            security_group_ids=security_groups,
            subnets=subnets,
        ),
    )
    destination = Join(
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
    )
    inference = ProcessingOutput(
        output_name="inference",
        s3_output=ProcessingS3Output(
            s3_uri=destination, local_path="/opt/ml/processing/inference", s3_upload_mode="EndOfJob"
        ),
    )
    preprocess = ProcessingStep(
        name="PreprocessAbaloneData",
        step_args=processor.run(
            code=str(SCRIPT), arguments=["--input-data", input_data], outputs=[inference]
        ),
    )
    transformer = Transformer(
        model_name=model_name,
        instance_type=inference_type,
        # Transformer of SDK 3 takes no parameter for it.
        instance_count=inference_count.default_value,
        assemble_with="Line",
        accept="text/csv",
        output_path=f"s3://{bucket}/batch-output-abalone-{stage}",
        sagemaker_session=pipeline_session,
    )
    prepared = preprocess.properties.ProcessingOutputConfig.Outputs["inference"].S3Output.S3Uri
    transform = TransformStep(
        name="AbaloneTransform",
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
