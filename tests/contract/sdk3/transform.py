"""Batch transform with the SageMaker SDK 3 (sagemaker-core): upload, make a model, follow the log, read predictions.

python transform.py BUCKET/PREFIX ROLE IMAGE FOLDER    (FOLDER has model.tar.gz and data/)
"""

import sys
import time

from sagemaker.core.helper.session_helper import Session
from sagemaker.core.resources import Model, TransformJob
from sagemaker.core.s3 import S3Downloader, S3Uploader
from sagemaker.core.shapes import (
    ContainerDefinition,
    TransformDataSource,
    TransformInput,
    TransformOutput,
    TransformResources,
    TransformS3DataSource,
)
from sagemaker.core.utils.utils import configure_logging

place, role, image, folder = sys.argv[1:]
session = Session(default_bucket=place.split("/")[0])
model_data = S3Uploader.upload(f"{folder}/model.tar.gz", f"s3://{place}/model", sagemaker_session=session)
data = S3Uploader.upload(f"{folder}/data", f"s3://{place}/data", sagemaker_session=session)

name = f"sdk3-{int(time.time() * 1000)}"
model = Model.create(
    model_name=name,
    primary_container=ContainerDefinition(image=image, model_data_url=model_data),
    execution_role_arn=role,
)
source = TransformS3DataSource(s3_data_type="S3Prefix", s3_uri=data)
job = TransformJob.create(
    transform_job_name=name,
    model_name=model.model_name,
    batch_strategy="MultiRecord",
    transform_input=TransformInput(
        data_source=TransformDataSource(s3_data_source=source), content_type="text/csv", split_type="Line"
    ),
    transform_output=TransformOutput(
        s3_output_path=f"s3://{place}/out", accept="text/csv", assemble_with="Line"
    ),
    transform_resources=TransformResources(instance_type="ml.m5.large", instance_count=1),
    tags=[{"key": "made-by", "value": "transform.py"}],
)
configure_logging("INFO")  # The job's log comes as log records.
job.wait(poll=2, logs=True)
print("status", job.transform_job_status)

for uri in sorted(S3Downloader.list(f"s3://{place}/out", sagemaker_session=session)):
    lines = S3Downloader.read_file(uri, sagemaker_session=session).splitlines()
    print("output", uri.rpartition("/")[2], len(lines), lines[0], lines[-1])
model.delete()
