"""The first tab of a job: where its time went, and the plan against the outcome."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs.models import PlannedObject, TransformJob
from jobs.pages.phases import phases
from jobs.services.object_map import object_map
from jobs.states import JobState
from tests.cast import House
from tests.jobs.test_files import planned
from tests.support.html import Page

pytestmark = pytest.mark.django_db


def timed(house: House, state: JobState, **seconds: int) -> TransformJob:
    """A job whose times lie so many seconds after it was submitted, an hour ago."""
    began = timezone.now() - timedelta(hours=1)
    times = {name: began + timedelta(seconds=after) for name, after in seconds.items()}
    return house.job(state, **{"created_at": began, "accepted_at": None, **times})


def lengths(job: TransformJob) -> dict[str, Any]:
    return {
        phase.name: None if phase.end is None else (phase.end - phase.start).total_seconds()
        for phase in phases(job)
    }


@pytest.mark.parametrize(
    ("state", "seconds", "expected"),
    [
        (
            JobState.COMPLETED,
            {"accepted_at": 10, "started_at": 100, "ended_at": 400},
            {"Queued": 10, "Provisioning": 90, "Running": 300},
        ),
        (JobState.IN_PROGRESS, {"accepted_at": 10}, {"Queued": 10, "Provisioning": None}),
        (JobState.FAILED, {"accepted_at": 10, "ended_at": 60}, {"Queued": 10, "Provisioning": 50}),
        (JobState.WAITING, {}, {"Queued": None}),
        (JobState.CANCELLED, {"ended_at": 7}, {"Queued": 7}),
    ],
)
def test_a_jobs_time_is_told_in_the_stretches_that_it_had(
    house: House, state: JobState, seconds: dict[str, int], expected: dict[str, Any]
) -> None:
    job = timed(house, state, **seconds)
    assert lengths(job) == expected
    bar = phases(job)
    assert bar[0].x == 0
    assert bar[-1].x + bar[-1].width == pytest.approx(100, abs=0.1)


def test_a_short_stretch_beside_a_long_one_can_still_be_seen(house: House) -> None:
    job = timed(house, JobState.COMPLETED, accepted_at=1, started_at=2, ended_at=3000)
    assert all(phase.width > 1 for phase in phases(job))


def test_the_time_before_a_job_was_found_in_sagemaker_is_nobodys(house: House) -> None:
    job = timed(house, JobState.COMPLETED, accepted_at=10, started_at=100, ended_at=400)
    job.external = True
    assert list(lengths(job)) == ["Provisioning", "Running"]


def test_the_outcome_stands_beside_the_plan(house: House) -> None:
    job = planned(house)
    TransformJob.objects.filter(pk=job.pk).update(
        accepted_at=timezone.now(), instance_type="ml.m5.xlarge", deadline_minutes=90, max_cost_usd=2
    )
    page = Page(house.page("vera").get(f"/jobs/{job.key}/"))
    (table,) = page.of_class("outcome")
    rows = [[cell.text for cell in Page.all_below(row, "td")] for row in Page.all_below(table, "tr")]
    assert rows[1:] == [
        ["Files", "25", "12 without an output 2 named by the log"],
        ["Instances", "1 \u00d7 ml.m5.large", "1 \u00d7 ml.m5.xlarge , as the first type was not available"],
        ["Time", "at most 90 min", "\u2013"],
        ["Cost", "at most $2.00", "nothing ran, so nothing is billed"],
    ]


@pytest.mark.parametrize(
    ("state", "note"),
    [
        (JobState.IN_PROGRESS, "4 not written yet"),
        (JobState.FAILED, "4 without an output"),
        (JobState.STOPPED, "4 without an output"),
    ],
)
def test_a_job_whose_files_are_not_known_one_by_one_does_not_say_that_none_is_missing(
    house: House, state: JobState, note: str
) -> None:
    job = house.job(state, objects_total=10, objects_done=6)
    (table,) = Page(house.page("vera").get(f"/jobs/{job.key}/")).of_class("outcome")
    assert f"Files 10 {note}" in table.text
    assert "No output is missing" not in table.text


def test_a_job_that_was_never_counted_is_not_said_to_have_written_nothing(house: House) -> None:
    job = house.job(JobState.FAILED, objects_total=10)
    answer = house.page("vera").get(f"/jobs/{job.key}/")
    (table,) = Page(answer).of_class("outcome")
    assert "Files 10 not counted" in table.text
    assert "No output is written" not in answer.content.decode()
    assert "without an output" not in answer.content.decode()
    job.objects_done = 0
    job.save()
    assert "Failed. No output is written." in house.page("vera").get(f"/jobs/{job.key}/").content.decode()


def test_what_a_later_attempt_counted_is_not_missing(house: House) -> None:
    job = house.job(JobState.FAILED, objects_total=10, objects_done=6)
    house.job(JobState.COMPLETED, objects_total=10, objects_done=10, root=job, parent=job, attempt=2)
    (table,) = Page(house.page("vera").get(f"/jobs/{job.key}/")).of_class("outcome")
    assert "Files 10 No output is missing" in table.text


def test_warnings_come_before_everything_else(house: House) -> None:
    job = house.job(
        JobState.COMPLETED, warnings=[{"code": "outputs-missing", "text": "1 of 2 outputs is missing."}]
    )
    body = Page(house.page("vera").get(f"/jobs/{job.key}/")).of_class("stack")[0]
    assert body.text.startswith("1 of 2 outputs is missing.")


def test_each_object_is_a_tile_and_those_without_an_output_lead_to_their_file(house: House) -> None:
    job = planned(house, JobState.FAILED, 25)
    (tiles,) = Page(house.page("vera").get(f"/jobs/{job.key}/")).of_class("object-map")
    assert tiles.get("aria-label") == "13 written, 2 failed, 10 no output"
    links = Page.all_below(tiles, "a")
    assert len(links) == 12
    assert links[0].get("href") == f"/jobs/{job.key}/files/?search=in%2F00001.csv"
    assert [len(str(path.get("d")).split("M")) - 1 for path in Page.all_below(tiles, "path")] == [13, 2, 10]


def test_ten_thousand_objects_take_few_bytes(house: House) -> None:
    job = planned(house, JobState.FAILED, 2)
    job.planned.all().delete()
    PlannedObject.objects.bulk_create(
        PlannedObject(job=job, position=n, key=f"in/{n:05}", output_key=f"out/{n:05}", done=n < 9_000)
        for n in range(10_000)
    )
    drawn = object_map(job, active=True)
    assert drawn is not None
    assert (drawn.width, drawn.height, drawn.text) == (2000, 500, "9,000 written, 1,000 not yet")
    assert sum(len(layer.outline) for layer in drawn.layers) < 2_000


def test_a_single_object_has_no_tiles(house: House) -> None:
    job = planned(house, JobState.COMPLETED, 1)
    assert not Page(house.page("vera").get(f"/jobs/{job.key}/")).of_class("object-map")


def test_a_failed_job_names_others_with_its_cause_and_whether_the_change_has_worked(house: House) -> None:
    change = {"field": "max_payload", "value": "3", "says": "Less in a call."}
    job = house.job(JobState.FAILED, name="this-one", cause="out-of-memory", failure={"change": change})
    house.job(JobState.FAILED, name="earlier-one", cause="out-of-memory")
    house.job(JobState.FAILED, name="of-another-cause", cause="no-capacity")
    for state in (JobState.COMPLETED, JobState.COMPLETED, JobState.FAILED):
        house.job(state, spec={**job.spec, "max_payload": 3})
    page = Page(house.page("bob").get(f"/jobs/{job.key}/"))
    assert "Failed: memory ran out." in page.by_id("job").text
    text = page.by_id("job").text
    named = {node.get("title") for node in page.of_class("ends")}
    assert named == {"earlier-one"}
    assert "It worked in 2 of 3 jobs of this model that had it." in text
