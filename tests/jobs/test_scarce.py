"""A job's way through real quotas, throttling and missing capacity: back to the line, or on to a fallback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from jobs import queries
from jobs.lifecycle import reconciling
from jobs.lifecycle.queue import starting, stopping
from jobs.models import TransformJob
from jobs.options import RunOptions
from jobs.services.attempts import stopping as stop_service
from jobs.services.listing.display import for_display
from jobs.services.submitting import submission
from jobs.states import JobState
from teams.models import Role
from tests.cast import House, make_house
from tests.engine.resources import create_model, put, unique
from tests.engine.transforms import MODEL_SERVERS, container
from tests.jobs.following import follow
from tests.support.engine import EngineProcess
from transform.spec import TransformSpec

pytestmark = pytest.mark.django_db
M5, C5, P3 = "ml.m5.large", "ml.c5.xlarge", "ml.p3.2xlarge"


def start_engine(folder: Path, **environment: str) -> Iterator[EngineProcess]:
    process = EngineProcess(folder, ENGINE_EXTRA_RUNTIMES=str(MODEL_SERVERS), **environment).start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine with room for one ml.m5.large and for no ml.p3.2xlarge."""
    quotas = f"{M5}=1, {P3}=0, total=3"
    yield from start_engine(tmp_path_factory.mktemp("small"), ENGINE_QUOTAS=quotas)


@pytest.fixture(scope="module")
def throttling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine that refuses each CreateTransformJob as one too many."""
    yield from start_engine(tmp_path_factory.mktemp("throttling"), ENGINE_RATE_LIMITS="CreateTransformJob=0")


def house_on(engine: EngineProcess, settings: Any) -> House:
    settings.ENGINE_URL = engine.url
    settings.ENGINE_CREDENTIALS = engine.data_dir / "credentials.json"
    return make_house("first", {"bob": Role.OPERATOR}, engine.url)


def submit(
    house: House, engine: EngineProcess, instance_type: str, *fallbacks: str, count: int = 1, body: str = "x"
) -> TransformJob:
    """A job on a model server that sleeps if `body` says so."""
    model = create_model(engine, PrimaryContainer=container(engine))
    spec = TransformSpec(
        model_name=model,
        data=put(engine, f"{unique('in')}/rows", f"{body}\n".encode()),
        output_path=f"s3://engine-tests/{unique('out')}/",
        instance_type=instance_type,
        instance_count=count,
    )
    terms = RunOptions(fallback_instance_types=fallbacks)
    return submission.submit(house.connection, spec, terms, by=house.people["bob"])


def try_now(job: TransformJob) -> starting.Started:
    outcome = starting.start(job.pk)
    job.refresh_from_db()
    return outcome


def test_a_job_beyond_the_quota_waits_in_the_services_words_until_another_of_its_type_ends(
    small: EngineProcess, settings: Any
) -> None:
    house = house_on(small, settings)
    first = submit(house, small, M5, body="sleep")
    second, third = submit(house, small, M5), submit(house, small, M5)
    assert try_now(first) is starting.Started.RUNNING
    assert try_now(second) is starting.Started.LATER
    assert try_now(third) is starting.Started.ITS_TURN
    assert second.next_attempt_at is not None
    assert timedelta(seconds=40) < second.next_attempt_at - timezone.now() < timedelta(seconds=80)
    reasons = [job.state_reason for job in for_display([second, third])]
    assert "'ml.m5.large for transform job usage' is 1 Instances" in reasons[0]
    assert reasons[0].endswith("; 1st in line.")
    assert reasons[1] == f"Behind other {M5} jobs on Engine; 2nd in line."
    stop_service.stop(first, by=house.people["bob"])
    stopping.stop_remote(first.pk)
    follow(first)
    assert reconciling.next_after(house.connection.pk, [first.pk]) == [second.pk]
    assert try_now(second) is starting.Started.RUNNING
    assert follow(second).state == JobState.COMPLETED
    assert reconciling.next_after(house.connection.pk, [second.pk]) == [third.pk]
    assert try_now(third) is starting.Started.RUNNING
    assert follow(third).state == JobState.COMPLETED


def test_fallback_types_are_asked_for_in_turn_and_the_timeline_says_so(
    small: EngineProcess, settings: Any
) -> None:
    house = house_on(small, settings)
    job = submit(house, small, P3, "ml.p3.8xlarge", C5)
    assert try_now(job) is starting.Started.NEXT_TYPE
    assert job.instance_type == "ml.p3.8xlarge"
    assert job.state_reason.endswith("Tried next: ml.p3.8xlarge.")
    assert try_now(job) is starting.Started.RUNNING
    reasons = [event.reason for event in queries.timeline(job)]
    assert any(f"'{P3} for transform job usage' is 0 Instances" in reason for reason in reasons)
    described = small.client("sagemaker").describe_transform_job(TransformJobName=job.name)
    assert described["TransformResources"]["InstanceType"] == "ml.p3.8xlarge"
    assert job.spec["instance_type"] == P3
    assert follow(job).state == JobState.COMPLETED


def test_after_the_last_fallback_a_job_begins_again_with_its_own_type_later(
    small: EngineProcess, settings: Any
) -> None:
    house = house_on(small, settings)
    job = submit(house, small, P3, M5, count=2)
    assert try_now(job) is starting.Started.NEXT_TYPE
    assert try_now(job) is starting.Started.LATER
    assert (job.state, job.instance_type, job.tries) == (JobState.WAITING, P3, 1)
    assert job.next_attempt_at is not None
    assert job.next_attempt_at > timezone.now()


def test_the_quota_of_all_types_together_is_no_reason_to_try_another_type(
    small: EngineProcess, settings: Any
) -> None:
    house = house_on(small, settings)
    job = submit(house, small, C5, "ml.c5.2xlarge", count=4)
    assert try_now(job) is starting.Started.LATER
    assert "Number of instances across all transform jobs" in job.state_reason
    assert job.instance_type == C5


def test_a_request_larger_than_the_whole_quota_holds_up_nobody_of_its_type(
    small: EngineProcess, settings: Any
) -> None:
    house = house_on(small, settings)
    huge, fitting = submit(house, small, M5, count=2), submit(house, small, M5)
    assert try_now(huge) is starting.Started.LATER
    assert try_now(fitting) is starting.Started.RUNNING
    assert follow(fitting).state == JobState.COMPLETED


def test_a_throttled_job_waits_ever_longer_and_others_of_its_type_may_try(
    throttling: EngineProcess, settings: Any
) -> None:
    house = house_on(throttling, settings)
    job, second_job = submit(house, throttling, M5, C5), submit(house, throttling, M5)
    pauses = []
    for _ in range(2):
        TransformJob.objects.filter(pk=job.pk).update(next_attempt_at=None)
        assert try_now(job) is starting.Started.LATER
        assert job.next_attempt_at is not None
        pauses.append(job.next_attempt_at - timezone.now())
    assert pauses[0] < timedelta(seconds=7) < pauses[1]
    assert job.state_reason.endswith("is asked too often (ThrottlingException).")
    assert job.instance_type == M5
    assert try_now(second_job) is starting.Started.LATER
