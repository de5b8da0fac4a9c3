"""Batch transform with the SageMaker SDK 2: upload, make a model, follow the job's log, read the predictions.

    python transform.py BUCKET/PREFIX ROLE IMAGE FOLDER    (FOLDER has model.tar.gz and data/)

The bucket is named to the session: without one the SDK asks STS for the account's number, at AWS's own address.
"""

import sys

import sagemaker
from sagemaker.model import Model
from sagemaker.s3 import S3Downloader, S3Uploader

place, role, image, folder = sys.argv[1:]
session = sagemaker.Session(default_bucket=place.split("/")[0])
model_data = S3Uploader.upload(f"{folder}/model.tar.gz", f"s3://{place}/model", sagemaker_session=session)
data = S3Uploader.upload(f"{folder}/data", f"s3://{place}/data", sagemaker_session=session)

model = Model(image_uri=image, model_data=model_data, role=role, sagemaker_session=session)
transformer = model.transformer(
    instance_count=1,
    instance_type="ml.m5.large",
    strategy="MultiRecord",
    assemble_with="Line",
    accept="text/csv",
    output_path=f"s3://{place}/out",
    tags=[{"Key": "made-by", "Value": "transform.py"}],
)
transformer.transform(data, content_type="text/csv", split_type="Line", wait=True, logs=True)

for uri in sorted(S3Downloader.list(f"s3://{place}/out", sagemaker_session=session)):
    lines = S3Downloader.read_file(uri, sagemaker_session=session).splitlines()
    print("output", uri.rpartition("/")[2], len(lines), lines[0], lines[-1])
transformer.delete_model()
