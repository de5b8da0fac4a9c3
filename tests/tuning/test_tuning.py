"""The fastest settings of a request, looked for with real jobs on the engine: samples, combinations, kills, stops."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jobs.lifecycle.queue import starting
from jobs.models import TransformJob
from jobs.services.errors import InvalidFields, NotPossible
from jobs.states import JobState
from teams.models import Activity
from tests.cast import House
from tests.engine.transforms import BUCKET, put
from tests.jobs.following import follow
from tests.jobs.running import folder, run, serving, serving_engine
from tests.support.engine import EngineProcess
from tests.support.html import Page
from tuning import services
from tuning.lifecycle import advancing, sampling
from tuning.lifecycle.sampling import NoSample
from tuning.models import Combination, CombinationState, Tuning, TuningState
from tuning.services import SettingsGrid, TuningRequest

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db
GRID = SettingsGrid((1, 60), (1, 2), ("MultiRecord",))
FORM = {
    "max_payload": "1, 60",
    "max_concurrent_transforms": "1, 2",
    "strategy": ["MultiRecord"],
    "sample_mb": "1",
    "most_objects": "2",
    "limit_minutes": "5",
}


@pytest.fixture
def source(serving: House, serving_engine: EngineProcess, folder: str) -> TransformJob:
    """A completed job over two small files."""
    bodies = {"a.csv": b"1\n2\n3\n", "b.csv": b"4\n5\n"}
    return run(serving, serving_engine, folder, bodies, content_type="text/csv", assemble_with="Line")


class WorkerEnd(BaseException):
    """The end of a worker, which no code of ours catches."""


def value_of(page: Page, name: str) -> str:
    """The value of the page's field of this name."""
    (value,) = (node.get("value") for node in page.all("input") if node.get("name") == name)
    return value


def advanced(tuning: Tuning) -> Iterator[Tuning]:
    """The tuning after each task of its workers, with the jobs that it submits run to their ends."""
    for _ in range(60):
        advancing.advance(tuning.pk)
        tuning = Tuning.objects.get(pk=tuning.pk)
        yield tuning
        if not tuning.is_under_way:
            return
        for row in tuning.combinations.filter(state=CombinationState.RUNNING, job__isnull=False):
            assert row.job is not None
            starting.start(row.job.pk)
            follow(TransformJob.objects.get(pk=row.job.pk))
    raise AssertionError(f"still {tuning.state}: {tuning.problem}")


def to_end(tuning: Tuning) -> Tuning:
    *_, last = advanced(tuning)
    return last


def keys_in(engine: EngineProcess, prefix: str) -> list[str]:
    listed = engine.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
    return [row["Key"] for row in listed.get("Contents", [])]


def test_each_combination_runs_once_on_the_sample_and_the_fastest_is_named(
    serving: House, serving_engine: EngineProcess, folder: str, source: TransformJob
) -> None:
    client = serving.page("alice")
    here = f"/tunings/new/?job={source.key}"
    planned = Page(client.post(here, FORM))
    assert "3 jobs" in planned.by_id("main").text
    assert "60 MB, 2 at once, MultiRecord" in planned.by_id("main").text
    assert not Tuning.objects.exists()
    fields = {**FORM, "start": "1", "planned": value_of(planned, "planned")}
    begun = client.post(here, fields)
    tuning = to_end(Tuning.objects.get())
    assert begun.headers["Location"] == tuning.get_absolute_url()
    assert (tuning.state, tuning.problem) == (TuningState.COMPLETED, "")
    assert (tuning.sample_objects, tuning.sample_bytes, tuning.sample_records) == (2, 10, 5)
    rows = tuning.in_order()
    assert [(row.state, row.reason) for row in rows] == [(CombinationState.COMPLETED, "")] * 3
    assert TransformJob.objects.exclude(pk=source.pk).count() == 3
    best = services.best_of(rows)
    assert best is not None
    assert all(row.records_per_second <= best.records_per_second for row in rows)
    assert len(keys_in(serving_engine, f"{folder}/out-tuning/{tuning.key}/input/")) == 2
    assert len(keys_in(serving_engine, f"{folder}/out-tuning/{tuning.key}/output-")) == 6
    page = client.get(tuning.get_absolute_url())
    assert "is the fastest of 3" in page.content.decode()
    context = page.context
    form = client.post("/presets/new/", dict(context["preset_fields"]))
    assert value_of(Page(form), "output_path") == source.output_path
    assert value_of(Page(form), "max_payload") == str(best.max_payload)
    new_job = client.get(context["new_job"])
    assert value_of(Page(new_job), "data") == source.data
    assert value_of(Page(new_job), "max_concurrent_transforms") == str(best.max_concurrent_transforms)


