"""What a further attempt takes over from the job before it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import models
from django.utils import timezone

from jobs.lifecycle.after import retrying
from jobs.models import Preset, TransformJob
from jobs.options import RunOptions
from jobs.services.attempts import attempts
from jobs.services.submitting import job_options
from jobs.services.submitting.replacing import Outputs
from jobs.states import JobState
from tests.cast import House

pytestmark = pytest.mark.django_db

#: The columns that are an attempt's own. A new column is copied, or is named here.
OWN = {
    *("id", "key", "name", "origin", "parent", "root", "attempt"),
    *(
        "state",
        "state_reason",
        "waits_for",
        "lacks_capacity",
        "external",
        "warnings",
        "arn",
        "tries",
        "next_attempt_at",
    ),
    *("stop_requested_at", "stop_requested_by", "stop_cause", "progress_at"),
    *("deadline_warned", "idle_warned", "cost_warned"),
    *("created_at", "changed_at", "accepted_at", "remote_modified_at", "started_at", "ended_at"),
    *("instance_seconds", "price_per_hour", "cost_usd", "cause", "failure", "explain_at"),
    *("planned_at", "objects_total", "bytes_total", "plan_complete", "objects_done", "records", "counted_at"),
    *("eta", "search_text", "duration_seconds", "archived_at", "archived_by"),
    *("joint_state", "joint_cause", "joint_ended_at", "joint_duration_seconds", "joint_attention", "joint"),
    *("overall_state", "overall_cause", "overall_ended_at", "overall_duration"),
    *("hold", "hold_note", "hold_by", "hold_at", "hold_ended_at"),
}


def unusual(field: models.Field[Any, Any]) -> Any:
    """A value that the column has in no job by default."""
    if isinstance(field, models.JSONField):
        return ["ml.c5.24xlarge"] if field.default is list else {"slug": "nightly"}
    return "ml.m5.24xlarge" if isinstance(field, models.CharField) else 7


def failed_job(house: House) -> TransformJob:
    """A failed job none of whose copied columns has its default value."""
    job = house.job(JobState.FAILED)
    identity_fields = {"team", "connection", "model", "model_name", "spec", "submitted_by"}
    values = {field.name: unusual(field) for field in copied_fields() if field.name not in identity_fields}
    values["preset"] = Preset.objects.create(team=house.team, slug="nightly", name="Nightly")
    due = timezone.now() - timedelta(seconds=1)
    TransformJob.objects.filter(pk=job.pk).update(**values, next_attempt_at=due)
    return TransformJob.objects.get(pk=job.pk)


def copied_fields() -> list[models.Field[Any, Any]]:
    return [field for field in TransformJob._meta.concrete_fields if field.name not in OWN]


def copied_values(job: TransformJob) -> dict[str, Any]:
    return {field.name: getattr(job, field.attname) for field in copied_fields()}


def test_an_automatic_attempt_takes_over_every_column_that_is_not_an_attempts_own(house: House) -> None:
    job = failed_job(house)
    again = TransformJob.objects.get(pk=retrying.retry(job.pk))
    assert copied_values(again) == {**copied_values(job), "max_retries": job.max_retries - 1}


def test_an_attempt_that_a_person_asks_for_takes_over_the_same(house: House) -> None:
    job = failed_job(house)
    again = attempts.retry(job, by=house.people["alice"], outputs=Outputs.REPLACE)
    again.refresh_from_db()
    expected = {
        **copied_values(job),
        "submitted_by": house.people["alice"].pk,
        # Made from the request anew.
        "instance_type": job.spec["instance_type"],
        "instance_count": job.spec.get("instance_count", 1),
    }
    assert copied_values(again) == expected


def test_every_option_of_a_submission_is_a_column_that_attempts_take_over() -> None:
    columns = TransformJob().request_columns()
    assert {name: columns[name] for name in job_options.NAMES} == RunOptions().columns()
