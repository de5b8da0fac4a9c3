"""Airflow's operators and sensor for batch transform and the model registry, executed without a scheduler.

python transform.py BUCKET/PREFIX ROLE IMAGE MODEL_DATA DATA    (the last two are S3 URIs)
"""

import sys

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.operators.sagemaker import (
    SageMakerDeleteModelOperator,
    SageMakerRegisterModelVersionOperator,
    SageMakerTransformOperator,
)
from airflow.providers.amazon.aws.sensors.sagemaker import SageMakerTransformSensor
from airflow.providers.amazon.aws.utils.sagemaker import ApprovalStatus

place, role, image, model_data, data = sys.argv[1:]
name = place.rpartition("/")[2]
# Without a connection of Airflow's own, boto3 takes keys and address from the environment.
common = {"aws_conn_id": None, "do_xcom_push": False}


def operator(task, uri, **options):
    """A task that makes the model and runs a job over the objects below an S3 URI."""
    transform = {
        "TransformJobName": name,
        "ModelName": name,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": f"s3://{place}/{task}", "AssembleWith": "Line"},
        # Airflow makes a number of it.
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": "1"},
    }
    model = {
        "ModelName": name,
        "ExecutionRoleArn": role,
        "PrimaryContainer": {"Image": image, "ModelDataUrl": model_data},
    }
    config = {"Model": model, "Transform": transform}
    return SageMakerTransformOperator(task_id=task, config=config, check_interval=1, **options, **common)


done = operator("first", data).execute({})
print("status:", done["Transform"]["TransformJobStatus"], done["Model"]["ModelName"] == name)
s3 = S3Hook(aws_conn_id=None)
bucket, _, prefix = place.partition("/")
for key in s3.list_keys(bucket, f"{prefix}/first/"):
    lines = s3.read_key(key, bucket).splitlines()
    print("output", key.rpartition("/")[2], len(lines), lines[0], lines[-1])

# The name is taken: Airflow makes another one of the time.
again = operator("again", data, wait_for_completion=False).execute({})["Transform"]
print("renamed:", again["TransformJobName"] != name, again["TransformJobName"].startswith(name))
sensor = SageMakerTransformSensor(
    task_id="sensor", job_name=again["TransformJobName"], poke_interval=1, timeout=300, **common
)
sensor.execute({})
print("sensed:", sensor.get_sagemaker_response()["TransformJobStatus"])

s3.load_string("no,numbers\n", f"{prefix}/bad/rows.csv", bucket)
try:
    operator("bad", f"s3://{place}/bad/").execute({})
except Exception as error:
    print("failed:", "ClientError" in str(error))
try:
    operator("missing", f"s3://{bucket}/none/at/all").execute({})
except Exception as error:
    print("missing:", type(error).__name__)

package = SageMakerRegisterModelVersionOperator(
    task_id="register",
    image_uri=image,
    model_url=model_data,
    package_group_name=name,
    model_approval=ApprovalStatus.APPROVED,
    **common,
).execute({})
print("registered:", package.rpartition("/")[2])
SageMakerDeleteModelOperator(task_id="delete", config={"ModelName": name}, **common).execute({})