def test_a_change_after_the_costs_were_shown_shows_them_again(serving: House, source: TransformJob) -> None:
    client = serving.page("alice")
    here = f"/tunings/new/?job={source.key}"
    planned = value_of(Page(client.post(here, FORM)), "planned")
    client.post(here, {**FORM, "max_payload": "2", "start": "1", "planned": planned})
    assert not Tuning.objects.exists()


def test_a_failed_combination_is_named_and_the_others_run(
    serving: House, serving_engine: EngineProcess, folder: str, source: TransformJob
) -> None:
    put(serving_engine, f"{folder}/in/a.csv", b"1\nbad\n3\n")
    grid = SettingsGrid((1,), (1,), ("MultiRecord", "SingleRecord"))
    tuning = to_end(services.begin(services.request_of_job(source, grid=grid), by=serving.people["alice"]))
    assert tuning.state == TuningState.FAILED
    assert tuning.problem == "No combination completed."
    rows = tuning.in_order()
    assert [row.state for row in rows] == [CombinationState.FAILED] * 2
    assert all(row.reason for row in rows)
    assert rows[0].reason in serving.page("alice").get(tuning.get_absolute_url()).content.decode()


def test_a_worker_that_is_killed_between_steps_loses_and_repeats_nothing(
    serving: House, source: TransformJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end_worker(*_: Any, **__: Any) -> None:
        raise WorkerEnd

    def advance_and_die(place: str) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(advancing, place, end_worker)
            with pytest.raises(WorkerEnd):
                advancing.advance(tuning.pk)

    grid = SettingsGrid((1,), (1, 2), ("MultiRecord",))
    tuning = services.begin(services.request_of_job(source, grid=grid), by=serving.people["alice"])
    advance_and_die("move_row")
    advancing.advance(tuning.pk)
    advance_and_die("move_row")
    assert TransformJob.objects.count() == 1
    advance_and_die("_look_later")
    tuning = to_end(tuning)
    assert tuning.state == TuningState.COMPLETED
    jobs = TransformJob.objects.exclude(pk=source.pk)
    assert sorted(jobs.values_list("spec__max_concurrent_transforms", flat=True)) == [1, 2]


def test_a_stop_ends_the_running_job_and_skips_the_others(serving: House, source: TransformJob) -> None:
    tuning = services.begin(services.request_of_job(source, grid=GRID), by=serving.people["alice"])
    advancing.advance(tuning.pk)
    advancing.advance(tuning.pk)
    client = serving.page("alice")
    for _ in range(2):
        client.post(f"{tuning.get_absolute_url()}stop/")
    advancing.advance(tuning.pk)
    running = tuning.combinations.get(position=0)
    assert running.job is not None
    assert running.job.state == JobState.CANCELLED
    tuning = to_end(tuning)
    assert (tuning.state, tuning.problem) == (TuningState.STOPPED, "Stopped by alice.")
    assert [row.state for row in tuning.in_order()][1:] == [CombinationState.SKIPPED] * 2
    assert Activity.objects.filter(verb="tuning.stop_requested").count() == 1
    with pytest.raises(NotPossible):
        services.stop(tuning, by=serving.people["alice"])


def test_a_person_who_may_not_submit_any_more_gets_no_further_job(
    serving: House, source: TransformJob
) -> None:
    tuning = services.begin(services.request_of_job(source, grid=GRID), by=serving.people["alice"])
    advancing.advance(tuning.pk)
    serving.team.memberships.update(role="viewer")
    advancing.advance(tuning.pk)
    tuning.refresh_from_db()
    assert tuning.state == TuningState.FAILED
    assert "may not submit jobs" in tuning.problem
    assert TransformJob.objects.count() == 1


def test_the_api_plans_begins_reads_and_stops(serving: House, source: TransformJob) -> None:
    api = serving.api("alice")
    body = {"job": source.key, "max_payload": [1, 60], "max_concurrent_transforms": [1, 2], "sample_mb": 1}
    tuning_plan = api.post("/api/v1/tunings/plan/", body, content_type="application/json").json()
    assert (len(tuning_plan["settings"]), len(tuning_plan["left_out"])) == (6, 2)
    assert (tuning_plan["objects"], tuning_plan["most_cost"]) == (2, None)
    assert not Tuning.objects.exists()
    for _ in range(2):
        begun = api.post(
            "/api/v1/tunings/",
            body,
            content_type="application/json",
            headers={"idempotency-key": "once"},
        )
        assert begun.status_code == 201
    here = f"/api/v1/tunings/{begun.json()['id']}/"
    assert len(api.get(here).json()["combinations"]) == 6
    assert api.post(f"{here}stop/").status_code == 200
    to_end(Tuning.objects.get())
    answer = api.get("/api/v1/tunings/").json()["results"]
    assert [(row["state"], row["best"]) for row in answer] == [("stopped", None)]
    assert api.post(f"{here}stop/").status_code == 409


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "job"),
        ({"job": "nothing"}, "job"),
        ({"max_payload": []}, "max_payload"),
        ({"max_payload": [1, 1]}, "max_payload"),
        ({"max_payload": ["1"]}, "max_payload.0"),
        ({"max_payload": list(range(1, 10)), "max_concurrent_transforms": [1, 2]}, "max_payload"),
        ({"strategy": ["Both"]}, "strategy.0"),
        ({"sample_mb": 0}, "sample_mb"),
        ({"limit_minutes": "5"}, "limit_minutes"),
        ({"preset": "nothing"}, "preset"),
    ],
)
def test_a_wrong_tuning_is_refused_by_its_field(house: House, body: dict[str, Any], field: str) -> None:
    job = house.job(JobState.COMPLETED)
    whole = body if not body or body.keys() & {"job", "preset"} else {"job": job.key, **body}
    refused = house.api("bob").post("/api/v1/tunings/plan/", whole, content_type="application/json")
    assert refused.status_code == 400
    assert list(refused.json()["error"]["fields"]) == [field]


