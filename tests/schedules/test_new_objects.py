"""Runs that take new objects only, on the real engine: what is covered is left out, what has changed is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from jobs.models import RegisteredModel, TransformJob
from jobs.states import JobState
from schedules.lifecycle import starting
from schedules.models import Schedule, ScheduledRun
from schedules.services import scheduling
from schedules.states import RunState
from tests.cast import FIELDS, House
from tests.engine.resources import unique
from tests.support.engine import EngineProcess

pytestmark = pytest.mark.django_db


class Bucket:
    """A bucket of the test's own."""

    def __init__(self, engine: EngineProcess) -> None:
        self.name = unique("new-objects")
        self.s3: Any = engine.client("s3")
        self.s3.create_bucket(Bucket=self.name)

    def put(self, key: str, body: bytes) -> None:
        """Write an object."""
        self.s3.put_object(Bucket=self.name, Key=key, Body=body)

    def entries(self, job: TransformJob) -> list[str]:
        """What the job's manifest lists, sorted."""
        key = job.data.removeprefix(f"s3://{self.name}/")
        head, *entries = json.loads(self.s3.get_object(Bucket=self.name, Key=key)["Body"].read())
        assert head["prefix"].startswith(f"s3://{self.name}/")
        return sorted(entries)


@pytest.fixture
def bucket(engine: EngineProcess) -> Bucket:
    """A bucket with two objects to read."""
    bucket = Bucket(engine)
    bucket.put("in/a.csv", b"1\n")
    bucket.put("in/b.csv", b"2\n")
    return bucket


@pytest.fixture
def schedule(real: House, bucket: Bucket) -> Schedule:
    """A schedule of Alice's team that takes new objects only."""
    preset = real.preset
    data = {"data": f"s3://{bucket.name}/in/", "output_path": f"s3://{bucket.name}/out/"}
    preset.body = {**FIELDS, **data, "model": real.model.name, "connection": real.connection.slug}
    preset.save()
    values = {
        "name": "New ones",
        "preset": preset.slug,
        "expression": "rate(1 hour)",
        "output_path": f"s3://{bucket.name}/out/{{run}}/",
        "incremental": True,
    }
    return scheduling.create(real.team, values, by=real.people["bob"])


def run(schedule: Schedule, ends: JobState | None = JobState.COMPLETED) -> ScheduledRun:
    """A run of the schedule; its job then ends so."""
    due_run = ScheduledRun.objects.create(schedule=schedule, due_at=timezone.now())
    starting.start(due_run.pk)
    due_run.refresh_from_db()
    if ends is not None and due_run.job is not None:
        TransformJob.objects.filter(pk=due_run.job.pk).update(state=ends)
    return due_run


def test_the_first_run_takes_all_and_the_next_only_what_came_since(
    schedule: Schedule, bucket: Bucket
) -> None:
    first = run(schedule)
    assert first.job.spec["data_type"] == "ManifestFile"
    assert bucket.entries(first.job) == ["a.csv", "b.csv"]
    bucket.put("in/c.csv", b"3\n")
    second = run(schedule)
    assert bucket.entries(second.job) == ["c.csv"]
    assert (second.objects_new, second.objects_before) == (1, 2)
    assert second.reason == "1 object new; 2 were covered by earlier runs."


def test_a_run_with_nothing_new_is_skipped_and_says_so(schedule: Schedule) -> None:
    run(schedule)
    skipped = run(schedule)
    assert (skipped.state, skipped.job) == (RunState.SKIPPED, None)
    assert "all 2 objects" in skipped.reason


def test_an_object_with_another_content_is_new(schedule: Schedule, bucket: Bucket) -> None:
    run(schedule)
    bucket.put("in/a.csv", b"other\n")
    assert bucket.entries(run(schedule).job) == ["a.csv"]


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.STOPPED, JobState.REJECTED, JobState.CANCELLED])
def test_objects_of_a_run_that_did_not_complete_stay_new(
    schedule: Schedule, bucket: Bucket, state: JobState
) -> None:
    run(schedule, state)
    assert bucket.entries(run(schedule).job) == ["a.csv", "b.csv"]


def test_after_a_change_of_the_settings_all_objects_are_new(schedule: Schedule, bucket: Bucket) -> None:
    run(schedule)
    preset = schedule.preset
    preset.body = {**preset.body, "accept": "text/csv"}
    preset.save()
    again = run(schedule)
    assert bucket.entries(again.job) == ["a.csv", "b.csv"]
    assert "its settings or the output path have changed" in again.reason


def test_after_a_change_of_the_model_all_objects_are_new(
    schedule: Schedule, bucket: Bucket, real: House
) -> None:
    run(schedule)
    RegisteredModel.objects.filter(pk=real.model.pk).update(
        containers=[{"Image": "image:1", "ModelDataUrl": "s3://bucket/newer.tar.gz"}]
    )
    assert bucket.entries(run(schedule).job) == ["a.csv", "b.csv"]


def test_another_instance_type_changes_nothing(schedule: Schedule) -> None:
    run(schedule)
    preset = schedule.preset
    preset.body = {**preset.body, "instance_type": "ml.m5.xlarge", "instance_count": 2, "tags": {"a": "b"}}
    preset.save()
    assert run(schedule).state == RunState.SKIPPED


def test_a_run_takes_some_and_the_next_the_others_where_there_are_very_many(
    schedule: Schedule, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schedules.lifecycle.new_objects.MOST", 1)
    first, second, third = (run(schedule) for _ in range(3))
    assert bucket.entries(first.job) == ["a.csv"]
    assert "the next run takes the others" in first.reason
    assert bucket.entries(second.job) == ["b.csv"]
    assert third.state == RunState.SKIPPED


def test_outputs_that_would_be_replaced_stop_the_run(
    schedule: Schedule, bucket: Bucket, make_fixed: Callable[[], Schedule]
) -> None:
    fixed = make_fixed()
    bucket.put("out/fixed/a.csv.out", b"older\n")
    refused = run(fixed)
    assert refused.state == RunState.FAILED
    assert "would be replaced, such as out/fixed/a.csv.out" in refused.reason
    scheduling.change(fixed, {"replace_outputs": True}, by=fixed.changed_by)
    assert run(fixed).state == RunState.STARTED


@pytest.fixture
def make_fixed(real: House, schedule: Schedule, bucket: Bucket) -> Callable[[], Schedule]:
    """Makes a schedule that writes to the same folder each time."""

    def make() -> Schedule:
        changes = {"output_path": f"s3://{bucket.name}/out/fixed/"}
        return scheduling.change(schedule, changes, by=real.people["bob"])

    return make
