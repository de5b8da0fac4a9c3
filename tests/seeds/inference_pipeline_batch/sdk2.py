"""Run batch transforms with an inference pipeline: the document's code with the SageMaker SDK 2.

python sdk2.py BUCKET ROLE REGION SCHEMA

The data is at key/file_name in the bucket, the models are at sparkml/ and xgboost/.
"""

import sys

import sagemaker
import sagemaker.transformer
from sagemaker import image_uris
from sagemaker.model import Model
from sagemaker.pipeline import PipelineModel
from sagemaker.s3 import S3Downloader
from sagemaker.sparkml.model import SparkMLModel

default_bucket, role, region, schema_json = sys.argv[1:]
CONTENT_TYPE_CSV = "text/csv"
sess = sagemaker.Session(default_bucket=default_bucket)

# What was created in previous examples: one model of a SparkML and an XGBoost container.
model_name = "inference-pipeline-sdk2"
sparkml_model = SparkMLModel(
    model_data=f"s3://{default_bucket}/sparkml/model.tar.gz",
    role=role,
    sagemaker_session=sess,
    spark_version="3.3",
    env={"SAGEMAKER_SPARKML_SCHEMA": schema_json},
)
xgb_model = Model(
    model_data=f"s3://{default_bucket}/xgboost/model.tar.gz",
    image_uri=image_uris.retrieve("xgboost", region, "1.7-1"),
    role=role,
    sagemaker_session=sess,
)
sm_model = PipelineModel(
    name=model_name, role=role, models=[sparkml_model, xgb_model], sagemaker_session=sess
)
sm_model.transformer(1, "ml.m4.xlarge")  # Creates the model.

# fmt: off
input_data_path = 's3://{}/{}/{}'.format(default_bucket, 'key', 'file_name')
output_data_path = 's3://{}/{}'.format(default_bucket, 'key')
transform_job = sagemaker.transformer.Transformer(
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
                        split_type = 'Line')
# fmt: on

transform_job.wait(logs=False)
print("job:", transform_job.latest_transform_job.name)
print("files:", sorted(S3Downloader.list(output_data_path, sagemaker_session=sess)))
for line in S3Downloader.read_file(f"{input_data_path}.out", sagemaker_session=sess).splitlines():
    print("prediction:", line)
