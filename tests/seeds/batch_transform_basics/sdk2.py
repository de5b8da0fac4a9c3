"""Batch transform, basics: the document from top to bottom, its boto3 request and its SDK demo, with the SDK 2.

python sdk2.py BUCKET ROLE VERSION

Libsvm data is below inputfolder/ in the bucket, CSV data below csv/, the model is at model.tar.gz. VERSION is the tag
of the XGBoost image: the document's own is "latest".
"""

import sys

import boto3
from sagemaker import image_uris
from sagemaker.model import Model
from sagemaker.s3 import S3Downloader

mybucket, role, version = sys.argv[1:]

# The document has curly quotes, TransformInput twice and a bracket too many, none of which is Python; and underscores
# in the two names, which SageMaker refuses.
# fmt: off
client = boto3.client('sagemaker')
response = client.create_transform_job(
    TransformJobName='my-job',
    ModelName='target-model-for-inference',
    TransformInput={
        'DataSource': {
            'S3DataSource': {
            'S3DataType': 'S3Prefix',
            'S3Uri': f's3://{mybucket}/inputfolder/'
         }
     },
    'SplitType': 'Line'
    },
    TransformOutput={
        'S3OutputPath': f's3://{mybucket}/outputpath',
        'AssembleWith': 'Line'
    },
    TransformResources={
    'InstanceType': 'ml.m4.xlarge',
    'InstanceCount': 1})
# fmt: on

batch_transform_output_path = f"s3://{mybucket}/sdk2-{version}"
data_s3_path = f"s3://{mybucket}/csv"

# fmt: off
image_uri = image_uris.retrieve(framework='xgboost',region='us-west-2', version=version)
model_data = f"s3://{mybucket}/model.tar.gz"

model = Model(image_uri=image_uri, model_data=model_data, role=role)

transformer = model.transformer(
    instance_count = 1,
    instance_type = 'ml.m4.xlarge',
    output_path = batch_transform_output_path
)

transformer.transform(
    data=data_s3_path,
    data_type='S3Prefix',
    content_type='text/csv',
    split_type='Line'
)
# fmt: on

print("image:", image_uri)
for path in ("outputpath", f"sdk2-{version}"):
    for uri in sorted(S3Downloader.list(f"s3://{mybucket}/{path}/")):
        print(f"{uri.partition(mybucket + '/')[2]}:", S3Downloader.read_file(uri).splitlines())
