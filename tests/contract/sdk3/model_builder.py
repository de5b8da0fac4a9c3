"""Batch transform by ModelBuilder of the SageMaker SDK 3: from an image and an archive, and with a script beside them.

python model_builder.py BUCKET/PREFIX ROLE IMAGE FOLDER SCRIPT_IMAGE    (FOLDER has model.tar.gz and data/)
"""

import io
import sys
import tarfile
from pathlib import Path

from sagemaker.core.helper.session_helper import Session
from sagemaker.core.s3 import S3Downloader, S3Uploader
from sagemaker.core.training.configs import SourceCode
from sagemaker.serve import ModelBuilder
from sagemaker.serve.batch_inference.batch_transform_inference_config import BatchTransformInferenceConfig

SCRIPT = """
import os

def model_fn(folder):
    with open(os.path.join(folder, "factor.txt")) as file:
        return float(file.read())

def predict_fn(rows, factor):
    return rows.sum(axis=1) * factor
"""

place, role, image, folder, script_image = sys.argv[1:]
bucket, _, prefix = place.partition("/")
session = Session(default_bucket=bucket)


def upload(path: str | Path, name: str) -> str:
    """The S3 URI of a file or folder once it is uploaded."""
    return str(S3Uploader.upload(str(path), f"s3://{place}/{name}", sagemaker_session=session))


def run(word: str, data: str, image_uri: str, **parts: object) -> None:
    """Build a model, run a transform job with it, and print what that wrote."""
    builder = ModelBuilder(
        image_uri=image_uri,
        role_arn=role,
        sagemaker_session=session,
        instance_type="ml.m5.large",
        **parts,
    )
    model = builder.build(model_name=f"{prefix}-{word}")
    output_path = f"s3://{place}/{word}"
    transformer = builder.deploy(
        inference_config=BatchTransformInferenceConfig(
            instance_count=1, instance_type="ml.m5.large", output_path=output_path
        )
    )
    transformer.transform(data, content_type="text/csv", split_type="Line", wait=True, logs=False)
    print("model", word, model.model_name == f"{prefix}-{word}")
    for uri in sorted(S3Downloader.list(output_path, sagemaker_session=session)):
        values = (
            S3Downloader.read_file(uri, sagemaker_session=session).strip("[]\n").replace(",", " ").split()
        )
        print(word, uri.rpartition("/")[2], len(values), values[0], values[-1])
    model.delete()


run(
    "plain",
    upload(f"{folder}/data", "data"),
    image,
    s3_model_data_url=upload(f"{folder}/model.tar.gz", "model"),
)

Path("code").mkdir()
Path("code/inference.py").write_text(SCRIPT)
with tarfile.open("factor.tar.gz", "w:gz") as archive:
    entry = tarfile.TarInfo("factor.txt")
    entry.size = 3
    archive.addfile(entry, io.BytesIO(b"0.5"))
Path("rows.csv").write_text("1,2,3\n4,5,6\n10,20,30\n")
run(
    "scripted",
    upload("rows.csv", "rows"),
    script_image,
    s3_model_data_url=upload("factor.tar.gz", "factor"),
    source_code=SourceCode(source_dir="code", entry_script="inference.py"),
)
