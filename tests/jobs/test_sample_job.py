"""The sample on the real engine: from bootstrap to predictions, through the services and the API."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from jobs.lifecycle.queue import starting
from jobs.models import PlannedObject, RegisteredModel, TransformJob
from jobs.services.bootstrap import bootstrap
from jobs.services.submitting import sample, submission
from jobs.services.submitting.output_folders import undated
from jobs.states import JobState
from results import job_outputs, logs
from teams.models import Activity
from tests.cast import House
from tests.jobs.following import follow
from tests.support.engine import CHECKOUT, EngineProcess
from tests.support.html import Page
from transform.keys import parse_s3_uri

pytestmark = pytest.mark.django_db
SAMPLES = CHECKOUT / "samples"
SAMPLE = SAMPLES / "breast-cancer"


@pytest.fixture
def ready(db: None, engine: EngineProcess, settings: Any, engine_keys: Path) -> Any:
    settings.ENGINE_URL = engine.url
    settings.ENGINE_CREDENTIALS = engine.data_dir / "credentials.json"
    return bootstrap()


def press(client: Any, name: str) -> Any:
    """Press the sample's button on the home page; the answer."""
    for form in Page(client.get("/")).all("form"):
        values = {field.get("name"): field.get("value") for field in Page.all_below(form, "input")}
        if values.get("sample") == name:
            return client.post(form.get("action"), values)
    raise AssertionError(f"the home page has no button for {name}")


def offered(client: Any) -> list[str]:
    """The samples that the home page has buttons for."""
    return [node.get("value") for node in Page(client.get("/")).all("input") if node.get("name") == "sample"]


def put_strangers_output(job: TransformJob, engine: EngineProcess) -> str:
    """Write what another job might have left first in this job's output folder; its key."""
    bucket, folder = parse_s3_uri(job.output_path)
    key = f"{folder}a-strangers.out"
    engine.client("s3").put_object(Bucket=bucket, Key=key, Body=b"secret")
    return key


def test_bootstrap_can_be_repeated(ready: Any) -> None:
    out = StringIO()
    call_command("bootstrap", stdout=out)
    names = ("breast-cancer-xgb", "used-cars-pipeline", "picture-classifier")
    assert "".join(f"sample model {name}\n" for name in names) in out.getvalue()
    assert RegisteredModel.objects.count() == len(names)


def test_the_registry_has_a_group_with_an_approved_version_and_one_that_waits(
    ready: Any, engine: EngineProcess
) -> None:
    call_command("bootstrap", stdout=StringIO())
    sagemaker = engine.client("sagemaker")
    listed = sagemaker.list_model_packages(ModelPackageGroupName="breast-cancer")["ModelPackageSummaryList"]
    assert [row["ModelApprovalStatus"] for row in listed] == ["Approved", "PendingManualApproval"]
    for row in listed:
        described = sagemaker.describe_model_package(ModelPackageName=row["ModelPackageArn"])
        (container,) = described["InferenceSpecification"]["Containers"]
        bucket, key = parse_s3_uri(container["ModelDataUrl"])
        assert engine.client("s3").head_object(Bucket=bucket, Key=key)["ContentLength"] > 0
        assert 0.9 < float(described["CustomerMetadataProperties"]["auc"]) < 1


def test_a_sample_is_left_out_if_the_engine_has_another_model_of_its_name(
    ready: Any, engine: EngineProcess
) -> None:
    RegisteredModel.objects.filter(name="used-cars-pipeline").delete()
    sagemaker = engine.client("sagemaker")
    sagemaker.delete_model(ModelName="used-cars-pipeline")
    sagemaker.create_model(
        ModelName="used-cars-pipeline",
        PrimaryContainer={
            "Image": "xgboost:1.7-1",
            "ModelDataUrl": f"s3://{sample.BUCKET}/used-cars/price.tar.gz",
        },
        ExecutionRoleArn="arn:aws:iam::123456789012:role/batchdeck",
    )
    out, err = StringIO(), StringIO()
    try:
        call_command("bootstrap", stdout=out, stderr=err)
    finally:
        sagemaker.delete_model(ModelName="used-cars-pipeline")
    assert "sample model breast-cancer-xgb" in out.getvalue()
    assert "used-cars-pipeline" not in out.getvalue()
    assert "The sample used-cars is left out." in err.getvalue()


