"""Output checks: what is met, what is missed, who is told, and that outputs stay as they are."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.models import TransformJob
from jobs.services.errors import InvalidFields, NotPossible
from jobs.states import WarningCode
from results import checking, measuring, output_checks, services, tasks
from results.models import OutputCheck, OutputReading
from results.output_checks import CheckFields
from teams.announcing import Announcement, announced
from tests.cast import House
from tests.engine.transforms import BUCKET, put
from tests.jobs.running import folder, run, serving, serving_engine
from tests.results.test_measuring import finished
from tests.support.engine import EngineProcess
from tests.support.html import Page

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db
CSV = {"content_type": "text/csv", "assemble_with": "Line"}


def scored(
    house: House, engine: EngineProcess, folder: str, place: str, answers: list[str], **fields: Any
) -> TransformJob:
    """A job whose output is these answers."""
    fields = {**CSV, "output_path": f"s3://{BUCKET}/{folder}/{place}", **fields}
    job = run(house, engine, folder, {"a.csv": b"1\n"}, **fields)
    put(engine, job.planned.get().output_key, "".join(f"{text}\n" for text in answers).encode())
    return job


def add(job: TransformJob, house: House, **values: str) -> OutputCheck:
    fields = CheckFields(**{"measure": "range", **values})
    return output_checks.add(job.connection, job.model_name, fields, by=house.people["alice"], job=job)


def outcomes(job: TransformJob) -> dict[str, tuple[str, bool]]:
    reading = OutputReading.objects.get(job=job, filter="")
    return {check["text"]: (check["figure"], check["is_met"]) for check in reading.checks}


def test_each_measure_names_the_figure_that_it_found(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = scored(serving, serving_engine, folder, "one", ["0.1", "0.9", "NaN", "0.5"])
    add(job, serving, measure="nulls", high="10%")
    add(job, serving, measure="range", low="0", high="1")
    add(job, serving, measure="rows", low="4", high="4")
    add(job, serving, measure="range", column="nowhere", low="0")
    finished(services.figures_of(job))
    assert outcomes(job) == {
        "The first column has at most 10 % without a value": ("25 % without a value", False),
        "The first column is from 0 to 1": ("from 0.1 to 0.9", True),
        "The rows are from 4 to 4": ("4 rows", True),
        "“nowhere” is at least 0": ("there is no such column", False),
    }


def test_a_miss_warns_tells_once_and_leaves_the_outputs(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    first = scored(serving, serving_engine, folder, "one", ["0.1"])
    add(first, serving, low="0", high="1")
    job = scored(serving, serving_engine, folder, "two", ["0.1", "7"])
    announcements: list[Announcement] = []

    def hear(announcement: Announcement, **_: Any) -> None:
        announcements.append(announcement)

    announced.connect(hear)
    try:
        tasks.read_due_outputs()
        reading = finished(OutputReading.objects.get(job=job, filter=""))
        assert not measuring.read_some(reading.pk)
    finally:
        announced.disconnect(hear)
    job.refresh_from_db()
    assert [(warning["code"], warning["text"]) for warning in job.warnings] == [
        (WarningCode.CHECK_MISSED, "The first column is from 0 to 1: from 0.1 to 7.")
    ]
    (announcement,) = announcements
    assert (announcement.kind, announcement.facts["job"], announcement.person) == (
        "outputs.missed",
        job.key,
        serving.people["alice"],
    )
    assert "from 0.1 to 7" in announcement.reason
    body = serving_engine.client("s3").get_object(Bucket=BUCKET, Key=job.planned.get().output_key)["Body"]
    assert body.read() == b"0.1\n7\n"
    content = serving.page("alice").get(f"/jobs/{job.key}/results/").content.decode()
    assert "from 0.1 to 7" in content


def test_drift_is_measured_against_earlier_runs(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    steady = [f"{n / 100:.2f}" for n in range(100)]
    first = scored(serving, serving_engine, folder, "one", steady)
    add(first, serving, measure="drift", high="0.1", runs="3")
    finished(services.figures_of(first))
    assert list(outcomes(first).values()) == [("no earlier run has been read", True)]
    second = scored(serving, serving_engine, folder, "two", steady)
    finished(services.figures_of(second))
    ((figure, is_met),) = outcomes(second).values()
    assert is_met
    assert figure.endswith("against 1 run")
    third = scored(serving, serving_engine, folder, "three", [f"{n / 200 + 0.5:.3f}" for n in range(100)])
    finished(services.figures_of(third))
    ((figure, is_met),) = outcomes(third).values()
    assert not is_met
    assert "against 2 runs" in figure


def test_what_cannot_be_read_is_missed_with_its_reason(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = scored(serving, serving_engine, folder, "one", ["0.1"])
    add(job, serving, low="0")
    serving_engine.client("s3").delete_object(Bucket=BUCKET, Key=job.planned.get().output_key)
    finished(services.figures_of(job))
    ((figure, is_met),) = outcomes(job).values()
    assert (is_met, "could not be read to their end" in figure) == (False, True)


def test_outputs_without_rows_miss_a_check_at_once(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = run(serving, serving_engine, folder, {"a.csv": b"1\n"}, content_type="text/csv", split_type="None")
    add(job, serving, measure="range", low="0")
    tasks.read_due_outputs()
    tasks.read_due_outputs()
    assert list(outcomes(job).values()) == [("the outputs have no rows that belong to records", False)]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"measure": "colour", "low": "1"}, "measure"),
        ({"measure": "range"}, "low"),
        ({"measure": "range", "low": "2", "high": "1"}, "high"),
        ({"measure": "nulls", "low": "1"}, "high"),
        ({"measure": "range", "low": "much"}, "low"),
        ({"measure": "range", "high": "nan"}, "high"),
        ({"measure": "drift", "high": "5%", "runs": "0"}, "runs"),
    ],
)
def test_a_check_that_says_nothing_is_refused(house: House, values: dict[str, str], field: str) -> None:
    job = house.job()
    with pytest.raises(InvalidFields) as caught:
        add(job, house, **values)
    assert list(caught.value.fields) == [field]
    assert not OutputCheck.objects.exists()


def test_an_operator_adds_and_removes_a_check_after_a_question(house: House) -> None:
    job = house.job()
    client = house.page("bob")
    here = f"/jobs/{job.key}/results/checks/"
    assert client.post(here, {"measure": "nulls", "high": "1%"}).status_code == 302
    check = OutputCheck.objects.get()
    assert check.high == 0.01
    question = client.get(f"{here}remove/?check={check.pk}")
    assert "at most 1 % without a value" in Page(question).by_id("main").text
    assert OutputCheck.objects.exists()
    assert client.post(f"{here}remove/", {"check": check.pk}).status_code == 302
    assert not OutputCheck.objects.exists()
    with pytest.raises(NotPossible):
        output_checks.remove(check, by=house.people["bob"], job=job)
    assert checking.checks_of(job) == []
