"""Batch inference with TensorFlow Serving: the document's code for the SageMaker SDK, with the SDK 2.

python sdk2.py BUCKET ROLE jpeg|tfrecord

Runs in a folder with model.tar.gz. The data is in the bucket at photographs-jpeg/ and photographs-tfrecord/. For
TFRecords the document passes SplitType to `transformer`, which no SDK takes there, lacks a comma, and leaves out the
strategy of its command line, without which a call has several records with their framing.
"""

import os
import sys

import sagemaker
from sagemaker.tensorflow.serving import Model

bucket, role, kind = sys.argv[1:]

# fmt: off
# Without a bucket named here the SDK asks AWS's own STS for the account, whatever the endpoint.
sagemaker_session = sagemaker.Session(default_bucket=bucket)
prefix = 'sagemaker/high-throughput-tfs-batch-transform'
s3_path = 's3://{}/{}'.format(bucket, prefix)  # noqa: UP032

model_data = sagemaker_session.upload_data('model.tar.gz',
                                           bucket,
                                           os.path.join(prefix, f'{kind}-model'))

tensorflow_serving_model = Model(model_data=model_data,
                                 role=role,
                                 framework_version='1.13',
                                 sagemaker_session=sagemaker_session)

if kind == 'jpeg':
    output_path = f's3://{bucket}/sdk2-jpeg-output'
    tensorflow_serving_transformer = tensorflow_serving_model.transformer(
        instance_count=2,
        instance_type='ml.p3.2xlarge',
        max_concurrent_transforms=64,
        max_payload=1,
        output_path=output_path)

    input_path = f's3://{bucket}/photographs-jpeg/'
    tensorflow_serving_transformer.transform(input_path, content_type='application/x-image')
else:
    env = {'SAGEMAKER_TFS_ENABLE_BATCHING': 'true', 'SAGEMAKER_TFS_BATCH_TIMEOUT_MICROS': '50000',
           'SAGEMAKER_TFS_MAX_BATCH_SIZE': '16'}
    output_path = f's3://{bucket}/sdk2-tfrecord-output/'
    tensorflow_serving_transformer = tensorflow_serving_model.transformer(
        instance_count=2,
        strategy='SingleRecord',
        assemble_with='Line',
        instance_type='ml.p3.2xlarge',
        max_concurrent_transforms=64,
        max_payload=1,
        output_path=output_path, env=env)

    input_path = f's3://{bucket}/photographs-tfrecord/'
    tensorflow_serving_transformer.transform(input_path, content_type='application/x-tfexample',
                                             split_type='TFRecord')
# fmt: on

print("image:", tensorflow_serving_model.serving_image_uri("us-west-2", "ml.p3.2xlarge"))
