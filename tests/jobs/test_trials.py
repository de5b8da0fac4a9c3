"""Trials of the first records of an input, as jobs on the real engine."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from jobs.lifecycle.trying import removal
from jobs.models import InstancePrice, RegisteredModel, TransformJob, TrialRun
from jobs.options import RunOptions
from jobs.services.errors import InvalidFields, NotPossible
from jobs.services.submitting import trials
from jobs.services.submitting.trial_pace import pace_of
from jobs.states import JobState, Origin
from tests.cast import House
from tests.engine.transforms import BUCKET, put
from tests.jobs.running import folder, serving, serving_engine, started
from tests.support.engine import EngineProcess
from tests.support.framing import recordio_bytes, tfrecord_bytes
from transform.spec import TransformSpec

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db


def spec_of(folder: str, **fields: Any) -> TransformSpec:
    values = {
        "model_name": folder,
        "data": f"s3://{BUCKET}/{folder}/in/",
        "output_path": f"s3://{BUCKET}/{folder}/out",
        "instance_type": "ml.m5.large",
        "split_type": "Line",
        "assemble_with": "Line",
        **fields,
    }
    return TransformSpec.from_fields(values)


def objects_below(engine: EngineProcess, uri: str) -> dict[str, bytes]:
    """The objects below an address, by the rest of their keys."""
    s3 = engine.client("s3")
    prefix = uri.removeprefix(f"s3://{BUCKET}/")
    rows = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    return {
        row["Key"].removeprefix(prefix): s3.get_object(Bucket=BUCKET, Key=row["Key"])["Body"].read()
        for row in rows
    }


def begin(house: House, spec: TransformSpec, count: int) -> TransformJob:
    return trials.begin(house.connection, spec, RunOptions(), count, by=house.people["alice"])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"1,2\n\n3,4\n5,6\n7,8\n", b"1,2\n\n3,4\n5,6\n"),
        (b"a,b\n1,2\n3,4\n5,6\n7,8\n", b"a,b\n1,2\n3,4\n5,6\n"),
        (b"1,2\r\n3,4\r\n5,6\r\n7,8\r\n", b"1,2\r\n3,4\r\n5,6\r\n"),
        (b"1,2\n3,4", b"1,2\n3,4"),
    ],
    ids=["an empty line", "a header", "CRLF", "fewer, without a last line end"],
)
def test_a_trial_reads_the_first_records_and_writes_beside_the_output(
    serving: House, serving_engine: EngineProcess, folder: str, body: bytes, expected: bytes
) -> None:
    put(serving_engine, f"{folder}/in/deep/a.csv", body)
    job = started(begin(serving, spec_of(folder, content_type="text/csv"), 3))
    assert job.state == JobState.COMPLETED
    trial = job.trial_run
    assert trial is not None
    assert trial.place.startswith(f"s3://{BUCKET}/{folder}/out-trials/")
    written = objects_below(serving_engine, trial.place)
    assert written.keys() == {"input/deep/a.csv", "output/deep/a.csv.out"}
    assert written["input/deep/a.csv"] == expected
    assert trial.has_header == expected.startswith(b"a,b")
    assert trial.records == len(expected.split()) - trial.has_header
    assert not objects_below(serving_engine, f"s3://{BUCKET}/{folder}/out/")


def test_the_records_come_from_as_many_objects_as_it_takes(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    for name in ("a", "b", "c"):
        put(serving_engine, f"{folder}/in/{name}", f"{name}1\n{name}2\n".encode())
    trial = begin(serving, spec_of(folder, instance_count=4), 3).trial
    assert objects_below(serving_engine, f"{trial.place}input/") == {"a": b"a1\na2\n", "b": b"b1\n"}
    assert (trial.records, trial.objects_count, trial.job.instance_count) == (3, 2, 2)
    assert not trial.is_short
    assert trial.request["instance_count"] == 4


def test_records_of_compressed_and_of_framed_objects_are_cut_whole(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    records = [b"one", b"two", b"three"]
    cases: list[tuple[dict[str, Any], bytes, bytes]] = [
        ({"compression_type": "Gzip"}, gzip.compress(b"1\n2\n3\n"), b"1\n2\n"),
        ({"split_type": "TFRecord"}, tfrecord_bytes(records), tfrecord_bytes(records[:2])),
        ({"split_type": "RecordIO"}, recordio_bytes(records), recordio_bytes(records[:2])),
    ]
    for fields, body, expected in cases:
        put(serving_engine, f"{folder}/in/a", body)
        trial = begin(serving, spec_of(folder, **fields), 2).trial
        written = objects_below(serving_engine, f"{trial.place}input/")["a"]
        assert (gzip.decompress(written) if "compression_type" in fields else written) == expected
        assert trial.records == 2


def test_an_input_that_is_not_split_is_tried_with_its_first_objects_in_place(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    for name in ("a", "b", "c"):
        put(serving_engine, f"{folder}/in/{name}", name.encode())
    job = started(begin(serving, spec_of(folder, split_type="None", assemble_with="None"), 2))
    assert job.state == JobState.COMPLETED
    assert objects_below(serving_engine, f"{job.trial.place}output/").keys() == {"a.out", "b.out"}
    assert job.trial.unit == "objects"


def test_a_trial_of_a_manifest_reads_what_it_names_first(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    put(serving_engine, f"{folder}/in/z", b"9\n8\n")
    put(serving_engine, f"{folder}/in/a", b"1\n")
    listed = [{"prefix": f"s3://{BUCKET}/{folder}/in/"}, "z", "a"]
    put(serving_engine, f"{folder}/list.manifest", json.dumps(listed).encode())
    spec = spec_of(folder, data=f"s3://{BUCKET}/{folder}/list.manifest", data_type="ManifestFile")
    trial = begin(serving, spec, 1).trial
    assert objects_below(serving_engine, f"{trial.place}input/") == {"z": b"9\n"}


def test_what_cannot_be_tried_is_refused_and_nothing_is_written(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    with pytest.raises(NotPossible, match="no records"):
        begin(serving, spec_of(folder), 5)
    put(serving_engine, f"{folder}/in/a", b"1\n")
    with pytest.raises(InvalidFields, match="whole number from 1"):
        begin(serving, spec_of(folder), 0)
    with pytest.raises(InvalidFields, match="outside the input"):
        begin(
            serving,
            spec_of(folder, data=f"s3://{BUCKET}/{folder}", output_path=f"s3://{BUCKET}/{folder}/out"),
            1,
        )
    serving.connection.allowed_places = [f"s3://{BUCKET}/{folder}/in/"]
    with pytest.raises(InvalidFields, match="may use nothing else"):
        begin(serving, spec_of(folder), 1)
    serving.connection.allowed_places = [f"s3://{BUCKET}/{folder}/in/", f"s3://{BUCKET}/{folder}/out/"]
    trial = begin(serving, spec_of(folder), 1).trial
    assert trial.place.startswith(f"s3://{BUCKET}/{folder}/out/trials/")
    assert TrialRun.objects.count() == 1


def test_the_form_begins_a_trial_once_and_the_trial_leads_to_the_whole_job(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    put(serving_engine, f"{folder}/in/a.csv", b"1\n" * 50)
    InstancePrice.objects.create(
        connection=serving.connection, instance_type="ml.m5.large", usd_per_hour=Decimal("3600")
    )
    model = RegisteredModel.objects.create(
        team=serving.team, connection=serving.connection, name=folder, containers=[]
    )
    client = serving.page("alice")
    fields = {
        **spec_of(folder, name=f"{folder}-all").to_fields(),
        **{"model": model.pk, "content_type": "text/csv", "form_key": uuid4().hex},
    }
    refused = client.post("/jobs/new/", {**fields, "try": "1", "first_records": "none"})
    assert refused.status_code == 400
    assert "Number of first records: It must be a whole number" in refused.content.decode()
    assert not TransformJob.objects.exists()
    answers = [client.post("/jobs/new/", {**fields, "try": "1", "first_records": "5"}) for _ in range(2)]
    (job,) = TransformJob.objects.all()
    assert [answer.url for answer in answers] == [f"/jobs/{job.key}/"] * 2
    started(job)
    page = client.get(f"/jobs/{job.key}/").content.decode()
    assert "trial of the first 5 records of" in page
    assert f"/jobs/new/?from={job.key}" in page
    poll = client.get(f"/jobs/{job.key}/", headers={"HX-Request": "true"})
    assert poll.headers["HX-Redirect"] == f"/jobs/{job.key}/results/"
    answer = serving.api("alice").get(f"/api/v1/jobs/{job.key}/").json()
    assert (answer["origin"], answer["trial_of"]["records"]) == ("trial", 5)
    assert answer["trial_of"]["request"]["name"] == f"{folder}-all"
    form = client.get(f"/jobs/new/?from={job.key}").content.decode()
    assert f'value="s3://{BUCKET}/{folder}/in/"' in form
    assert f'value="{folder}-all"' in form
    rail = client.post(f"/jobs/new/preflight/?from={job.key}", fields).content.decode()
    assert f'href="/jobs/{job.key}/"' in rail
    assert "records a second, as in the trial" in " ".join(rail.split())
    submitted = client.post(f"/jobs/new/?from={job.key}", {**fields, "form_key": uuid4().hex})
    whole = TransformJob.objects.get(name=f"{folder}-all")
    assert submitted.url == f"/jobs/{whole.key}/"
    assert (whole.parent, whole.origin, whole.data) == (job, Origin.CLONE, f"s3://{BUCKET}/{folder}/in/")


def test_an_estimate_by_a_trial_takes_its_start_once_and_its_records_by_bytes(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    put(serving_engine, f"{folder}/in/a.csv", b"1\n" * 50)
    job = started(begin(serving, spec_of(folder), 5))
    pace = pace_of(job)
    assert pace is not None
    assert pace.start > 0
    assert pace.start + pace.work == pytest.approx(job.ran_seconds)
    assert pace.seconds(100) == pytest.approx(pace.start + 10 * pace.work)
    assert TrialRun.objects.get().ready_at is not None


def test_trials_are_asked_for_through_the_api_and_have_a_key_as_jobs_have(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    put(serving_engine, f"{folder}/in/a.csv", b"1\n2\n3\n")
    fields = spec_of(folder).to_fields()
    body = {**fields, "model": fields.pop("model_name"), "connection": "engine", "records": 2}
    del body["model_name"]
    api = serving.api("alice")
    answers = [
        api.post("/api/v1/jobs/trials/", body, "application/json", headers={"Idempotency-Key": folder})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    (job,) = TransformJob.objects.all()
    assert {answer.json()["id"] for answer in answers} == {job.key}
    wrong = api.post("/api/v1/jobs/trials/", {**body, "records": "2"}, "application/json")
    assert (wrong.status_code, list(wrong.json()["error"]["fields"])) == (400, ["records"])


def test_trials_are_marked_in_the_list_and_filtered(house: House) -> None:
    trial, job = house.job(origin=Origin.TRIAL, name="small"), house.job(name="large")
    client, api = house.page("bob"), house.api("bob")
    assert "small (trial)" in client.get("/jobs/").content.decode()
    for value, names in {"true": [trial.name], "false": [job.name]}.items():
        rows = api.get(f"/api/v1/jobs/?trial={value}").json()["results"]
        assert [row["name"] for row in rows] == names
    assert len(api.get("/api/v1/jobs/").json()["results"]) == 2


def test_the_objects_of_an_old_trial_are_deleted_and_nothing_beside_them(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    put(serving_engine, f"{folder}/in/a", b"1\n2\n")
    job = started(begin(serving, spec_of(folder), 1))
    put(serving_engine, f"{folder}/out-trials/other", b"stays")
    assert removal.remove_old() == 0
    TransformJob.objects.filter(pk=job.pk).update(changed_at=timezone.now() - timedelta(days=31))
    assert removal.remove_old() == 1
    assert objects_below(serving_engine, f"s3://{BUCKET}/{folder}/out-trials/") == {"other": b"stays"}
    assert TrialRun.objects.get().removed_at is not None
    assert removal.remove_old() == 0
