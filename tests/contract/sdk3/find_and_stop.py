"""The SageMaker SDK 3: jobs that are stopped, that fail, and are found again.

python find_and_stop.py BUCKET/PREFIX ROLE IMAGE MODEL_DATA DATA    (the last two are S3 URIs)
"""

import sys
import time

from sagemaker.core.helper.session_helper import Session
from sagemaker.core.resources import Model, TransformJob
from sagemaker.core.s3 import S3Uploader
from sagemaker.core.shapes import (
    ContainerDefinition,
    TransformDataSource,
    TransformInput,
    TransformOutput,
    TransformResources,
    TransformS3DataSource,
)
from sagemaker.core.utils.exceptions import FailedStatusError

place, role, image, model_data, data = sys.argv[1:]
session = Session(default_bucket=place.split("/")[0])
prefix = f"sdk3-{int(time.time() * 1000)}"
container = ContainerDefinition(image=image, model_data_url=model_data)
model = Model.create(model_name=prefix, primary_container=container, execution_role_arn=role)


def start(word, uri):
    """A job over the objects below an S3 URI."""
    source = TransformDataSource(s3_data_source=TransformS3DataSource(s3_data_type="S3Prefix", s3_uri=uri))
    return TransformJob.create(
        transform_job_name=f"{prefix}-{word}",
        model_name=model.model_name,
        transform_input=TransformInput(data_source=source, content_type="text/csv", split_type="Line"),
        transform_output=TransformOutput(s3_output_path=f"s3://{place}/out", assemble_with="Line"),
        transform_resources=TransformResources(instance_type="ml.m5.large", instance_count=1),
    )


stopped = start("stopped", data)
stopped.stop()
stopped.wait(poll=2)
print("stopped:", stopped.refresh().transform_job_status)

bad = f"s3://{place}/bad/rows.csv"
S3Uploader.upload_string_as_file_body("no,numbers\n", bad, sagemaker_session=session)
try:
    start("failed", bad).wait(poll=2)
except FailedStatusError as error:
    print("failed:", "ClientError" in str(error))

jobs = TransformJob.get_all(name_contains=prefix, sort_by="Name", sort_order="Ascending")
print("found:", [job.transform_job_name.removeprefix(f"{prefix}-") for job in jobs])
failed = TransformJob.get_all(name_contains=prefix, status_equals="Failed")
print("failed ones:", [(job.model_name == model.model_name, job.failure_reason[:11]) for job in failed])
print("models:", [entry.model_name == prefix for entry in Model.get_all(name_contains=prefix)])
model.delete()
print("models left:", len(list(Model.get_all(name_contains=prefix))))
