"""The smallest job there is: one object of one line, and a script that answers it."""

from __future__ import annotations

import io
import re
import tarfile
from typing import Any

import boto3

from bench._client import Api
from tests.support.house import House

BUCKET = MODEL = "tiny"
_IMAGE = "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
_SCRIPT = """
def model_fn(model_dir):
    return None

def transform_fn(model, body, content_type, accept):
    return body, accept
"""


def prepare(house: House, api: Api) -> None:
    """Give the house's engine the model and the input, and register the model."""
    s3 = client(house, "s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="model.tar.gz", Body=_archive())
    s3.put_object(Bucket=BUCKET, Key="in/one.csv", Body=b"1,2\n")
    model = {
        "name": MODEL,
        "connection": "engine",
        "image": _IMAGE,
        "model_data": f"s3://{BUCKET}/model.tar.gz",
    }
    api.post("models/", model)


def job(name: str) -> dict[str, Any]:
    """The body that submits such a job under this name."""
    return {
        "connection": "engine",
        "model": MODEL,
        "name": name,
        "data": f"s3://{BUCKET}/in/",
        "output_path": f"s3://{BUCKET}/out/{name}/",
        "content_type": "text/csv",
        "instance_type": "ml.m5.large",
        "instance_count": 1,
    }


def sagemaker(house: House) -> Any:
    """A boto3 client of the house's engine."""
    return client(house, "sagemaker")


def client(house: House, service: str) -> Any:
    """A boto3 client of the house's engine for any of its services."""
    exports = dict(re.findall(r"export (\w+)=(\S+)", house.deck("env")))
    connect: Any = boto3.client
    return connect(
        service,
        endpoint_url=house.engine_url,
        region_name="us-east-1",
        aws_access_key_id=exports["AWS_ACCESS_KEY_ID"].strip("'\""),
        aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"].strip("'\""),
    )


def _archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        member = tarfile.TarInfo("code/inference.py")
        member.size = len(_SCRIPT)
        tar.addfile(member, io.BytesIO(_SCRIPT.encode()))
    return buffer.getvalue()
