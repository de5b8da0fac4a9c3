"""SageMaker Pipelines with the SDK 2: a script on scikit-learn's image, a condition on the report that it writes.

python processing_pipeline.py BUCKET/PREFIX ROLE
"""

import sys
from pathlib import Path

from sagemaker.processing import ProcessingOutput
from sagemaker.sklearn.processing import SKLearnProcessor
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionGreaterThanOrEqualTo
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.functions import Join, JsonGet
from sagemaker.workflow.parameters import ParameterInteger, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.properties import PropertyFile
from sagemaker.workflow.steps import ProcessingStep

SCRIPT = """
import json, pathlib, sys
import sklearn
report = {"sum": {"value": sum(int(word) for word in sys.argv[1:])}, "sklearn": sklearn.__version__}
pathlib.Path("/opt/ml/processing/report/report.json").write_text(json.dumps(report))
"""

place, role = sys.argv[1:]
bucket, _, prefix = place.partition("/")
session = PipelineSession(default_bucket=bucket)
Path("add.py").write_text(SCRIPT)

number = ParameterInteger("Number", default_value=3)
limit = ParameterInteger("Limit", default_value=4)
kind = ParameterString("InstanceType", default_value="ml.m5.large")
processor = SKLearnProcessor(
    framework_version="1.2-1", role=role, instance_type=kind, instance_count=1, sagemaker_session=session
)
report = PropertyFile(name="Report", output_name="report", path="report.json")
add = ProcessingStep(
    "Add",
    step_args=processor.run(
        code="add.py",
        arguments=["1", number.to_string()],
        outputs=[ProcessingOutput(output_name="report", source="/opt/ml/processing/report")],
    ),
    property_files=[report],
)
value = JsonGet(step_name=add.name, property_file=report, json_path="sum.value")
enough = ConditionStep(
    "Enough",
    conditions=[ConditionGreaterThanOrEqualTo(left=value, right=limit)],
    if_steps=[],
    else_steps=[FailStep("TooLittle", error_message=Join(on=" ", values=["the sum is", value]))],
)
pipeline = Pipeline(
    name=prefix, parameters=[number, limit, kind], steps=[add, enough], sagemaker_session=session
)
pipeline.upsert(role_arn=role)
for parameters in ({}, {"Number": 2}):
    execution = pipeline.start(parameters=parameters)
    try:
        execution.wait(delay=2, max_attempts=300)
    except Exception as error:
        print("waiter:", type(error).__name__)
    for step in reversed(execution.list_steps()):
        print("step:", step["StepName"], step["StepStatus"], step.get("FailureReason", ""))
    print("status:", execution.describe()["PipelineExecutionStatus"])
