"""Outputs that are there: running again and submitting refuse to replace them until they are told to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jobs.lifecycle.queue import starting
from jobs.models import Connection, PlannedObject, TransformJob
from jobs.options import RunOptions
from jobs.services.attempts import attempts
from jobs.services.errors import OutputsExist
from jobs.services.submitting import jobs_under_way, replacing, submission
from jobs.services.submitting.cloning import clone_with
from jobs.services.submitting.drafting import Draft
from jobs.services.submitting.jobs_under_way import SubmittedMeanwhile
from jobs.services.submitting.replacing import Outputs
from jobs.states import Origin
from tests.cast import House
from tests.engine.transforms import BUCKET, put
from tests.jobs.running import folder, run, serving, serving_engine
from tests.support.engine import EngineProcess
from tests.support.html import Page
from tests.support.questions import sent
from transform.spec import TransformSpec

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db
BODIES = {"a": b"1\n", "b": b"2\n"}


@pytest.fixture
def first(serving: House, serving_engine: EngineProcess, folder: str) -> TransformJob:
    """A job that has written two outputs."""
    return run(serving, serving_engine, folder, BODIES, name=f"first-{folder}"[:60])


def body_of(job: TransformJob, **fields: Any) -> dict[str, Any]:
    spec = {name: value for name, value in job.spec.items() if name not in ("model_name", "name")}
    return {**spec, "model": job.model_name, "connection": job.connection.slug, **fields}


def post(house: House, path: str, body: dict[str, Any]) -> Any:
    return house.api("alice").post(f"/api/v1/jobs/{path}", body, "application/json")


def test_running_again_by_the_api_replaces_nothing_until_it_is_told_to(
    serving: House, first: TransformJob
) -> None:
    answer = post(serving, f"{first.key}/retry/", {})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["outputs"]) == (409, "outputs_exist", 2)
    assert "replace_outputs: true" in error["message"]
    assert TransformJob.objects.count() == 1
    allowed = post(serving, f"{first.key}/retry/", {"replace_outputs": True})
    assert allowed.status_code == 201
    second_attempt = TransformJob.objects.get(key=allowed.json()["id"])
    assert (second_attempt.root, second_attempt.output_path) == (first, first.output_path)


def test_the_path_that_the_refusal_names_is_a_jobs_own(serving: House, first: TransformJob) -> None:
    error = post(serving, f"{first.key}/retry/", {}).json()["error"]
    answer = post(
        serving,
        f"{first.key}/retry/",
        {"output_path": error["output_path"], "name": f"again-{first.name}"[:60]},
    )
    second_job = TransformJob.objects.get(key=answer.json()["id"])
    assert second_job.output_path == error["output_path"]
    assert (second_job.name, second_job.origin, second_job.parent, second_job.root) == (
        f"again-{first.name}"[:60],
        Origin.CLONE,
        first,
        None,
    )


def test_an_output_behind_the_inputs_that_a_plan_lists_is_not_replaced_either(
    serving: House, first: TransformJob, serving_engine: EngineProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PlannedObject, "LIMIT", 1)
    key = first.output_path.removeprefix(f"s3://{BUCKET}/")
    serving_engine.client("s3").delete_object(Bucket=BUCKET, Key=f"{key.rstrip('/')}/a.out")
    error = post(serving, "", body_of(first)).json()["error"]
    assert (error["code"], error["outputs"]) == ("outputs_exist", 1)


def test_what_could_not_be_compared_in_time_is_not_replaced_either(
    serving: House, first: TransformJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replacing, "SECONDS", -1.0)
    answer = post(serving, "", body_of(first, data=f"{first.data}no"))
    assert answer.status_code == 201  # Nothing is read, so nothing can be replaced.
    error = post(serving, "", body_of(first)).json()["error"]
    assert error["code"] == "outputs_exist"
    assert post(serving, "", body_of(first, replace_outputs=True)).status_code == 201


def test_submitting_over_outputs_is_refused_and_allowed_by_the_same_word(
    serving: House, first: TransformJob
) -> None:
    answer = post(serving, "", body_of(first))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["outputs"]) == (409, "outputs_exist", 2)
    assert post(serving, "", body_of(first, output_path=error["output_path"])).status_code == 201
    assert post(serving, "", body_of(first, replace_outputs=True)).status_code == 201
    wrong = post(serving, "", body_of(first, replace_outputs="yes"))
    assert wrong.json()["error"]["fields"] == {"replace_outputs": ["It must be true or false."]}


@pytest.fixture
def waiting(serving: House, serving_engine: EngineProcess, folder: str) -> TransformJob:
    """A colleague's job that waits and will write two outputs."""
    for name, body in BODIES.items():
        put(serving_engine, f"{folder}/in/{name}", body)
    fields = {
        "model_name": folder,
        "data": f"s3://{BUCKET}/{folder}/in/",
        "output_path": f"s3://{BUCKET}/{folder}/out/",
    }
    spec = TransformSpec.from_fields({**fields, "instance_type": "ml.m5.large", "split_type": "Line"})
    return submission.submit(serving.connection, spec, by=serving.people["alice"])