def test_what_a_preset_locks_is_not_varied(house: House) -> None:
    preset = house.preset
    preset.body = {**preset.body, "output_path": "s3://bucket/out/", "max_payload": 6}
    preset.rules = {"max_payload": "locked"}
    preset.save()
    request = services.request_of_preset(
        house.team, preset, {}, grid=SettingsGrid((1, 6), (1,), ("MultiRecord",))
    )
    with pytest.raises(InvalidFields) as refused:
        services.plan(request)
    assert list(refused.value.fields) == ["max_payload"]


@pytest.mark.parametrize(
    ("fields", "size", "records", "body"),
    [
        ({"split_type": "Line"}, 7, 2, b"11\n22\n"),
        ({"split_type": "Line"}, 100, 3, b"11\n22\n33"),
        ({}, 100, 1, b"11\n22\n33"),
    ],
)
def test_the_sample_ends_with_a_whole_record(
    serving: House, serving_engine: EngineProcess, folder: str, fields: dict[str, str], size: int, records: int,
    body: bytes,
) -> None:  # fmt: skip
    put(serving_engine, f"{folder}/in/a.csv", b"11\n22\n33")
    spec = {"data": f"s3://{BUCKET}/{folder}/in/", "output_path": f"s3://{BUCKET}/{folder}/out/", **fields}
    place = f"s3://{BUCKET}/{folder}/sample/"
    with advancing.asking(serving.connection) as target:
        sample = sampling.take(target, spec, place, most_bytes=size, most_objects=5)
    assert (sample.records, sample.bytes) == (records, len(body))
    (key,) = keys_in(serving_engine, f"{folder}/sample/")
    assert serving_engine.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read() == body


def test_an_object_that_is_not_split_is_not_cut(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    put(serving_engine, f"{folder}/in/a.csv", b"11\n22\n33")
    spec = {"data": f"s3://{BUCKET}/{folder}/in/", "output_path": f"s3://{BUCKET}/{folder}/out/"}
    with advancing.asking(serving.connection) as target, pytest.raises(NoSample, match="are cut"):
        sampling.choose(target, spec, most_bytes=5, most_objects=5)


def test_a_tuning_of_another_team_is_not_there(house: House, other_house: House) -> None:
    spec = house.job().spec
    request = TuningRequest(house.connection, spec)
    row = Tuning.objects.create(
        team=house.team,
        connection=house.connection,
        model_name="churn",
        spec=request.spec,
        folder="s3://bucket/out-tuning/x/",
        sample_mb=1,
        most_objects=1,
        limit_minutes=1,
    )
    Combination.objects.create(tuning=row, position=0, max_payload=1, max_concurrent_transforms=1)
    assert other_house.page("charlie").get(row.get_absolute_url()).status_code == 404
    assert house.page("vera").get(row.get_absolute_url()).status_code == 200
