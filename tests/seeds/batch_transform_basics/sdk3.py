"""Batch transform, basics: the document's request and its SDK demo with the SageMaker SDK 3.

python sdk3.py BUCKET ROLE VERSION

Libsvm data is below inputfolder/ in the bucket, CSV data below csv/, the model is at model.tar.gz.
"""

import sys

from sagemaker.core import image_uris
from sagemaker.core.resources import Model, TransformJob
from sagemaker.core.s3 import S3Downloader
from sagemaker.core.shapes import ContainerDefinition
from sagemaker.core.transformer import Transformer

mybucket, role, version = sys.argv[1:]
image_uri = image_uris.retrieve(framework="xgboost", region="us-west-2", version=version)
container = ContainerDefinition(image=image_uri, model_data_url=f"s3://{mybucket}/model.tar.gz")
model = Model.create(model_name="basics-sdk3", primary_container=container, execution_role_arn=role)

job = TransformJob.create(
    transform_job_name="my-job-3",
    model_name="basics-sdk3",
    transform_input={
        "data_source": {
            "s3_data_source": {"s3_data_type": "S3Prefix", "s3_uri": f"s3://{mybucket}/inputfolder/"}
        },
        "split_type": "Line",
    },
    transform_output={"s3_output_path": f"s3://{mybucket}/request-sdk3", "assemble_with": "Line"},
    transform_resources={"instance_type": "ml.m4.xlarge", "instance_count": 1},
)
transformer = Transformer(
    model_name="basics-sdk3",
    instance_count=1,
    instance_type="ml.m4.xlarge",
    output_path=f"s3://{mybucket}/demo-sdk3",
)
transformer.transform(
    data=f"s3://{mybucket}/csv",
    data_type="S3Prefix",
    content_type="text/csv",
    split_type="Line",
    wait=False,
)
job.wait(poll=1)
transformer.latest_transform_job.wait(poll=1)
for path in ("request-sdk3", "demo-sdk3"):
    for uri in sorted(S3Downloader.list(f"s3://{mybucket}/{path}/")):
        print(f"{uri.partition(mybucket + '/')[2]}:", S3Downloader.read_file(uri).splitlines())