@pytest.mark.parametrize("name", [sample.BREAST_CANCER, sample.USED_CARS])
def test_a_press_on_the_home_page_leads_to_the_models_own_predictions(ready: Any, name: str) -> None:
    client = House(ready.team, {"admin": ready.admin}, ready.connection, ready.models[0]).page("admin")
    answer = press(client, name)
    job = TransformJob.objects.get()
    assert answer.headers["Location"] == job.get_absolute_url()
    assert starting.start(job.pk) is starting.Started.RUNNING
    job = follow(job)
    assert (job.state, job.state_reason, job.warning_texts) == (JobState.COMPLETED, "", [])

    folder = SAMPLES / name
    expected = json.loads((folder / "expected.json").read_text())
    predictions = {}
    for output in job_outputs.outputs(job).outputs:
        body = job_outputs.download(job, output.key).body
        assert body is not None
        predictions[output.name.removesuffix(".out")] = [float(line) for line in b"".join(body).split()]
    assert {
        key: {"rows": len(values), "first": values[0], "last": values[-1]}
        for key, values in predictions.items()
    } == expected


def test_the_results_show_the_texts_of_a_row_beside_its_prediction(ready: Any) -> None:
    client = House(ready.team, {"admin": ready.admin}, ready.connection, ready.models[0]).page("admin")
    press(client, sample.USED_CARS)
    job = TransformJob.objects.get()
    starting.start(job.pk)
    follow(job)
    page = Page(client.get(f"{job.get_absolute_url()}results/"))
    cells = Page.all_below(page.by_id("row-1"), "td")
    row = [cell.text for cell in cells]
    first = "dealer-north.csv"
    car = (SAMPLES / sample.USED_CARS / "data" / first).read_text().partition("\n")[0].split(",")
    expected = json.loads((SAMPLES / sample.USED_CARS / "expected.json").read_text())
    assert row[-len(car) - 1 : -1] == car
    # Figures are shown with few digits, and whole in a hint.
    assert float(cells[-1].get("title")) == expected[first]["first"]
    assert float(row[-1]) == pytest.approx(expected[first]["first"], rel=1e-5)


def test_the_page_of_the_pipeline_shows_both_containers(ready: Any) -> None:
    house = House(ready.team, {"admin": ready.admin}, ready.connection, ready.models[0])
    page = Page(house.page("admin").get(f"/models/{ready.models[1].pk}/"))
    assert {"Container 1", "Container 2"} <= {heading.text for heading in page.all("h2")}
    assert "s3://batchdeck-samples/used-cars/features.tar.gz" in page.text
    assert "s3://batchdeck-samples/used-cars/price.tar.gz" in page.text


def test_a_sample_is_offered_until_it_has_run_or_the_team_has_jobs_of_its_own(ready: Any) -> None:
    house = House(ready.team, {"admin": ready.admin}, ready.connection, ready.models[0])
    client = house.page("admin")
    assert offered(client) == ["breast-cancer", "used-cars", "pictures"]
    press(client, sample.BREAST_CANCER)
    assert offered(client) == ["used-cars", "pictures"]
    own_job = house.job(model=None, model_name="our-own")
    assert offered(client) == []
    own_job.delete()
    press(client, sample.USED_CARS)
    assert offered(client) == ["pictures"]
    press(client, sample.PICTURES)
    assert offered(client) == []


def test_a_sample_that_does_not_exist_is_refused_in_words(ready: Any) -> None:
    client = House(ready.team, {"admin": ready.admin}, ready.connection, ready.models[0]).page("admin")
    answer = client.post("/sample/run/", {"sample": "../used-cars"}, follow=True)
    assert (
        "There is no sample named ../used-cars. There are: breast-cancer, used-cars, pictures."
        in Page(answer).text
    )
    assert not TransformJob.objects.exists()


def test_the_sample_job_leads_to_predictions(ready: Any, client: Any) -> None:
    job = sample.run(ready.team, by=ready.admin)
    assert starting.start(job.pk) is starting.Started.RUNNING
    job = follow(job)
    assert (job.state, job.state_reason) == (JobState.COMPLETED, "")
    assert job.warning_texts == []
    assert job.objects_done == job.objects_total == 4
    assert job.bytes_total == sum(file.stat().st_size for file in (SAMPLE / "data").iterdir())
    assert job.started_at is not None
    assert job.ended_at is not None

    page = job_outputs.outputs(job)
    assert len(page.outputs) == 4
    assert page.next == ""
    first = page.outputs[0]
    assert first.input_key + ".out" == f"breast-cancer/data/{first.name}"

    preview = job_outputs.preview(job, first.key)
    source = SAMPLE / "data" / first.name.removesuffix(".out")
    with source.open() as rows:
        row_count = len(list(csv.reader(rows)))
    assert preview.kind == "table"
    assert len(preview.rows) == min(row_count, 200)
    assert all(0 <= float(row[0]) <= 1 for row in preview.rows)

    whole = job_outputs.download(job, first.key)
    assert whole.body is not None
    body = b"".join(whole.body)
    assert len(body) == whole.size == first.size
    assert body.decode().splitlines()[: len(preview.rows)] == [row[0] for row in preview.rows]

    log_page = logs.page(job)
    assert log_page.lines
    assert log_page.stream in {stream.label for stream in log_page.streams}
    since = logs.page(job, stream=log_page.stream, token=log_page.token)
    assert since.lines == ()


