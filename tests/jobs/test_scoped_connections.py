"""A connection that may use some places and models: all else is refused, by page, API, submission and reading."""

from __future__ import annotations

import json
import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from jobs.lifecycle.aws_session import asking
from jobs.lifecycle.follow import importing
from jobs.lifecycle.queue import planning, starting
from jobs.models import Connection, RegisteredModel, TransformJob
from jobs.services.connections import permissions
from jobs.states import JobState
from teams.models import User
from tests.cast import FIELDS, House, make_house
from tests.engine.resources import unique
from tests.engine.transforms import BUCKET, container, put
from tests.jobs.following import follow
from tests.jobs.running import serving, serving_engine
from tests.support.engine import CHECKOUT, EngineProcess
from tests.support.html import Page
from tests.support.polling import until

__all__ = ["serving", "serving_engine"]
pytestmark = pytest.mark.django_db
JSON = "application/json"


def limit(house: House, places: list[str], models: list[str]) -> None:
    Connection.objects.filter(pk=house.connection.pk).update(allowed_places=places, allowed_models=models)
    house.connection.refresh_from_db()


def body(house: House, **fields: Any) -> dict[str, Any]:
    return {**FIELDS, "connection": house.connection.slug, "model": house.model.name, **fields}


@pytest.fixture
def limited(house: House) -> House:
    """A team whose connection may use one folder and the models that begin with churn."""
    limit(house, ["s3://bucket/team/"], ["churn*"])
    return house


OWN = {"data": "s3://bucket/team/in/", "output_path": "s3://bucket/team/out"}


def test_a_request_within_is_taken_and_one_outside_is_refused_beside_each_field(limited: House) -> None:
    api = limited.api("bob")
    assert api.post("/api/v1/jobs/", body(limited, **OWN), JSON).status_code == 201
    outside = body(limited, model="fraud", data_capture_config={"destination_s3_uri": "s3://bucket/x/"})
    outside["env"] = {"SAGEMAKER_SUBMIT_DIRECTORY": "s3://other/code.tar.gz"}
    answer = api.post("/api/v1/jobs/", outside, JSON)
    fields = answer.json()["error"]["fields"]
    assert (answer.status_code, set(fields)) == (
        400, {"data", "output_path", "data_capture_config", "env", "model"},
    )  # fmt: skip
    assert fields["data"] == ["It must be in s3://bucket/team/: Engine may use nothing else."]
    assert fields["model"] == ["It must be churn*: Engine may use nothing else."]
    assert TransformJob.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "output"),
    [
        ("s3://bucket/team", "s3://bucket/team/out/"), ("s3://bucket/team-b/in/", "s3://bucket/team/out/"),
        ("s3://bucket/team/in/", "s3://bucket/team-b"), ("s3://other/team/in/", "s3://bucket/team/out/"),
    ],
)  # fmt: skip
def test_a_name_that_only_begins_like_the_folder_is_outside(limited: House, data: str, output: str) -> None:
    answer = limited.api("bob").post("/api/v1/jobs/", body(limited, data=data, output_path=output), JSON)
    assert answer.status_code == 400


