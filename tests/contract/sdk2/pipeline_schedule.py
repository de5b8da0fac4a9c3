"""A schedule of the SDK 2 for a pipeline: put_triggers, an execution at its time, delete_triggers.

python pipeline_schedule.py BUCKET/PREFIX ROLE
"""

import datetime as dt
import sys
import time

from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionEquals
from sagemaker.workflow.parameters import ParameterInteger
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.triggers import PipelineSchedule

place, role = sys.argv[1:]
bucket, _, prefix = place.partition("/")
session = PipelineSession(default_bucket=bucket)
number = ParameterInteger("Number", default_value=1)
check = ConditionStep("Check", conditions=[ConditionEquals(left=number, right=1)], if_steps=[], else_steps=[])
pipeline = Pipeline(name=prefix, parameters=[number], steps=[check], sagemaker_session=session)
pipeline.upsert(role_arn=role)
due = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=5)
names = [f"{prefix}-once", f"{prefix}-daily"]
arns = pipeline.put_triggers(
    [PipelineSchedule(name=names[0], at=due), PipelineSchedule(name=names[1], rate=(1, "day"))], role_arn=role
)
print("triggers:", len(arns))
described = pipeline.describe_trigger(names[1])
print("described:", described["Schedule_Expression"], described["Schedule_State"])
while not (executions := pipeline.list_executions()["PipelineExecutionSummaries"]):
    time.sleep(1)
print("not early:", executions[0]["StartTime"] >= due.replace(microsecond=0))
pipeline.delete_triggers(names)
print("executions:", len(pipeline.list_executions()["PipelineExecutionSummaries"]))
