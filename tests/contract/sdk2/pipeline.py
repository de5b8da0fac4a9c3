"""SageMaker Pipelines with the SDK 2: a model, a transform job and a condition; then a run that fails.

python pipeline.py BUCKET/PREFIX ROLE IMAGE MODEL_DATA DATA    (the last two are S3 URIs)
"""

import sys

import botocore.exceptions
import sagemaker
from sagemaker.model import Model
from sagemaker.s3 import S3Downloader
from sagemaker.transformer import Transformer
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionGreaterThan, ConditionIn, ConditionNot
from sagemaker.workflow.execution_variables import ExecutionVariables
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.functions import Join
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterInteger, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.steps import CacheConfig, TransformStep

place, role, image, model_data, data = sys.argv[1:]
bucket, _, prefix = place.partition("/")
session = PipelineSession(default_bucket=bucket)

input_data = ParameterString("InputData", default_value=data)
count = ParameterInteger("InstanceCount", default_value=1)
kind = ParameterString(
    "InstanceType", default_value="ml.m5.large", enum_values=["ml.m5.large", "ml.m5.xlarge"]
)

model = Model(image_uri=image, model_data=model_data, role=role, sagemaker_session=session)
model_step = ModelStep("Make", step_args=model.create(instance_type="ml.m5.large"))
transformer = Transformer(
    model_name=model_step.properties.ModelName,
    instance_count=count,
    instance_type=kind,
    assemble_with="Line",
    output_path=Join(on="/", values=[f"s3://{place}", ExecutionVariables.PIPELINE_EXECUTION_ID]),
    sagemaker_session=session,
)
transform_step = TransformStep(
    "Predict",
    step_args=transformer.transform(input_data, content_type="text/csv", split_type="Line"),
    cache_config=CacheConfig(enable_caching=True, expire_after="30d"),
)
enough = ConditionStep(
    "Enough",
    conditions=[
        ConditionGreaterThan(left=count, right=0),
        ConditionNot(ConditionIn(value=kind, in_values=["ml.m5.xlarge"])),
    ],
    if_steps=[transform_step],
    else_steps=[FailStep("TooFew", error_message=Join(on=" ", values=["no run with", count, "of", kind]))],
)
pipeline = Pipeline(
    name=f"{prefix}-Pipe",
    parameters=[input_data, count, kind],
    steps=[model_step, enough],
    sagemaker_session=session,
)
tags = [{"Key": "made-by", "Value": "pipeline.py"}]
first = pipeline.upsert(role_arn=role, description="one", tags=tags)
second = pipeline.upsert(role_arn=role, description="two", tags=[{"Key": "more", "Value": "yes"}])
described = pipeline.describe()
print("upserted:", first["PipelineArn"] == second["PipelineArn"], described["PipelineDescription"])
print("tags:", len(session.sagemaker_client.list_tags(ResourceArn=first["PipelineArn"])["Tags"]))


def tell(execution):
    """What list_steps says."""
    for step in reversed(execution.list_steps()):
        print("step:", step["StepName"], step["StepStatus"], step.get("FailureReason", ""))


execution = pipeline.start(parameters={"InputData": data}, execution_display_name="good")
execution.wait(delay=2, max_attempts=300)
tell(execution)
print("status:", execution.describe()["PipelineExecutionStatus"])
parameters = execution.list_parameters()["PipelineParameters"]
print("parameters:", sorted(parameter["Name"] for parameter in parameters))
number = execution.arn.rpartition("/")[2]
for uri in sorted(
    S3Downloader.list(f"s3://{place}/{number}", sagemaker_session=sagemaker.Session(default_bucket=bucket))
):
    lines = S3Downloader.read_file(
        uri, sagemaker_session=sagemaker.Session(default_bucket=bucket)
    ).splitlines()
    print("output", uri.rpartition("/")[2], len(lines), lines[0], lines[-1])

bad = pipeline.start(parameters={"InstanceCount": 0})
try:
    bad.wait(delay=1, max_attempts=300)
except botocore.exceptions.WaiterError as error:
    print("waiter:", "Waiter encountered a terminal failure state" in str(error))
tell(bad)
print("reason:", bad.describe()["FailureReason"])

stopped = pipeline.start(execution_description="to be stopped")
stopped.stop()
listed = pipeline.list_executions(sort_by="CreationTime", sort_order="Ascending")[
    "PipelineExecutionSummaries"
]
print("listed:", [run["PipelineExecutionArn"] for run in listed] == [execution.arn, bad.arn, stopped.arn])
versions = pipeline.list_pipeline_versions()["PipelineVersionSummaries"]
print("versions:", [version["PipelineVersionId"] for version in versions])
