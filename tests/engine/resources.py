"""What engine tests need again and again: a bucket, objects, a model, a request, a refusal to expect."""

from __future__ import annotations

import io
import itertools
import re
import tarfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.engine import EngineProcess

ROLE = "arn:aws:iam::000000000000:role/SageMakerRole"
BUCKET = "engine-tests"
#: No runtime stands in for this image: a job on it fails at once, which is all that most tests need of it.
STRANGE_IMAGE = "example.com/nobody/knows:1"

_numbers = itertools.count()


def unique(word: str) -> str:
    """A name no other test has; later ones sort behind earlier ones."""
    return f"{word}-{next(_numbers):05}-{uuid.uuid4().hex[:6]}"


def put(engine: EngineProcess, key: str, body: bytes = b"1,2\n") -> str:
    """Store an object in the tests' bucket; returns its S3 URI."""
    s3 = engine.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    return f"s3://{BUCKET}/{key}"


def model_data(engine: EngineProcess) -> str:
    """A model.tar.gz with next to nothing in it; returns its S3 URI."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        info = tarfile.TarInfo("empty")
        tar.addfile(info, io.BytesIO())
    return put(engine, "models/model.tar.gz", archive.getvalue())


def create_model(engine: EngineProcess, name: str | None = None, **more: Any) -> str:
    """Create a model on an image nobody knows; returns its name."""
    name = name or unique("model")
    container = {"Image": STRANGE_IMAGE, "ModelDataUrl": model_data(engine)}
    engine.client("sagemaker").create_model(
        **{"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": ROLE, **more}
    )
    return name


def job_request(model: str, data: str, name: str | None = None, **more: Any) -> dict[str, Any]:
    """The least CreateTransformJob request."""
    return {
        "TransformJobName": name or unique("job"),
        "ModelName": model,
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": data}}},
        "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/out"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **more,
    }


@contextmanager
def refused(code: str, message: str | None = None) -> Iterator[None]:
    """Expect an AWS error of that code, its message containing `message` if that is given."""
    with pytest.raises(ClientError, match=message and re.escape(message)) as caught:
        yield
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert caught.value.response["ResponseMetadata"]["RequestId"]
