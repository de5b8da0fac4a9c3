"""The new-job page reads the preset and the job that it begins with once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from jobs.models import TransformJob
from jobs.states import JobState
from tests.cast import FIELDS, House

pytestmark = pytest.mark.django_db


def presets_read(client: Any, method: str, path: str, data: dict[str, Any] | None = None) -> int:
    """How many queries look a preset up; the picker's list of all presets is none of them."""
    with CaptureQueriesContext(database) as captured:
        getattr(client, method)(path, data)
    statements = [query["sql"] for query in captured.captured_queries]
    return sum(
        'FROM "jobs_preset"' in text and '"jobs_preset"."created_by_id"' in text for text in statements
    )


@pytest.mark.parametrize(
    ("method", "path", "button"),
    [
        ("get", "/jobs/new/?preset=nightly", {}),
        ("get", "/jobs/new/?preset=nightly&as=json", {}),
        ("post", "/jobs/new/", {"check": "1"}),
        ("post", "/jobs/new/", {"from_json": "1", "request_json": "{}"}),
        ("post", "/jobs/new/preflight/", {}),
        ("post", "/jobs/new/fields/", {"request_json": "{}"}),
    ],
)
def test_each_view_of_a_draft_looks_its_preset_up_once(
    house: House, method: str, path: str, button: dict[str, str]
) -> None:
    data = {"model": house.model.pk, **FIELDS, "preset": house.preset.slug, **button}
    assert presets_read(house.page("bob"), method, path, data if method == "post" else None) == 1


def test_a_submission_looks_its_preset_up_once(house: House) -> None:
    data = {"model": house.model.pk, **FIELDS, "preset": house.preset.slug}
    assert presets_read(house.page("bob"), "post", "/jobs/new/", data) == 1
    assert TransformJob.objects.get().preset == house.preset


def test_a_draft_of_another_teams_job_is_not_found(house: House, other_house: House) -> None:
    job = house.job(JobState.COMPLETED)
    assert house.page("bob").get(f"/jobs/new/?from={job.key}").status_code == 200
    assert other_house.page("charlie").get(f"/jobs/new/?from={job.key}").status_code == 404
