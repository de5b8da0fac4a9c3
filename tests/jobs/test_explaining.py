"""Jobs that really fail on the real engine, and the cause that their rows, the API and their pages tell."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from failures import CAUSES
from jobs.lifecycle.after import explaining
from jobs.models import TransformJob
from jobs.services.attempts import failure_report
from jobs.states import JobState
from jobs.tasks import reconcile
from tests.cast import FIELDS, House, make_house
from tests.engine.conftest import serving_engine
from tests.engine.transforms import BUCKET, Transform, container, transform
from tests.jobs.following import follow
from tests.support.engine import EngineProcess
from tests.support.html import Page

__all__ = ["serving_engine"]
pytestmark = pytest.mark.django_db

CSV = {"ContentType": "text/csv"}
JOIN = {"JoinSource": "Input"}
ONE_TRY = {"InvocationsMaxRetries": 0}


@pytest.fixture
def serving(db: None, serving_engine: EngineProcess, settings: Any, engine_keys: Any) -> House:
    """Alice's team, connected to the engine that has the tests' own model server."""
    settings.ENGINE_URL = serving_engine.url
    settings.ENGINE_CREDENTIALS = serving_engine.data_dir / "credentials.json"
    return make_house("first", {"alice": "admin", "bob": "operator", "vera": "viewer"}, serving_engine.url)


def followed(house: House, remote: Transform, **spec: Any) -> TransformJob:
    """The dashboard's row of a job in the engine, followed to its end as a worker does."""
    job = house.job(
        JobState.IN_PROGRESS,
        name=remote.name,
        spec={"model_name": "churn", **FIELDS, **spec},
        accepted_at=timezone.now(),
    )
    return follow(job)


def explained(house: House, remote: Transform, **spec: Any) -> failure_report.Failure:
    """Why a job failed, once its log was read."""
    job = followed(house, remote, **spec)
    assert job.state == JobState.FAILED
    explaining.explain_job(job.pk)
    job.refresh_from_db()
    failure = failure_report.failure_of(job)
    assert failure is not None
    assert not failure.unread
    return failure


def trouble(words: str) -> dict[str, Any]:
    return {"Tags": [{"Key": "engine:trouble", "Value": words}]}


@pytest.mark.parametrize(
    ("inputs", "request_", "cause"),
    [
        ({"x": b"answer 400 Unable to parse data as csv\n"}, {}, "csv-unreadable"),
        ({"x": b"answer 400 could not convert string to float: 'age'\n"}, {}, "csv-unreadable"),
        ({"x": b"\xef\xbb\xbfanswer 400 never\nbad\n"}, {"TransformInput": CSV}, "byte-order-mark"),
        ({"x": b"answer 413 too much\n"}, {}, "request-refused-as-too-large"),
        ({"x": b"answer 415 what is this\n"}, {}, "content-type-refused"),
        ({"x": b"answer 400 Extra data: line 2 column 1 (char 107)\n"}, {}, "one-record-handler"),
        ({"x": b"answer 504 late\n"}, {"ModelClientConfig": ONE_TRY}, "worker-timeout"),
        ({"x": b"bad\n"}, {}, "record-refused"),
        ({"x": b"broken\n"}, {"ModelClientConfig": ONE_TRY}, "model-error"),
        ({"x": b"x" * (1024 * 1024 + 1)}, {"MaxPayloadInMB": 1}, "payload-too-large"),
        ({"x": b"x\n"}, trouble("no-capacity"), "no-capacity"),
        ({"x": b"x\n"}, trouble("no-ping=0.5"), "ping-failed"),
        ({"x": b"x\n"}, trouble("out-of-memory"), "out-of-memory"),
        ({"x": b"sleep\n"}, {"ModelClientConfig": {**ONE_TRY, "InvocationsTimeoutInSeconds": 1}},
         "invocation-timeout"),
        ({"x": b"x\n"}, {"environment": {"END_AT_START": "1"}}, "model-not-loaded"),
        ({"x": b"x\n"}, {"TransformOutput": {"S3OutputPath": "s3://nowhere/out"}}, "bucket-missing"),
        ({"x": b"x\n"}, {"TransformInput": {"CompressionType": "Gzip"}}, "not-gzip"),
        ({"x": b"x\n"}, {"TransformInput": {"SplitType": "TFRecord"}}, "record-damaged"),
        ({"x": b"a,b\n"}, {"TransformInput": CSV, "TransformOutput": {"Accept": "text/csv"},
                           "DataProcessing": {"InputFilter": "$[9]"}}, "filter-finds-nothing"),
    ],
)  # fmt: skip
def test_a_job_that_fails_in_the_engine_is_explained(
    serving: House,
    serving_engine: EngineProcess,
    inputs: dict[str, bytes],
    request_: dict[str, Any],
    cause: str,
) -> None:
    failure = explained(serving, transform(serving_engine, inputs, **request_))
    assert failure.cause == cause, failure
    assert failure.quoted
    assert failure.advice


def test_an_archive_and_an_image_that_cannot_be_used_are_named(
    serving: House, serving_engine: EngineProcess
) -> None:
    broken = container(serving_engine, b"PK\x03\x04 a zip")
    strange = {**container(serving_engine), "Image": "example.com/nobody/knows:1"}
    causes = [
        explained(serving, transform(serving_engine, {"x": b"x"}, containers=[definition])).cause
        for definition in (broken, strange)
    ]
    assert causes == ["model-data-missing", "image-cannot-run"]


