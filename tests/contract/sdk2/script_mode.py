"""The SageMaker SDK 2's SKLearnModel: a script of one's own beside the model, brought along at deployment.

    python script_mode.py BUCKET/PREFIX ROLE

The SDK uploads the script by itself, and tells the container where in S3 it is.
"""

import io
import json
import sys
import tarfile
from pathlib import Path

import sagemaker
from sagemaker.s3 import S3Downloader, S3Uploader
from sagemaker.sklearn import SKLearnModel

place, role = sys.argv[1:]
session = sagemaker.Session(default_bucket=place.split("/")[0])

# A model is whatever the script can load: here two weights. Made in the folder that we were started in.
weights = json.dumps([2.0, 0.5]).encode()
with tarfile.open("model.tar.gz", "w:gz") as archive:
    member = tarfile.TarInfo("weights.json")
    member.size = len(weights)
    archive.addfile(member, io.BytesIO(weights))
model_data = S3Uploader.upload("model.tar.gz", f"s3://{place}/model", sagemaker_session=session)
S3Uploader.upload_string_as_file_body("1,2\n3,4\n", f"s3://{place}/data/rows.csv", sagemaker_session=session)

model = SKLearnModel(
    model_data=model_data,
    role=role,
    entry_point=str(Path(__file__).with_name("weighted_sum.py")),
    framework_version="1.2-1",
    sagemaker_session=session,
)
transformer = model.transformer(1, "ml.m5.large", output_path=f"s3://{place}/out", accept="text/csv")
transformer.transform(f"s3://{place}/data", content_type="text/csv", wait=True, logs=False)
output = S3Downloader.read_file(f"s3://{place}/out/rows.csv.out", sagemaker_session=session)
print("output", output.split())
transformer.delete_model()