def test_the_form_presets_preflight_and_a_repeated_job_are_held_to_it_too(limited: House) -> None:
    page = limited.page("bob")
    form = page.post("/jobs/new/", {"model": limited.model.pk, **FIELDS})
    assert "It must be in s3://bucket/team/" in Page(form).by_id("id_data-error-1").text
    api = limited.api("bob")
    preset = {"name": "Nightly", "body": body(limited)}
    answer = api.post("/api/v1/presets/", preset, JSON)
    assert (answer.status_code, "data" in answer.json()["error"]["fields"]) == (400, True)
    report = api.post("/api/v1/jobs/preflight/", body(limited), JSON).json()
    assert "s3://bucket/team/" in json.dumps(report)
    before = limited.job(JobState.FAILED)
    assert api.post(f"/api/v1/jobs/{before.key}/retry/", {}, JSON).status_code in {400, 409}
    assert TransformJob.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "fraud"}, "name"),
        ({"model_data": "s3://bucket/other/model.tar.gz"}, "model_data"),
        ({"env": {"SAGEMAKER_SUBMIT_DIRECTORY": "s3://other/code.tar.gz"}}, "env"),
        ({"containers": [{"ModelPackageName": "fraud"}]}, "containers"),
        (
            {
                "containers": [
                    {"ModelPackageName": "arn:aws:sagemaker:us-east-1:000000000000:model-package/fraud/1"}
                ]
            },
            "containers",
        ),
    ],
)
def test_a_model_outside_is_not_registered(limited: House, changes: dict[str, Any], field: str) -> None:
    container = {"image": "image:1", "model_data": "s3://bucket/team/model.tar.gz"}
    model_fields = {
        "name": "churn-2",
        "connection": "engine",
        **({} if "containers" in changes else container),
        **changes,
    }
    answer = limited.api("bob").post("/api/v1/models/", model_fields, JSON)
    assert (answer.status_code, set(answer.json()["error"]["fields"])) == (400, {field})


