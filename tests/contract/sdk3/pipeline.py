"""SageMaker Pipelines with the SDK 3: a condition on a report, a transform job; then a run that fails.

python pipeline.py BUCKET/PREFIX ROLE IMAGE MODEL_DATA DATA    (the last two are S3 URIs)
"""

import json
import sys

from botocore.exceptions import WaiterError
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.resources import Model
from sagemaker.core.s3 import S3Downloader, S3Uploader
from sagemaker.core.shapes import ContainerDefinition
from sagemaker.core.transformer import Transformer
from sagemaker.core.workflow.conditions import ConditionLessThanOrEqualTo
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.parameters import ParameterFloat, ParameterString
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.retry import StepExceptionTypeEnum, StepRetryPolicy
from sagemaker.mlops.workflow.steps import TransformStep

place, role, image, model_data, data = sys.argv[1:]
bucket, _, prefix = place.partition("/")
session, plain = PipelineSession(default_bucket=bucket), Session(default_bucket=bucket)
report = json.dumps({"metrics": {"mse": {"value": 4.5}}})
S3Uploader.upload_string_as_file_body(report, f"s3://{place}/report.json", sagemaker_session=plain)
container = ContainerDefinition(image=image, model_data_url=model_data)
Model.create(model_name=f"{prefix}-model", primary_container=container, execution_role_arn=role)

input_data = ParameterString("InputData")
kind = ParameterString("InstanceType", default_value="ml.m5.large")
limit = ParameterFloat("Limit", default_value=6.0)
transformer = Transformer(
    model_name=f"{prefix}-model",
    instance_count=1,
    instance_type=kind,
    assemble_with="Line",
    output_path=Join(on="/", values=[f"s3://{place}", ExecutionVariables.PIPELINE_EXECUTION_ID]),
    sagemaker_session=session,
)
transform_step = TransformStep(
    "Predict",
    step_args=transformer.transform(input_data, content_type="text/csv", split_type="Line"),
    retry_policies=[StepRetryPolicy([StepExceptionTypeEnum.THROTTLING], max_attempts=3)],
)
error = JsonGet(s3_uri=Join(on="/", values=[f"s3://{place}", "report.json"]), json_path="metrics.mse.value")
good = ConditionStep(
    "Good",
    conditions=[ConditionLessThanOrEqualTo(left=error, right=limit)],
    if_steps=[transform_step],
    else_steps=[FailStep("Bad", error_message=Join(on=" ", values=["the error is above", limit]))],
)
pipeline = Pipeline(
    name=f"{prefix}-Pipe",
    parameters=[input_data, kind, limit],
    steps=[good],
    sagemaker_session=session,
)
tags = [{"Key": "made-by", "Value": "pipeline.py"}]
arns = [pipeline.upsert(role_arn=role, tags=list(tags))["PipelineArn"] for _ in range(2)]
print("upserted:", arns[0] == arns[1])


def tell(execution):
    """What list_steps says."""
    for step in reversed(execution.list_steps()):
        print("step:", step["StepName"], step["StepStatus"], step.get("FailureReason", ""))


execution = pipeline.start(parameters={"InputData": data})
execution.wait(delay=2, max_attempts=300)
tell(execution)
print("status:", execution.describe()["PipelineExecutionStatus"])
number = execution.arn.rpartition("/")[2]
for uri in sorted(S3Downloader.list(f"s3://{place}/{number}", sagemaker_session=plain)):
    lines = S3Downloader.read_file(uri, sagemaker_session=plain).splitlines()
    print("output", uri.rpartition("/")[2], len(lines), lines[0], lines[-1])

bad = pipeline.start(parameters={"InputData": data, "Limit": 2.5})
try:
    bad.wait(delay=1, max_attempts=300)
except WaiterError:
    print("waiter: failed")
tell(bad)
executions = pipeline.list_executions()["PipelineExecutionSummaries"]
print("listed:", [run["PipelineExecutionStatus"] for run in executions])
print("deleted:", pipeline.delete()["PipelineArn"] == arns[0])
