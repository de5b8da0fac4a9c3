"""The small plots of a job's overview: from the real engine, and from outputs that S3 dates."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs.models import PlannedObject, TransformJob
from jobs.states import JobState
from results.plots import objects_a_minute, small_plots
from tests.cast import House
from tests.jobs.running import folder, run, serving, serving_engine
from tests.pages.polls import poll
from tests.support.engine import EngineProcess
from tests.support.html import Page

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db


#: When each job began.
BEGAN = timezone.now().replace(microsecond=0) - timedelta(minutes=10)


def written(house: House, state: JobState, seconds: list[int | None], **fields: Any) -> TransformJob:
    """A job that wrote an object after each number of seconds; None is not written."""
    values = {"objects_total": len(seconds), "accepted_at": BEGAN, "started_at": BEGAN, **fields}
    job = house.job(state, **values)
    PlannedObject.objects.bulk_create(
        PlannedObject(
            job=job,
            position=number,
            key=f"in/{number}",
            output_key=f"out/{number}.out",
            done=after is not None,
            written_at=None if after is None else BEGAN + timedelta(seconds=after),
        )
        for number, after in enumerate(seconds)
    )
    return job


def test_a_run_has_a_plot_of_its_objects_and_of_each_metric(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = run(serving, serving_engine, folder, {"a": b"1\n", "b": b"2\n"}, instance_count=2)
    assert set(job.planned.values_list("done", flat=True)) == {True}
    for row in job.planned.all():
        assert row.written_at is not None
        assert job.started_at is not None
        assert row.written_at >= job.started_at - timedelta(seconds=2)
    plots = small_plots(job)
    assert [plot.title for plot in plots] == ["Objects a minute", "CPU", "Memory", "Requests in flight"]
    assert [bool(plot.line) for plot in plots] == [True, True, True, False]
    assert plots[3].note == "The engine does not measure them."
    client = serving.page("alice")
    overview = Page(client.get(f"/jobs/{job.key}/")).by_id("plots")
    answer = poll(client, str(overview.get("hx-get")))
    # htmx asks no more after this status.
    assert answer.status_code == 286
    page = Page(answer)
    assert [node.get("aria-label") for node in page.all() if node.get("role") == "img"] == [
        plot.spread for plot in plots if plot.line
    ]


def test_the_objects_of_an_ended_run_are_spread_over_its_parts(house: House) -> None:
    job = written(house, JobState.COMPLETED, [1, 4, 29, 30, 31, 119], ended_at=BEGAN + timedelta(seconds=120))
    plot = objects_a_minute(job)
    assert plot.value == "3.0"
    # Two parts of a minute, as a part has three objects on average.
    assert plot.spread == "Objects a minute: mean 3.0, 1.0 to 5.0"
    assert plot.line.count("L") == 1


def test_a_running_job_has_the_rate_of_the_last_part_that_is_over(house: House) -> None:
    job = written(
        house, JobState.IN_PROGRESS, [*[1] * 3, *[6] * 6, 11, None], counted_at=BEGAN + timedelta(seconds=12)
    )
    assert objects_a_minute(job).value == "72"
    assert objects_a_minute(job).spread == "Objects a minute: now 72, 36 to 72"


def test_outputs_of_another_attempt_are_left_out(house: House) -> None:
    job = written(house, JobState.FAILED, [1, 300], ended_at=BEGAN + timedelta(seconds=60))
    assert objects_a_minute(job).value == "1.0"


@pytest.mark.parametrize(
    ("state", "seconds", "fields", "note"),
    [
        (JobState.IN_PROGRESS, [None, None], {}, "None is counted yet."),
        (JobState.IN_PROGRESS, [None, None], {"counted_at": timezone.now()}, "No output is written yet."),
        (JobState.FAILED, [None], {"ended_at": timezone.now(), "objects_done": 0}, "It wrote no output."),
        (
            JobState.COMPLETED,
            [None],
            {"ended_at": timezone.now(), "objects_done": 1},
            "The outputs' times were not kept.",
        ),
        (
            JobState.COMPLETED,
            [1],
            {"ended_at": timezone.now(), "objects_total": 20_000},
            "Not every object of the input is listed.",
        ),
    ],
)
def test_a_plot_without_numbers_says_why(
    house: House, state: JobState, seconds: list[int | None], fields: dict[str, Any], note: str
) -> None:
    plot = objects_a_minute(written(house, state, seconds, **fields))
    assert (plot.note, plot.line, plot.value) == (note, "", "")


def test_an_engine_that_is_away_takes_only_its_own_numbers_away(house: House) -> None:
    job = written(house, JobState.COMPLETED, [1], ended_at=timezone.now())
    plots = small_plots(job)
    assert [plot.note for plot in plots] == [
        "",
        "The engine cannot be reached now.",
        "The engine cannot be reached now.",
        "The engine does not measure them.",
    ]


def test_a_job_that_was_never_accepted_has_no_plots(house: House) -> None:
    page = Page(house.page("vera").get(f"/jobs/{house.job(JobState.WAITING).key}/"))
    assert not page.of_class("plots")


def test_the_plots_alone_lead_to_the_job(house: House) -> None:
    job = house.job(JobState.COMPLETED)
    answer = house.page("vera").get(f"/jobs/{job.key}/plots/")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/jobs/{job.key}/")
