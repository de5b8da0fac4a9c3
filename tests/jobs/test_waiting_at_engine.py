"""Jobs that the engine has accepted and cannot run yet: the page and the API say what they wait for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs.lifecycle.queue import starting
from jobs.models import TransformJob
from jobs.states import JobState
from teams.models import Role
from tests.cast import House, make_house
from tests.engine.resources import ROLE
from tests.engine.transforms import BUCKET, MODEL_SERVERS, container, put
from tests.jobs.following import follow, poll_now
from tests.support.engine import EngineProcess
from tests.support.small_disk import SmallDisk, mounted
from transform.spec import TransformSpec

pytestmark = pytest.mark.django_db


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with mounted(tmp_path / "disk", 64) as disk:
        yield disk


@pytest.fixture
def own_engine(disk: SmallDisk, settings: Any, engine_keys: Path) -> Iterator[EngineProcess]:
    """An engine on a small disk, with a model that does what its input says."""
    process = EngineProcess(disk.folder / "engine", ENGINE_EXTRA_RUNTIMES=str(MODEL_SERVERS)).start()
    settings.ENGINE_URL = process.url
    settings.ENGINE_CREDENTIALS = process.data_dir / "credentials.json"
    for word in ("sleep", "x"):
        put(process, f"{word}/in", word.encode())
    process.client("sagemaker").create_model(
        ModelName="churn", Containers=[container(process)], ExecutionRoleArn=ROLE
    )
    yield process
    process.stop()


def submit(house: House, word: str, number: int = 0) -> TransformJob:
    """A job over the one input of that name, as the worker brings it to the engine."""
    fields = {
        "model_name": "churn",
        "data": f"s3://{BUCKET}/{word}/",
        "output_path": f"s3://{BUCKET}/out-{house.team.slug}-{number}/",
        "instance_type": "ml.m5.large",
        "split_type": "Line",
    }
    spec = TransformSpec.from_fields(fields).to_fields()
    job = house.job(JobState.WAITING, spec=spec, name=f"{house.team.slug}-{word}-{number}")
    starting.start(job.pk)
    job.refresh_from_db()
    return job


def test_hanging_jobs_of_one_team_do_not_hold_up_another_and_a_job_says_what_it_waits_for(
    own_engine: EngineProcess,
) -> None:
    first = make_house("first", {"alice": Role.ADMIN, "vera": Role.VIEWER}, own_engine.url)
    other_house = make_house("second", {"charlie": Role.ADMIN}, own_engine.url)
    hanging = [submit(first, "sleep", number) for number in range(4)]
    assert {job.state for job in hanging} == {JobState.IN_PROGRESS}
    waiting = submit(first, "x", 4)
    poll_now(first.connection)
    reason = "Waits for a free place on the engine: 4 jobs run, all of this team."
    assert first.api("vera").get(f"/api/v1/jobs/{waiting.key}/").json()["state_reason"] == reason
    page = first.page("vera").get(f"/jobs/{waiting.key}/").content.decode()
    assert page.count(reason) == 1
    assert "Accepted; it has not begun." in page

    assert follow(submit(other_house, "x")).state == JobState.COMPLETED
    # A place is free again: the reason goes with it.
    own_engine.client("sagemaker").stop_transform_job(TransformJobName=hanging[0].name)
    ended = follow(waiting)
    assert (ended.state, ended.state_reason) == (JobState.COMPLETED, "")


def test_a_job_waits_with_the_reason_while_the_engine_has_no_space_for_it(
    own_engine: EngineProcess, disk: SmallDisk
) -> None:
    house = make_house("first", {"alice": Role.ADMIN}, own_engine.url)
    disk.fill()
    # What the databases have left takes some jobs: these wait at the engine, the next one here.
    for number in range(500):
        job = submit(house, "x", number)
        if job.state == JobState.WAITING:
            break
    assert "cannot do it now: The engine's disk is full" in job.state_reason
    assert job.next_attempt_at is not None
    disk.empty()
    TransformJob.objects.filter(pk=job.pk).update(next_attempt_at=None)
    starting.start(job.pk)
    assert follow(job).state == JobState.COMPLETED