def test_two_sample_jobs_of_one_second_write_to_folders_of_their_own() -> None:
    paths = {sample.fields()["output_path"] for _ in range(20)}
    assert len(paths) == 20
    assert {undated(path) for path in paths} == {sample.read().output_path}


def test_the_same_through_the_api(ready: Any, client: Any) -> None:
    house = House(ready.team, {"admin": ready.admin}, ready.connection, ready.models[0])
    api = house.api("admin")
    body = {"connection": "engine", **sample.fields()}
    answer = api.post("/api/v1/jobs/", body, "application/json")
    assert answer.status_code == 201, answer.content
    job = TransformJob.objects.get(key=answer.json()["id"])
    starting.start(job.pk)
    follow(job)
    job_json = api.get(answer.json()["api_url"]).json()
    assert job_json["state"] == "COMPLETED"
    assert job_json["name"] == answer.json()["name"]
    assert [event["to_state"] for event in job_json["events"]] == [
        "WAITING", "SUBMITTING", "IN_PROGRESS", "COMPLETED",
    ]  # fmt: skip
    outputs = api.get(f"{answer.json()['api_url']}outputs/").json()
    assert len(outputs["results"]) == outputs["objects_total"] == 4
    first = outputs["results"][0]
    assert first["uri"].startswith("s3://batchdeck-samples/")
    assert api.get(first["preview_url"]).json()["kind"] == "table"
    download = api.get(first["download_url"])
    assert len(b"".join(download.streaming_content)) == first["size"]
    assert "attachment" in download.headers["Content-Disposition"]
    log = api.get(f"{answer.json()['api_url']}logs/").json()
    assert log["results"]
    assert set(log["results"][0]) == {"at", "text", "stream", "id", "level"}


def test_what_people_did_is_written_down(ready: Any) -> None:
    job = sample.run(ready.team, by=ready.admin)
    done = Activity.objects.get(object_id=job.key)
    assert (done.verb, done.user, done.object_label) == ("job.submitted", ready.admin, job.name)


def test_only_outputs_of_the_job_can_be_read_through_it(ready: Any, engine: EngineProcess) -> None:
    api = House(ready.team, {"admin": ready.admin}, ready.connection, ready.models[0]).api("admin")
    job = sample.run(ready.team, by=ready.admin)
    starting.start(job.pk)
    follow(job)
    stranger = put_strangers_output(job, engine)
    for key in ["breast-cancer/model.tar.gz", stranger, "../x.out", "nothing.out"]:
        for verb in ["preview", "download"]:
            answer = api.get(f"/api/v1/jobs/{job.key}/outputs/{verb}/", {"key": key})
            assert answer.status_code == 404, key
            assert "no such output" in answer.json()["error"]["message"]
    assert "strangers" not in json.dumps(api.get(f"/api/v1/jobs/{job.key}/outputs/").json())


def test_outputs_are_paged_past_those_of_other_jobs(ready: Any, engine: EngineProcess) -> None:
    job = sample.run(ready.team, by=ready.admin)
    starting.start(job.pk)
    follow(job)
    put_strangers_output(job, engine)
    first = job_outputs.outputs(job, limit=3)
    second = job_outputs.outputs(job, after=first.next, limit=3)
    assert len(first.outputs) == 3
    assert len(second.outputs) == 1
    assert second.next == ""


def test_outputs_of_an_earlier_job_under_the_same_path_do_not_count(ready: Any) -> None:
    first = sample.run(ready.team, by=ready.admin)
    starting.start(first.pk)
    follow(first)
    PlannedObject.objects.filter(job=first).update(done=False)
    later = TransformJob.objects.get(pk=first.pk)
    assert later.started_at is not None
    later.started_at = later.started_at.replace(year=later.started_at.year + 1)
    later.save()
    assert job_outputs.outputs(later).outputs == ()


def test_a_redelivered_start_adopts_the_job_it_made(ready: Any) -> None:
    job = sample.run(ready.team, by=ready.admin)
    starting.start(job.pk)
    # As a worker killed between Create and its note would leave it.
    TransformJob.objects.filter(pk=job.pk).update(
        state=JobState.SUBMITTING, arn="", changed_at=job.created_at.replace(year=2020)
    )
    assert starting.start(job.pk) is starting.Started.RUNNING
    job = follow(job)
    assert job.state == JobState.COMPLETED
    assert job.objects_done == 4


def test_submission_asks_for_a_worker_only_once_it_is_committed(
    ready: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        submission.submit(
            *submission.parse(ready.team, {"connection": "engine", **sample.fields()}), by=ready.admin
        )
    assert len(callbacks) == 1
