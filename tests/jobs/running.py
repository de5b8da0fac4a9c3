"""Jobs on the real engine with the tests' own model server, brought to their end."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.lifecycle.queue import starting
from jobs.models import TransformJob
from jobs.services.submitting import submission
from tests.cast import House, make_house
from tests.engine.conftest import serving_engine
from tests.engine.resources import ROLE, unique
from tests.engine.transforms import BUCKET, container, put
from tests.jobs.following import follow
from tests.support.engine import EngineProcess
from transform.spec import TransformSpec

__all__ = ["folder", "run", "serving", "serving_engine", "started", "submitted"]


@pytest.fixture
def serving(db: None, serving_engine: EngineProcess, settings: Any, engine_keys: Any) -> House:
    """Alice's team, connected to the engine that has the tests' own model server."""
    settings.ENGINE_URL = serving_engine.url
    settings.ENGINE_CREDENTIALS = serving_engine.data_dir / "credentials.json"
    return make_house("first", {"alice": "admin"}, serving_engine.url)


@pytest.fixture
def folder(serving_engine: EngineProcess) -> str:
    """A folder of the test's own in the bucket; also the name of a model that refuses lines saying "bad"."""
    name = unique("attempts")
    serving_engine.client("sagemaker").create_model(
        ModelName=name, Containers=[container(serving_engine)], ExecutionRoleArn=ROLE
    )
    return name


def run(
    house: House, engine: EngineProcess, folder: str, bodies: dict[str, bytes], **fields: Any
) -> TransformJob:
    """A job over these objects, followed to its end."""
    return follow(submitted(house, engine, folder, bodies, **fields))


def submitted(
    house: House, engine: EngineProcess, folder: str, bodies: dict[str, bytes], **fields: Any
) -> TransformJob:
    """A job over these objects, brought to the engine."""
    for name, body in bodies.items():
        put(engine, f"{folder}/in/{name}", body)
    values = {
        "model_name": folder,
        "data": f"s3://{BUCKET}/{folder}/in/",
        "output_path": f"s3://{BUCKET}/{folder}/out",
        "instance_type": "ml.m5.large",
        "split_type": "Line",
        **fields,
    }
    spec = TransformSpec.from_fields(values)
    job = submission.submit(house.connection, spec, by=house.people["alice"])
    starting.start(job.pk)
    return job


def started(job: TransformJob) -> TransformJob:
    """The job, brought to the engine and followed to its end."""
    starting.start(job.pk)
    return follow(job)
