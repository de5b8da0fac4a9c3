"""The SageMaker SDK 2: stop a job, find it again by its name, run another and wait without its log.

python stop_and_attach.py BUCKET/PREFIX ROLE IMAGE MODEL_DATA DATA    (the last two are S3 URIs)
"""

import sys

import sagemaker
from sagemaker.model import Model
from sagemaker.transformer import Transformer

place, role, image, model_data, data = sys.argv[1:]
session = sagemaker.Session(default_bucket=place.split("/")[0])


def status(transformer):
    """What SageMaker says of the transformer's latest job."""
    name = transformer.latest_transform_job.name
    return session.describe_transform_job(name)["TransformJobStatus"]


model = Model(image_uri=image, model_data=model_data, role=role, sagemaker_session=session)
transformer = model.transformer(1, "ml.m5.large", output_path=f"s3://{place}/out", assemble_with="Line")
transformer.transform(data, content_type="text/csv", split_type="Line", wait=False)
# With wait=True the SDK would follow the log, and look at the job no more than twice a minute.
transformer.stop_transform_job(wait=False)
transformer.wait(logs=False)
print("first job:", status(transformer))

again = Transformer.attach(transformer.latest_transform_job.name, sagemaker_session=session)
print("attached:", again.model_name == model.name, again.output_path, again.assemble_with, status(again))

again.transform(data, content_type="text/csv", split_type="Line", wait=True, logs=False)
print("second job:", status(again))
transformer.delete_model()
