"""Run batch transforms with an inference pipeline: the document's transformer with the SageMaker SDK 3.

python sdk3.py BUCKET ROLE REGION SCHEMA

The data is at key/file_name in the bucket, the models are at sparkml/ and xgboost/.
"""

import sys

import sagemaker.core.transformer
from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.resources import Model
from sagemaker.core.s3 import S3Downloader
from sagemaker.core.shapes import ContainerDefinition

default_bucket, role, region, schema_json = sys.argv[1:]
CONTENT_TYPE_CSV = "text/csv"
sess = Session(default_bucket=default_bucket)
model_name = "inference-pipeline-sdk3"
Model.create(
    model_name=model_name,
    execution_role_arn=role,
    containers=[
        ContainerDefinition(
            image=image_uris.retrieve("sparkml-serving", region, "3.3"),
            model_data_url=f"s3://{default_bucket}/sparkml/model.tar.gz",
            environment={"SAGEMAKER_SPARKML_SCHEMA": schema_json},
        ),
        ContainerDefinition(
            image=image_uris.retrieve("xgboost", region, "1.7-1"),
            model_data_url=f"s3://{default_bucket}/xgboost/model.tar.gz",
        ),
    ],
)

# fmt: off
input_data_path = 's3://{}/{}/{}'.format(default_bucket, 'key', 'file_name')
output_data_path = 's3://{}/{}'.format(default_bucket, 'key')
transform_job = sagemaker.core.transformer.Transformer(
    model_name = model_name,
    instance_count = 1,
    instance_type = 'ml.m4.xlarge',
    strategy = 'SingleRecord',
    assemble_with = 'Line',
    output_path = output_data_path,
    base_transform_job_name='inference-pipelines-batch',
    sagemaker_session=sess,
    accept = CONTENT_TYPE_CSV)
transform_job.transform(data = input_data_path,
                        content_type = CONTENT_TYPE_CSV,
                        split_type = 'Line', wait = False)
# fmt: on

transform_job.latest_transform_job.wait(poll=1)
print("job:", transform_job.latest_transform_job.transform_job_name)
print("files:", sorted(S3Downloader.list(output_data_path, sagemaker_session=sess)))
for line in S3Downloader.read_file(f"{input_data_path}.out", sagemaker_session=sess).splitlines():
    print("prediction:", line)