def test_outputs_that_a_waiting_job_will_write_are_not_replaced_either(
    serving: House, waiting: TransformJob
) -> None:
    answer = post(serving, "", body_of(waiting))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["outputs"]) == (409, "outputs_exist", 2)
    assert error["message"].startswith(
        f"2 outputs are there already or come from {waiting.name}, which has not ended. This job would replace them "
        f"below {waiting.output_path}."
    )
    assert post(serving, "", body_of(waiting, output_path=error["output_path"])).status_code == 201
    assert post(serving, "", body_of(waiting, replace_outputs=True)).status_code == 201


def test_a_running_job_is_told_apart_by_the_keys_of_its_plan(
    serving: House, waiting: TransformJob, serving_engine: EngineProcess, folder: str
) -> None:
    starting.start(waiting.pk)
    error = post(serving, "", body_of(waiting, data=f"s3://{BUCKET}/{folder}/in/a")).json()["error"]
    assert (error["code"], error["outputs"]) == ("outputs_exist", 1)
    put(serving_engine, f"{folder}/new/c", b"3\n")
    assert post(serving, "", body_of(waiting, data=f"s3://{BUCKET}/{folder}/new/")).status_code == 201


@pytest.mark.parametrize("path", ["out", "out/", "/out/"])
def test_another_connection_to_the_same_place_and_another_way_to_write_the_path_change_nothing(
    serving: House, waiting: TransformJob, folder: str, path: str
) -> None:
    connection = serving.connection
    alias = Connection.objects.create(
        team=serving.team,
        slug="alias",
        name="Alias",
        kind=connection.kind,
        endpoint_url=connection.endpoint_url,
        import_external=False,
    )
    same = path != "/out/"
    body = body_of(waiting, connection=alias.slug, output_path=f"s3://{BUCKET}/{folder}/{path}")
    # Two slashes are a folder without a name between them: S3 has other keys there.
    assert post(serving, "", body).status_code == (409 if same else 201)


def test_an_https_address_of_the_same_folder_is_the_same(
    serving: House, waiting: TransformJob, folder: str
) -> None:
    for host in (f"s3.amazonaws.com/{BUCKET}", f"{BUCKET}.s3.amazonaws.com"):
        error = post(serving, "", body_of(waiting, output_path=f"https://{host}/{folder}/out/")).json()[
            "error"
        ]
        assert (error["code"], error["outputs"]) == ("outputs_exist", 2)


