"""kill -9 of the whole house in the middle of a job, and a new start: the job ends Completed, exactly once."""

from __future__ import annotations

import io
import json
import tarfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.house import CHECKOUT, House, wait_until

pytestmark = [pytest.mark.house, pytest.mark.xdist_group("own-houses"), pytest.mark.timeout(600)]

OBJECTS = 12
#: Takes its time over each call, so that there is a middle to be killed in.
SCRIPT = """
import time

def model_fn(model_dir):
    return None

def input_fn(body, content_type):
    return body

def predict_fn(text, model):
    time.sleep(0.4)
    return sum(int(cell) for cell in text.split(","))

def output_fn(total, accept):
    return f"{total}\\n"
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(CHECKOUT, tmp_path / "data").start("--no-sample")
    yield house
    house.stop()
    house.kill()


def call(house: House, token: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """One request to the REST API; its JSON answer."""
    request = urllib.request.Request(
        f"{house.url}/api/v1/{path}",
        data=json.dumps(body).encode() if body is not None else None,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def archive() -> bytes:
    """A model archive that holds only the script."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        member = tarfile.TarInfo("code/inference.py")
        member.size = len(SCRIPT)
        tar.addfile(member, io.BytesIO(SCRIPT.encode()))
    return buffer.getvalue()


def test_a_job_interrupted_by_kill_9_ends_completed_exactly_once(house: House) -> None:
    s3, token = house.client("s3"), house.token()
    s3.create_bucket(Bucket="slow")
    s3.put_object(Bucket="slow", Key="model.tar.gz", Body=archive())
    for number in range(OBJECTS):
        s3.put_object(Bucket="slow", Key=f"in/{number:02}.csv", Body=f"{number},1".encode())
    image = "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
    model = {"name": "slow", "connection": "engine", "image": image, "model_data": "s3://slow/model.tar.gz"}
    call(house, token, "models/", model)
    job = call(
        house,
        token,
        "jobs/",
        {
            "connection": "engine",
            "model": "slow",
            "data": "s3://slow/in/",
            "content_type": "text/csv",
            "output_path": "s3://slow/out/",
            "instance_type": "ml.m5.large",
            "instance_count": 1,
        },
    )
    assert job["state"] in ("WAITING", "SUBMITTING", "IN_PROGRESS")

    def now() -> Any:
        return call(house, token, f"jobs/{job['id']}/")

    wait_until(lambda: (now()["objects_done"] or 0) >= 2, 180, lambda: str(now()))
    house.kill()
    house.start("--no-sample")

    wait_until(
        lambda: now()["state"] not in ("WAITING", "SUBMITTING", "IN_PROGRESS"), 120, lambda: str(now())
    )
    ended = now()
    assert ended["state"] == "COMPLETED", ended
    assert ended["objects_done"] == ended["objects_total"] == OBJECTS
    remote = house.client("sagemaker").list_transform_jobs()["TransformJobSummaries"]
    assert [(summary["TransformJobName"], summary["TransformJobStatus"]) for summary in remote] == [
        (job["name"], "Completed")
    ]
    s3 = house.client("s3")
    for number in range(OBJECTS):
        body = s3.get_object(Bucket="slow", Key=f"out/{number:02}.csv.out")["Body"].read()
        assert body == f"{number + 1}\n".encode()