def test_what_waited_when_the_list_was_made_narrower_is_rejected_with_the_reason(house: House) -> None:
    job = house.job()
    limit(house, ["s3://bucket/team/"], [])
    starting.start(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.REJECTED
    assert (
        "s3://bucket/in/ is not allowed: this connection may use s3://bucket/team/ only." in job.state_reason
    )


def test_browsing_begins_with_the_places_and_ends_at_their_borders(
    real: House, engine: EngineProcess
) -> None:
    bucket = unique("scoped")
    s3 = engine.client("s3")
    s3.create_bucket(Bucket=bucket)
    for key in ("team/in/a.csv", "secret/b.csv"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"1,2\n")
    limit(real, [f"s3://{bucket}/team/"], [])
    api = real.api("bob")

    def ask(path: str) -> Any:
        return api.get("/api/v1/connections/engine/browse/", {"path": path})

    assert [row["uri"] for row in ask("").json()["buckets"]] == [f"s3://{bucket}/team/"]
    assert [row["name"] for row in ask(f"s3://{bucket}/team/").json()["folders"]] == ["in/"]
    for outside in (f"s3://{bucket}/", f"s3://{bucket}/secret/", f"s3://{bucket}/tea"):
        answer = ask(outside)
        assert (answer.status_code, "b.csv" in answer.content.decode()) == (409, False)
        assert f"may use s3://{bucket}/team/ only" in answer.json()["error"]["message"]
    peek = real.page("bob").get("/browse/", {"path": f"s3://{bucket}/secret/b.csv", "connection": "engine"})
    assert "1,2" not in peek.content.decode()


def test_outputs_and_inputs_outside_are_not_read_any_more(real: House, engine: EngineProcess) -> None:
    bucket = unique("scoped")
    s3 = engine.client("s3")
    s3.create_bucket(Bucket=bucket)
    for key in ("in/a.csv", "out/a.csv.out"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"forbidden-text\n")
    places = {"data": f"s3://{bucket}/in/", "output_path": f"s3://{bucket}/out/"}
    job = real.job(JobState.COMPLETED, spec={**real.job().spec, **places})
    api = real.api("bob")
    preview = f"/api/v1/jobs/{job.key}/outputs/preview/?key=out/a.csv.out"
    assert "forbidden-text" in api.get(preview).content.decode()
    limit(real, [f"s3://{bucket}/elsewhere/"], [])
    for path in (
        preview,
        f"/api/v1/jobs/{job.key}/outputs/",
        f"/api/v1/jobs/{job.key}/outputs/download/?key=out/a.csv.out",
        f"/api/v1/jobs/{job.key}/records/",
    ):
        answer = api.get(path)
        text = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert b"forbidden-text" not in text, path
    page = real.page("bob").get(f"/jobs/{job.key}/results/").content.decode()
    assert "forbidden-text" not in page


def test_a_manifest_that_names_what_is_outside_is_told_before_and_refused_at_the_start(
    real: House, engine: EngineProcess
) -> None:
    bucket = unique("scoped")
    s3 = engine.client("s3")
    s3.create_bucket(Bucket=bucket)
    listed = [{"prefix": f"s3://{bucket}/secret/"}, "b.csv"]
    s3.put_object(Bucket=bucket, Key="team/manifest", Body=json.dumps(listed).encode())
    limit(real, [f"s3://{bucket}/team/"], [])
    job_body = body(
        real,
        data=f"s3://{bucket}/team/manifest",
        data_type="ManifestFile",
        output_path=f"s3://{bucket}/team/out/",
    )
    api = real.api("bob")
    report = api.post("/api/v1/jobs/preflight/", job_body, JSON).json()
    assert f"s3://{bucket}/secret/b.csv is not allowed" in json.dumps(report)
    key = api.post("/api/v1/jobs/", job_body, JSON).json()["id"]
    job = TransformJob.objects.get(key=key)
    starting.start(job.pk)
    job.refresh_from_db()
    assert (job.state, f"s3://{bucket}/secret/b.csv is not allowed" in job.state_reason) == ("REJECTED", True)


def test_a_manifest_that_is_too_large_to_be_read_whole_is_refused(real: House, engine: EngineProcess) -> None:
    bucket = unique("scoped")
    s3 = engine.client("s3")
    s3.create_bucket(Bucket=bucket)
    listed = [{"prefix": f"s3://{bucket}/secret/"}, "b.csv"]
    blanks = b" " * (planning.MANIFEST_BYTES + 1)
    s3.put_object(Bucket=bucket, Key="team/manifest", Body=blanks + json.dumps(listed).encode())
    limit(real, [f"s3://{bucket}/team/"], [])
    job_body = body(
        real,
        data=f"s3://{bucket}/team/manifest",
        data_type="ManifestFile",
        output_path=f"s3://{bucket}/team/out/",
    )
    key = real.api("bob").post("/api/v1/jobs/", job_body, JSON).json()["id"]
    job = TransformJob.objects.get(key=key)
    starting.start(job.pk)
    job.refresh_from_db()
    assert (job.state, "could not be read whole" in job.state_reason) == ("REJECTED", True)


def test_the_lists_are_set_by_form_and_api_and_shown_to_all(house: House) -> None:
    house.connection.kind, house.connection.endpoint_url = Connection.Kind.AWS, ""
    house.connection.save()
    api = house.api("alice")
    lists = {"allowed_places": ["s3://bucket/team"], "allowed_models": ["churn*", "fraud"]}
    changed = api.patch("/api/v1/connections/engine/", lists, JSON).json()
    assert changed["allowed_places"] == ["s3://bucket/team/"]
    page_text = house.page("vera").get("/connections/engine/").content.decode()
    assert ("s3://bucket/team/" in page_text, "churn*" in page_text) == (True, True)
    form = {"name": "Engine", "allowed_places": "s3://a-1/x s3://b-2/", "allowed_models": ""}
    assert house.page("alice").post("/connections/engine/", form).status_code == 302
    house.connection.refresh_from_db()
    assert (house.connection.allowed_places, house.connection.allowed_models) == (
        ["s3://a-1/x/", "s3://b-2/"],
        [],
    )
    answer = api.post("/api/v1/connections/", {"name": "Prod", "region": "eu-west-1", **lists}, JSON)
    assert (answer.status_code, answer.json()["allowed_models"]) == (201, ["churn*", "fraud"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("allowed_places", "s3://a-1/"), ("allowed_places", ["a/b"]), ("allowed_places", [1]),
        ("allowed_models", ["a b"]), ("allowed_models", {"a": 1}), ("allowed_models", ["x"] * 101),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_read_is_told_by_its_field(house: House, field: str, value: object) -> None:
    answer = house.api("alice").patch("/api/v1/connections/engine/", {field: value}, JSON)
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [field])


def test_an_installation_may_leave_connections_to_its_staff(house: House, settings: Any) -> None:
    settings.STAFF_CONNECTIONS = True
    new = {"name": "Prod", "region": "eu-west-1"}
    api, page = house.api("alice"), house.page("alice")
    assert api.post("/api/v1/connections/", new, JSON).status_code == 403
    assert page.post("/connections/new/", new).status_code == 403
    wider = {"allowed_places": ["s3://bucket/"]}
    refused = api.patch("/api/v1/connections/engine/", wider, JSON)
    assert (refused.status_code, "BATCHDECK_STAFF_CONNECTIONS" in refused.content.decode()) == (403, True)
    assert api.patch("/api/v1/connections/engine/", {"max_running": 3}, JSON).status_code == 200
    assert page.post("/connections/engine/", {"name": "Engine", "max_running": "4"}).status_code == 302
    User.objects.filter(username="alice").update(is_staff=True)
    assert api.patch("/api/v1/connections/engine/", wider, JSON).status_code == 200
    assert api.post("/api/v1/connections/", new, JSON).status_code == 201


def test_the_pages_say_whose_identity_a_connection_uses(house: House) -> None:
    alice = house.page("alice")
    assert "s own key" in alice.get("/connections/engine/").content.decode()
    Connection.objects.update(engine_key="growth")
    assert "the key growth" in alice.get("/connections/engine/").content.decode()
    Connection.objects.update(kind="aws", endpoint_url="", engine_key="")
    assert (
        "the AWS identity that this service runs with" in alice.get("/connections/engine/").content.decode()
    )
    assert (
        "the credentials that this service itself runs with"
        in alice.get("/connections/new/").content.decode()
    )


# Two teams on one engine, each with a key of its own.


def make_key(engine: EngineProcess, team: str) -> None:
    command = [sys.executable, "-m", "engine.keys", "--data-dir", str(engine.data_dir), team]
    command += ["--s3", f"s3://{BUCKET}/{team}/", "--names", f"{team}-*"]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, timeout=60)


@pytest.fixture
def apart(db: None, serving_engine: EngineProcess, settings: Any, engine_keys: Any) -> tuple[House, House]:
    """Two teams whose connections to one engine use keys of their own, each with a model and an input."""
    settings.ENGINE_URL = serving_engine.url
    settings.ENGINE_CREDENTIALS = serving_engine.data_dir / "credentials.json"
    houses = []
    for person in ("anna", "ben"):
        slug = unique(person)
        house = make_house(slug, {person: "admin"}, serving_engine.url)
        make_key(serving_engine, slug)
        call_command("connect_team", slug, stdout=StringIO())
        house.connection.refresh_from_db()
        source = container(serving_engine)["ModelDataUrl"].split("/", 3)[3]
        model = serving_engine.client("s3").get_object(Bucket=BUCKET, Key=source)["Body"].read()
        data = put(serving_engine, f"{slug}/model.tar.gz", model)
        put(serving_engine, f"{slug}/in/1.csv", b"1\n")
        registered = house.api(person).post(
            "/api/v1/models/",
            {"name": f"{slug}-xgb", "connection": "engine", "image": "obedient", "model_data": data},
            JSON,
        )
        assert registered.status_code == 201, registered.content
        house.model.delete()
        house.model = RegisteredModel.objects.get(pk=registered.json()["id"])
        houses.append(house)
    return houses[0], houses[1]


def own_job(house: House, person: str) -> TransformJob:
    slug = house.team.slug
    places = {"data": f"s3://{BUCKET}/{slug}/in/", "output_path": f"s3://{BUCKET}/{slug}/out/"}
    answer = house.api(person).post("/api/v1/jobs/", body(house, **places), JSON)
    assert answer.status_code == 201, answer.content
    job = TransformJob.objects.get(key=answer.json()["id"])
    starting.start(job.pk)
    return follow(job)


def test_two_teams_on_one_engine_run_their_own_and_reach_nothing_of_each_other(
    apart: tuple[House, House], serving_engine: EngineProcess
) -> None:
    anna, ben = apart
    job = own_job(anna, "anna")
    assert job.state == JobState.COMPLETED, job.state_reason
    assert own_job(ben, "ben").state == JobState.COMPLETED
    address = f"/api/v1/jobs/{job.key}/logs/?stream=all"
    # Lines of several streams are shown once nothing can come between them.
    until(lambda: anna.api("anna").get(address).json()["results"], "the lines of the job's log")
    preview = anna.api("anna").get(
        f"/api/v1/jobs/{job.key}/outputs/preview/", {"key": f"{anna.team.slug}/out/1.csv.out"}
    )
    assert preview.status_code == 200

    # Without the list the engine itself refuses: what keeps teams apart is the key.
    limit(ben, [], [])
    api, theirs = ben.api("ben"), f"s3://{BUCKET}/{anna.team.slug}/"
    browse = api.get("/api/v1/connections/engine/browse/", {"path": theirs})
    assert browse.status_code == 409
    model = {"name": f"{anna.team.slug}-xgb", "connection": "engine", "image": "obedient"}
    assert api.post("/api/v1/models/", model, JSON).status_code == 400
    stolen = {**model, "name": f"{ben.team.slug}-copy", "model_data": f"{theirs}model.tar.gz"}
    assert api.post("/api/v1/models/", stolen, JSON).status_code == 400
    for places in (
        {"data": f"{theirs}in/", "output_path": f"s3://{BUCKET}/{ben.team.slug}/out/"},
        {"data": f"s3://{BUCKET}/{ben.team.slug}/in/", "output_path": f"{theirs}out/"},
    ):
        job_json = api.post("/api/v1/jobs/", body(ben, **places), JSON).json()
        foreign_job = TransformJob.objects.get(key=job_json["id"])
        starting.start(foreign_job.pk)
        foreign_job.refresh_from_db()
        assert (foreign_job.state, "is not authorized to perform" in foreign_job.state_reason) == (
            "REJECTED",
            True,
        )


def test_jobs_of_one_team_do_not_show_up_in_the_others_list(
    apart: tuple[House, House], serving_engine: EngineProcess
) -> None:
    anna, ben = apart
    own_job(anna, "anna")
    outside = unique(anna.team.slug)
    serving_engine.client("sagemaker").create_transform_job(
        TransformJobName=outside,
        ModelName=anna.model.name,
        TransformInput={
            "DataSource": {
                "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{anna.team.slug}/in/"}
            }
        },
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/{anna.team.slug}/out2/"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    for house in (anna, ben):
        Connection.objects.filter(pk=house.connection.pk).update(import_external=True)
        house.connection.refresh_from_db()
        with asking(house.connection) as target:
            importing.import_some(house.connection, target)
    assert list(TransformJob.objects.filter(external=True).values_list("name", "team__slug")) == [
        (outside, anna.team.slug)
    ]


def test_a_teams_key_passes_the_connections_test(apart: tuple[House, House]) -> None:
    report = permissions.test(apart[0].connection)
    failed_lines = [line for line in report.lines if line.outcome not in ("fine", "not needed")]
    assert failed_lines == []


@pytest.mark.parametrize(
    ("team", "key", "says"),
    [
        ("nobody", "growth", "There is no team nobody"),
        ("first", "nokey", "./deck key nokey"),
        ("first", "../x", "no name"),
    ],
)
def test_a_team_or_key_that_is_not_there_is_a_sentence(
    house: House, settings: Any, team: str, key: str, says: str
) -> None:
    settings.ENGINE_URL = "http://127.0.0.1:9"
    with pytest.raises(CommandError, match=says):
        call_command("connect_team", team, "--key", key)
    assert Connection.objects.get().engine_key == ""