def test_outputs_at_an_https_address_have_the_address_of_their_bucket(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    path = f"https://s3.amazonaws.com/{BUCKET}/{folder}/out/"
    job = run(serving, serving_engine, folder, BODIES, output_path=path)
    outputs = serving.api("alice").get(f"/api/v1/jobs/{job.key}/outputs/").json()["results"]
    assert [row["uri"] for row in outputs] == [f"s3://{BUCKET}/{folder}/out/{name}.out" for name in BODIES]
    # A job that waits at such an address stands in the way of another one at the usual address.
    waiting = post(serving, "", body_of(job, replace_outputs=True))
    assert waiting.status_code == 201
    serving_engine.client("s3").delete_object(Bucket=BUCKET, Key=f"{folder}/out/a.out")
    serving_engine.client("s3").delete_object(Bucket=BUCKET, Key=f"{folder}/out/b.out")
    answer = post(serving, "", body_of(job, output_path=f"s3://{BUCKET}/{folder}/out/"))
    assert answer.json()["error"]["outputs"] == 2


def test_a_folder_above_with_the_rest_of_the_way_in_the_inputs_names_is_the_same(
    serving: House, waiting: TransformJob, serving_engine: EngineProcess, folder: str
) -> None:
    put(serving_engine, f"{folder}/elsewhere/out/a", b"1\n")
    body = body_of(waiting, data=f"s3://{BUCKET}/{folder}/elsewhere/", output_path=f"s3://{BUCKET}/{folder}/")
    assert post(serving, "", body).json()["error"]["outputs"] == 1


def test_preflight_warns_of_them_and_names_the_job(serving: House, waiting: TransformJob) -> None:
    findings = post(serving, "preflight/", body_of(waiting)).json()["findings"]
    (finding,) = [row for row in findings if row["code"] == "outputs_replaced"]
    assert finding["level"] == "warning"
    assert finding["reason"] == (
        f"2 outputs are there already or come from {waiting.name}, which has not ended, and would be replaced, such as "
        "a.out."
    )


def test_outputs_beside_those_that_would_be_written_stand_in_nobodys_way(
    serving: House, serving_engine: EngineProcess, first: TransformJob, folder: str
) -> None:
    put(serving_engine, f"{folder}/new/c", b"3\n")
    answer = post(serving, "", body_of(first, data=f"s3://{BUCKET}/{folder}/new/"))
    assert answer.status_code == 201, answer.content


def test_a_manifest_is_looked_at_by_the_keys_that_its_outputs_get(
    serving: House, serving_engine: EngineProcess, first: TransformJob, folder: str
) -> None:
    listed = [{"prefix": f"s3://{BUCKET}/{folder}/in/"}, "a"]
    data = put(serving_engine, f"{folder}/listed.json", json.dumps(listed).encode())
    answer = post(serving, "", body_of(first, data=data, data_type="ManifestFile"))
    assert answer.json()["error"]["outputs"] == 1


def test_of_many_jobs_those_that_would_replace_outputs_are_passed_over(
    serving: House, first: TransformJob
) -> None:
    body = {"action": "retry", "ids": [first.key]}
    answer = post(serving, "many/", body).json()
    assert answer["passed_over"] == [{"id": first.key, "reason": "would replace 2 outputs"}]
    assert answer["message"] == "1 job would replace 2 outputs."
    assert TransformJob.objects.count() == 1
    assert post(serving, "many/", {**body, "replace_outputs": True}).json()["message"] == "1 job runs again."


def test_a_further_attempt_has_the_name_that_is_asked_for(serving: House, first: TransformJob) -> None:
    answer = post(serving, f"{first.key}/retry/", {"name": first.name, "replace_outputs": True})
    assert (answer.status_code, answer.json()["error"]["job"]) == (409, first.key)
    wrong = post(serving, f"{first.key}/retry/", {"name": "no good!", "replace_outputs": True})
    assert list(wrong.json()["error"]["fields"]) == ["name"]
    again = {"name": f"second-{first.name}"[:60], "replace_outputs": True}
    assert post(serving, f"{first.key}/retry/", again).json()["name"] == again["name"]


def test_finishing_takes_a_name_too(
    serving: House, serving_engine: EngineProcess, first: TransformJob, folder: str
) -> None:
    serving_engine.client("s3").delete_object(Bucket=BUCKET, Key=f"{folder}/out/b.out")
    answer = post(serving, f"{first.key}/finish/", {"name": first.name})
    assert (answer.status_code, answer.json()["error"]["job"]) == (409, first.key)
    name = f"rest-of-{folder}"[:60]
    assert post(serving, f"{first.key}/finish/", {"name": name}).json()["name"] == name


def test_the_service_writes_to_a_new_folder_where_it_is_told_to(serving: House, first: TransformJob) -> None:
    alice = serving.people["alice"]
    with pytest.raises(OutputsExist) as refused:
        attempts.retry(first, by=alice)
    second_job = attempts.retry(first, by=alice, outputs=Outputs.NEW)
    assert second_job.output_path.startswith(first.output_path)
    assert second_job.output_path != first.output_path
    assert (refused.value.count, second_job.root) == (2, None)


def test_the_page_asks_where_to_write_and_offers_a_new_folder(serving: House, first: TransformJob) -> None:
    page, path = serving.page("alice"), f"/jobs/{first.key}/retry/"
    question = page.post(path)
    assert question.status_code == 200
    text = Page(question).text
    assert "2 outputs are there already" in text
    assert "Replace the 2 outputs that are there" in text
    assert TransformJob.objects.count() == 1
    form = sent(question)
    assert form["outputs"] == "new"
    second_job = TransformJob.objects.get(pk=_new_job_id(page.post(path, form), first))
    assert second_job.output_path == form["output_path"] != first.output_path


def test_whoever_ticks_to_replace_them_runs_the_next_attempt(serving: House, first: TransformJob) -> None:
    page, path = serving.page("alice"), f"/jobs/{first.key}/retry/"
    form = {**sent(page.post(path)), "outputs": "replace"}
    second_attempt = TransformJob.objects.get(pk=_new_job_id(page.post(path, form), first))
    assert (second_attempt.root, second_attempt.output_path) == (first, first.output_path)


def _new_job_id(answer: Any, first: TransformJob) -> int:
    assert answer.status_code == 302
    (pk,) = TransformJob.objects.exclude(pk=first.pk).values_list("pk", flat=True)
    return int(pk)


def test_a_job_without_outputs_runs_again_at_once(
    serving: House, serving_engine: EngineProcess, first: TransformJob, folder: str
) -> None:
    for name in BODIES:
        serving_engine.client("s3").delete_object(Bucket=BUCKET, Key=f"{folder}/out/{name}.out")
    answer = serving.page("alice").post(f"/jobs/{first.key}/retry/")
    assert answer.status_code == 302
    assert TransformJob.objects.filter(root=first).count() == 1


def test_an_output_path_that_is_none_is_said_beside_the_choice(serving: House, first: TransformJob) -> None:
    page, path = serving.page("alice"), f"/jobs/{first.key}/retry/"
    form = {**sent(page.post(path)), "output_path": "nowhere"}
    answer = page.post(path, form)
    assert answer.status_code == 400
    (problem,) = [node for node in Page(answer).all("p") if node.get("role") == "alert"]
    assert "s3://" in problem.text
    assert TransformJob.objects.count() == 1


def test_many_jobs_run_again_into_new_folders_from_the_list(serving: House, first: TransformJob) -> None:
    page = serving.page("alice")
    question = page.post("/jobs/many/", {"action": "retry", "job": first.key})
    assert "written 2 outputs" in question.content.decode()
    page.post("/jobs/many/", sent(question))
    (second_job,) = TransformJob.objects.exclude(pk=first.pk)
    assert (second_job.root, second_job.output_path != first.output_path) == (None, True)


@pytest.mark.parametrize("way", ["one", "bulk", "clone"])
def test_a_job_that_is_submitted_while_outputs_are_looked_for_is_seen(
    serving: House, serving_engine: EngineProcess, first: TransformJob, monkeypatch: Any, way: str
) -> None:
    path = first.output_path + "-new"
    looked_for = replacing.find
    rivals: list[TransformJob] = []

    def find_late(*arguments: Any, **names: Any) -> Any:
        """What was found, after somebody else has submitted to the same place."""
        outputs = looked_for(*arguments, **names)
        if not rivals:
            spec = TransformSpec.from_fields({**first.spec, "name": None, "output_path": path})
            rivals.append(submission.submit(serving.connection, spec, by=serving.people["alice"]))
        return outputs

    monkeypatch.setattr(replacing, "find", find_late)
    body = body_of(first, output_path=path)
    if way == "one":
        error = post(serving, "", body).json()["error"]
        assert (error["code"], error["outputs"]) == ("outputs_exist", 2)
    elif way == "bulk":
        (refused,) = post(serving, "bulk/", {"jobs": [body]}).json()["results"]
        assert refused["error"]["code"] == "outputs_exist"
    else:
        clone = clone_with(first, changes={"output_path": path}, by=serving.people["alice"])
        assert clone.output_path.startswith(path)
        assert clone.output_path != path
        clone.delete()
    assert TransformJob.objects.exclude(pk=first.pk).get() == rivals[0]


def test_a_form_whose_check_is_older_than_another_job_is_not_submitted(
    serving: House, first: TransformJob
) -> None:
    member = serving.people["alice"].memberships.get(team=serving.team)
    spec = TransformSpec.from_fields({**first.spec, "name": None, "output_path": first.output_path + "-new"})
    known_ids = jobs_under_way.ids_near(serving.connection, spec)
    rival = submission.submit(serving.connection, spec, by=serving.people["alice"])
    draft = Draft(member)
    with pytest.raises(SubmittedMeanwhile, match=rival.name):
        draft.submit(serving.connection, spec, RunOptions(), known_ids=known_ids)
    assert TransformJob.objects.exclude(pk=first.pk).get() == rival
    known_ids = jobs_under_way.ids_near(serving.connection, spec)
    assert draft.submit(serving.connection, spec, RunOptions(), known_ids=known_ids)