def test_where_no_rule_fits_the_page_says_so_and_shows_the_last_lines(
    serving: House, serving_engine: EngineProcess
) -> None:
    remote = transform(serving_engine, {"x": b"x\n"}, **trouble("what"))
    job = followed(serving, remote)
    explaining.explain_job(job.pk)
    job.refresh_from_db()
    assert job.cause == "unknown"
    page = serving.page("alice")
    assert "No known cause fits" in page.get(f"/jobs/{job.key}/").content.decode()
    lines = page.get(f"/jobs/{job.key}/errors/", headers={"HX-Request": "true"})
    assert "The last lines of the log." in Page(lines).by_id("errors").text
    assert "engine:trouble has" in Page(lines).of_class("tx")[-1].text


def test_the_log_is_read_by_reconcile_if_the_message_to_do_it_was_lost(
    serving: House, serving_engine: EngineProcess, django_capture_on_commit_callbacks: Any
) -> None:
    job = followed(serving, transform(serving_engine, {"x": b"answer 415 no\n"}))
    assert job.cause == "unknown"
    assert job.pk in explaining.due_jobs()
    with django_capture_on_commit_callbacks() as sent:
        reconcile()
    assert sent
    assert explaining.explain_job(job.pk) == "content-type-refused"
    assert explaining.due_jobs() == []
    assert explaining.explain_job(job.pk) == ""


def test_a_log_that_cannot_be_read_is_tried_again_and_given_up_in_the_end(house: House) -> None:
    job = house.job(
        JobState.FAILED, accepted_at=timezone.now(), ended_at=timezone.now(), explain_at=timezone.now(),
        state_reason="AlgorithmError: See job logs for more information",
    )  # fmt: skip
    assert explaining.explain_job(job.pk) == "unknown"
    job.refresh_from_db()
    assert job.explain_at is not None
    assert job.explain_at > timezone.now()
    TransformJob.objects.filter(pk=job.pk).update(ended_at=timezone.now() - timedelta(minutes=11))
    explaining.explain_job(job.pk)
    job.refresh_from_db()
    assert job.explain_at is None


def test_the_api_tells_the_failure_with_a_change_to_try(
    serving: House, serving_engine: EngineProcess
) -> None:
    job = followed(serving, transform(serving_engine, {"x": b"answer 413 too much\n"}), max_payload=50)
    explaining.explain_job(job.pk)
    api = serving.api("vera")
    failure = api.get(f"/api/v1/jobs/{job.key}/").json()["failure"]
    assert failure["cause"] == "request-refused-as-too-large"
    assert failure["quoted"] == f"{BUCKET}/{job.name}/in/x: ClientError: 413\ntoo much"
    assert failure["title"] in {cause.title for cause in CAUSES}
    change = failure["change"]
    assert (change["field"], change["value"], change["was"]) == ("max_payload", "25", 50)
    (row,) = api.get("/api/v1/jobs/").json()["results"]
    assert row["failure"] == failure
    assert serving.page("bob").get(change["url"]).status_code == 200


def test_a_job_that_did_not_fail_has_no_failure(house: House) -> None:
    house.job(JobState.COMPLETED)
    (row,) = house.api("vera").get("/api/v1/jobs/").json()["results"]
    assert row["failure"] is None


def test_a_failure_from_before_causes_were_kept_is_told_from_its_reason(house: House) -> None:
    job = house.job(JobState.FAILED, state_reason="CapacityError: Unable to provision")
    failure = failure_report.failure_of(job)
    assert failure
    assert failure.cause == "no-capacity"


def test_the_pages_link_opens_the_form_with_the_one_change_and_submits_what_it_shows(
    serving: House, serving_engine: EngineProcess
) -> None:
    remote = transform(serving_engine, {"x.csv": b"answer 413 too much\n"})
    # The form's preflight looks at the model and the input as they are.
    type(serving.model).objects.update(name=remote.name)
    folder = f"s3://{BUCKET}/{remote.name}"
    spec = {
        "model_name": remote.name,
        "data": f"{folder}/in/",
        "data_type": "S3Prefix",
        "output_path": f"{folder}/again/",
        "max_payload": 50,
        "max_concurrent_transforms": 2,
    }
    job = followed(serving, remote, **spec)
    explaining.explain_job(job.pk)
    client = serving.page("bob")
    page = Page(client.get(f"/jobs/{job.key}/"))
    (link,) = [node.get("href") for node in page.all("a") if node.text == "Try with this change"]
    answer = client.get(link)
    form = Page(answer)
    assert form.by_id("id_max_payload").get("value") == "25"
    assert form.by_id("id_max_concurrent_transforms").get("value") == "2"
    assert "One change: Largest call in MB is 25 , it was 50 ." in " ".join(form.by_id("main").text.split())
    sent = {**FIELDS, **spec, "max_payload": "25", "model": serving.model.pk}
    assert client.post(link, sent).status_code == 302
    second_job = TransformJob.objects.exclude(pk=job.pk).get()
    assert {**job.spec, "max_payload": 25} == second_job.spec
    assert second_job.parent == job


def test_a_viewer_is_told_the_cause_and_offered_no_change(
    serving: House, serving_engine: EngineProcess
) -> None:
    job = followed(serving, transform(serving_engine, {"x": b"answer 413 too much\n"}))
    explaining.explain_job(job.pk)
    text = serving.page("vera").get(f"/jobs/{job.key}/").content.decode()
    assert "The container refuses calls of this size" in text
    assert "Try with this change" not in text


@pytest.mark.parametrize(
    "query", ["change=nothing&to=1", "change=name&to=x", "change=env&to=x", "change=&to="]
)
def test_a_link_can_change_only_fields_of_one_value(house: House, query: str) -> None:
    job = house.job(JobState.FAILED, spec={"model_name": "churn", **FIELDS})
    answer = house.page("bob").get(f"/jobs/new/?from={job.key}&{query}")
    assert answer.status_code == 200
    assert "One change" not in answer.content.decode()
