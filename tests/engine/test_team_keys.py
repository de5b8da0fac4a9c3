"""Keys of teams on one engine: each uses its own places in S3, models, jobs and logs, and nothing of the others."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from engine.operations import OPERATIONS
from engine.operations.authorization import _RULES
from tests.engine.resources import ROLE, unique
from tests.engine.team_keys import Client, client_of, denied, make_key
from tests.engine.transforms import BUCKET, GROUP, Transform, container, put, transform
from tests.support.engine import EngineProcess


@pytest.fixture(scope="module")
def theirs(serving_engine: EngineProcess) -> Transform:
    """A finished job of the team whose things the others must not reach."""
    return transform(serving_engine, {"part-1.csv": b"1\n"}).completed()


@pytest.fixture(scope="module")
def team(serving_engine: EngineProcess) -> str:
    """A key for one folder of the bucket that all use, and for names that begin with the team's."""
    name = unique("team")
    arguments = ("--s3", f"s3://{BUCKET}/{name}/", "--s3", f"s3://{name}/", "--names", f"{name}-*")
    done = make_key(serving_engine, name, *arguments)
    assert done.returncode == 0, done.stderr
    return name


@pytest.fixture
def ours(serving_engine: EngineProcess, team: str) -> Client:
    return client_of(serving_engine, team)


def request_of(team: str, **changes: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{team}/in/"}
    return {
        "TransformJobName": f"{unique(team)}",
        "ModelName": f"{team}-model",
        "TransformInput": {"DataSource": {"S3DataSource": source}, "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/{team}/out"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **changes,
    }


def make_model(engine: EngineProcess, team: str, ours: Client) -> None:
    """A model of the team, made with its own key."""
    put(engine, f"{team}/in/1.csv", b"1\n")
    body = engine.client("s3").get_object(
        Bucket=BUCKET, Key=container(engine)["ModelDataUrl"].split("/", 3)[3]
    )
    ours("s3").put_object(Bucket=BUCKET, Key=f"{team}/model.tar.gz", Body=body["Body"].read())
    data = {"Image": "obedient", "ModelDataUrl": f"s3://{BUCKET}/{team}/model.tar.gz"}
    sagemaker = ours("sagemaker")
    if not sagemaker.list_models(NameContains=f"{team}-model")["Models"]:
        sagemaker.create_model(ModelName=f"{team}-model", PrimaryContainer=data, ExecutionRoleArn=ROLE)


def test_a_team_runs_its_own_job_with_its_own_key(
    serving_engine: EngineProcess, team: str, ours: Client
) -> None:
    make_model(serving_engine, team, ours)
    sagemaker, logs = ours("sagemaker"), ours("logs")
    name = request_of(team)["TransformJobName"]
    sagemaker.create_transform_job(**request_of(team, TransformJobName=name))
    Transform(serving_engine, name).completed()
    assert sagemaker.describe_transform_job(TransformJobName=name)["TransformJobStatus"] == "Completed"
    listed = ours("s3").list_objects_v2(Bucket=BUCKET, Prefix=f"{team}/out/")
    assert [item["Key"] for item in listed["Contents"]] == [f"{team}/out/1.csv.out"]
    streams = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{name}/")["logStreams"]
    assert streams
    assert logs.filter_log_events(logGroupName=GROUP, logStreamNamePrefix=f"{name}/")["events"]
    sagemaker.add_tags(
        ResourceArn=sagemaker.describe_transform_job(TransformJobName=name)["TransformJobArn"],
        Tags=[{"Key": "a", "Value": "b"}],
    )
    assert ours("sts").get_caller_identity()["Arn"].endswith(f":user/{team}")


def test_a_team_changes_the_tags_of_its_jobs_but_not_those_that_say_whose_places_they_take(
    serving_engine: EngineProcess, team: str, ours: Client
) -> None:
    make_model(serving_engine, team, ours)
    marks = [{"Key": "batchdeck:team", "Value": team}]
    # As the dashboard submits a job of the team, by the engine's own key.
    arn = serving_engine.client("sagemaker").create_transform_job(**request_of(team, Tags=marks))[
        "TransformJobArn"
    ]
    sagemaker = ours("sagemaker")
    foreign_mark = {"Key": "batchdeck:team", "Value": "other"}
    with denied():
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}, foreign_mark])
    with denied():
        sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a", "batchdeck:team"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == marks
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == marks


def test_lists_show_a_team_its_own_alone(
    serving_engine: EngineProcess, theirs: Transform, team: str, ours: Client
) -> None:
    make_model(serving_engine, team, ours)
    pages = ours("sagemaker").get_paginator("list_models").paginate()
    assert {row["ModelName"] for page in pages for row in page["Models"]} == {f"{team}-model"}
    pages = ours("sagemaker").get_paginator("list_transform_jobs").paginate()
    names = {row["TransformJobName"] for page in pages for row in page["TransformJobSummaries"]}
    assert all(name.startswith(team) for name in names)
    assert {row["Name"] for row in ours("s3").list_buckets()["Buckets"]} == {BUCKET}
    hosts = [
        dimension["Value"]
        for metric in ours("cloudwatch").list_metrics()["Metrics"]
        for dimension in metric["Dimensions"]
    ]
    assert not [host for host in hosts if host.startswith(theirs.name)]


def test_objects_of_others_can_be_neither_read_listed_written_copied_nor_deleted(
    theirs: Transform, team: str, ours: Client
) -> None:
    s3, key = ours("s3"), f"{theirs.name}/out/part-1.csv.out"
    assert theirs.outputs == {"part-1.csv.out": theirs.outputs["part-1.csv.out"]}
    with denied():
        s3.get_object(Bucket=BUCKET, Key=key)
    with denied():
        s3.head_object(Bucket=BUCKET, Key=key)
    for prefix in ("", theirs.name, team):
        with denied():
            s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
    with denied():
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"changed")
    with denied():
        s3.copy_object(Bucket=BUCKET, Key=f"{team}/copy", CopySource=f"{BUCKET}/{key}")
    with denied():
        s3.delete_object(Bucket=BUCKET, Key=key)
    with denied():
        s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": f"{team}/x"}, {"Key": key}]})
    with denied():
        s3.create_multipart_upload(Bucket=BUCKET, Key=key)
    with denied():
        s3.list_multipart_uploads(Bucket=BUCKET)
    with denied():
        s3.create_bucket(Bucket=f"{team}-other")
    with denied():
        s3.delete_bucket(Bucket=BUCKET)
    s3.create_bucket(Bucket=team)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key})
    assert requests.get(url, timeout=10).status_code == 403
    form = s3.generate_presigned_post(BUCKET, key)
    answer = requests.post(form["url"], data=form["fields"], files={"file": b"changed"}, timeout=10)
    assert (answer.status_code, "<Code>AccessDenied</Code>" in answer.text) == (403, True)
    assert theirs.outputs["part-1.csv.out"] != b"changed"


def test_models_and_jobs_of_others_are_out_of_reach(theirs: Transform, team: str, ours: Client) -> None:
    sagemaker = ours("sagemaker")
    arn = theirs.describe()["TransformJobArn"]
    for call, arguments in (
        ("describe_model", {"ModelName": theirs.name}),
        ("delete_model", {"ModelName": theirs.name}),
        ("describe_transform_job", {"TransformJobName": theirs.name}),
        ("stop_transform_job", {"TransformJobName": theirs.name}),
        ("list_tags", {"ResourceArn": arn}),
        ("add_tags", {"ResourceArn": arn, "Tags": [{"Key": "a", "Value": "b"}]}),
        ("list_model_packages", {}),
    ):
        with denied():
            getattr(sagemaker, call)(**arguments)
    assert theirs.describe()["ModelName"] == theirs.name


@pytest.mark.parametrize("which", ["url", "https url", "script", "name", "package"])
def test_a_model_of_anothers_archive_script_or_name_is_not_registered(
    theirs: Transform, serving_engine: EngineProcess, team: str, ours: Client, which: str
) -> None:
    data = container(serving_engine)["ModelDataUrl"]
    own = put(serving_engine, f"{team}/own.tar.gz", b"")
    definition: dict[str, Any] = {"Image": "obedient", "ModelDataUrl": own}
    name = f"{unique(team)}"
    if which == "url":
        definition["ModelDataUrl"] = data
    elif which == "https url":
        definition["ModelDataUrl"] = data.replace("s3://", "https://")
    elif which == "script":
        definition["Environment"] = {"SAGEMAKER_SUBMIT_DIRECTORY": data}
    elif which == "package":
        definition = {"ModelPackageName": "another-group/1"}
    else:
        name = f"other-{name}"
    with denied():
        ours("sagemaker").create_model(ModelName=name, PrimaryContainer=definition, ExecutionRoleArn=ROLE)


@pytest.mark.parametrize("which", ["input", "output", "capture", "model", "name", "script"])
def test_a_job_that_reads_writes_or_runs_what_is_anothers_is_not_created(
    theirs: Transform, serving_engine: EngineProcess, team: str, ours: Client, which: str
) -> None:
    make_model(serving_engine, team, ours)
    place = f"s3://{BUCKET}/{theirs.name}/in/"
    request = request_of(team)
    if which == "input":
        request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] = place
    elif which == "output":
        request["TransformOutput"]["S3OutputPath"] = place
    elif which == "capture":
        request["DataCaptureConfig"] = {"DestinationS3Uri": place}
    elif which == "model":
        request["ModelName"] = theirs.name
    elif which == "script":
        request["Environment"] = {"SAGEMAKER_SUBMIT_DIRECTORY": place}
    else:
        request["TransformJobName"] = unique("other")
    with denied():
        ours("sagemaker").create_transform_job(**request)


def test_a_manifest_that_names_anothers_objects_fails_the_job_and_is_told(
    theirs: Transform, serving_engine: EngineProcess, team: str, ours: Client
) -> None:
    make_model(serving_engine, team, ours)
    for number, entries in enumerate(
        (
            [{"prefix": f"s3://{BUCKET}/{theirs.name}/in/"}, "part-1.csv"],
            [{"prefix": f"s3://{BUCKET}/"}, f"{theirs.name}/in/part-1.csv"],
        )
    ):
        key = f"{team}/manifest-{number}"
        ours("s3").put_object(Bucket=BUCKET, Key=key, Body=json.dumps(entries).encode())
        request = request_of(team)
        source = {"S3DataType": "ManifestFile", "S3Uri": f"s3://{BUCKET}/{key}"}
        request["TransformInput"]["DataSource"]["S3DataSource"] = source
        ours("sagemaker").create_transform_job(**request)
        reason = Transform(serving_engine, request["TransformJobName"]).failed()
        assert f"s3://{BUCKET}/{theirs.name}/in/part-1.csv" in reason
        assert "AccessDenied" in reason


def test_logs_and_metrics_of_others_are_out_of_reach(theirs: Transform, team: str, ours: Client) -> None:
    logs, cloudwatch = ours("logs"), ours("cloudwatch")
    stream = theirs.streams[0]
    for arguments in ({}, {"logStreamNamePrefix": f"{theirs.name}/"}, {"logStreamNamePrefix": team}):
        with denied():
            logs.describe_log_streams(logGroupName=GROUP, **arguments)
    with denied():
        logs.get_log_events(logGroupName=GROUP, logStreamName=stream)
    for arguments in ({}, {"logStreamNames": [stream]}, {"logStreamNames": [f"{team}-x/y", stream]}):
        with denied():
            logs.filter_log_events(logGroupName=GROUP, **arguments)
    times = {"StartTime": 1_700_000_000, "EndTime": 1_700_003_600}
    metric = {"Namespace": "/aws/sagemaker/TransformJobs", "MetricName": "CPUUtilization"}
    host = [{"Name": "Host", "Value": stream.partition("/data-log")[0]}]
    with denied():
        cloudwatch.get_metric_statistics(
            **metric, **times, Dimensions=host, Period=60, Statistics=["Average"]
        )
    stat = {"Metric": {**metric, "Dimensions": host}, "Period": 60, "Stat": "Average"}
    with denied():
        cloudwatch.get_metric_data(MetricDataQueries=[{"Id": "m", "MetricStat": stat}], **times)
    terms = f'MetricName="CPUUtilization" Host={theirs.name}/'
    search = f"SEARCH('{{{metric['Namespace']},Host}} {terms}', 'Average', 60)"
    answer = cloudwatch.get_metric_data(MetricDataQueries=[{"Id": "m", "Expression": search}], **times)
    assert answer["MetricDataResults"] == []


def test_keys_of_a_role_may_no_more_than_the_key_that_took_it(
    theirs: Transform, serving_engine: EngineProcess, ours: Client
) -> None:
    credentials = ours("sts").assume_role(RoleArn=ROLE, RoleSessionName="session")["Credentials"]
    connect: Any = boto3.client
    s3 = connect(
        "s3", endpoint_url=serving_engine.url, region_name="us-east-1", aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"], aws_session_token=credentials["SessionToken"],
    )  # fmt: skip
    with denied():
        s3.get_object(Bucket=BUCKET, Key=f"{theirs.name}/in/part-1.csv")


def test_a_denial_says_who_may_not_do_what(theirs: Transform, team: str, ours: Client) -> None:
    with pytest.raises(ClientError) as caught:
        ours("s3").get_object(Bucket=BUCKET, Key=f"{theirs.name}/in/part-1.csv")
    assert caught.value.response["Error"]["Message"] == (
        f"User: arn:aws:iam::000000000000:user/{team} is not authorized to perform: s3:GetObject on resource: "
        f'"arn:aws:s3:::{BUCKET}/{theirs.name}/in/part-1.csv" because no identity-based policy allows the '
        "s3:GetObject action"
    )


def test_a_key_is_changed_and_ended_while_the_engine_runs(serving_engine: EngineProcess) -> None:
    name = unique("passing")
    own = put(serving_engine, f"{name}/own", b"own")
    assert own == f"s3://{BUCKET}/{name}/own"
    make_key(serving_engine, name, "--s3", f"s3://{BUCKET}/elsewhere/", "--names", name)
    s3 = client_of(serving_engine, name)("s3")
    with denied():
        s3.get_object(Bucket=BUCKET, Key=f"{name}/own")
    make_key(serving_engine, name, "--s3", f"s3://{BUCKET}/{name}", "--names", name)
    assert s3.get_object(Bucket=BUCKET, Key=f"{name}/own")["Body"].read() == b"own"
    assert make_key(serving_engine, name, "--remove").returncode == 0
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket=BUCKET, Key=f"{name}/own")
    assert caught.value.response["Error"]["Code"] == "InvalidAccessKeyId"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("Bad Name", "--s3", "s3://b-1/", "--names", "x"), "lowercase letters"),
        (("x", "--names", "x"), "give --s3 and --names"),
        (("x", "--s3", "b/c", "--names", "x"), "is no place in S3"),
        (("x", "--s3", "s3://b-1/", "--names", "x y"), "is no name of a model"),
        (("nobody", "--remove"), "there is no key nobody"),
    ],
)
def test_a_key_that_cannot_be_made_is_a_sentence(
    serving_engine: EngineProcess, arguments: tuple[str, ...], says: str
) -> None:
    done = make_key(serving_engine, *arguments)
    assert (done.returncode, says in done.stderr) == (2, True), done.stderr


def test_what_two_keys_share_is_said_when_a_key_is_made(serving_engine: EngineProcess) -> None:
    first, second, third = unique("first"), unique("second"), unique("third")
    make_key(serving_engine, first, "--s3", f"s3://{first}/data/", "--names", first)
    # The full name of a model is the beginning of its jobs' names.
    done = make_key(serving_engine, second, "--s3", f"s3://{first}/", "--names", f"{first}-b*")
    assert f"The key {first} may use a part of it too: s3://{first}/, {first}-b*\n" in done.stdout
    done = make_key(serving_engine, third, "--s3", f"s3://{first}/database/", "--names", f"{third}-*")
    assert f"The key {second} may use a part of it too: s3://{first}/database/\n" in done.stdout
    assert f"The key {first} " not in done.stdout


def test_a_file_that_says_not_what_it_may_use_opens_nothing(serving_engine: EngineProcess) -> None:
    name = unique("broken")
    make_key(serving_engine, name, "--s3", f"s3://{BUCKET}/", "--names", "x")
    file = serving_engine.data_dir / "keys" / f"{name}.json"
    call = client_of(serving_engine, name)("s3").list_buckets
    saved = json.loads(file.read_text())
    aside = file.with_suffix(".new")
    for broken in ({**saved, "s3": []}, {**saved, "names": []}, {**saved, "s3": ["x"]}, {}):
        aside.write_text(json.dumps(broken))
        aside.rename(file)
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == "InvalidAccessKeyId"


def test_only_the_owner_of_the_engine_reads_a_teams_key(serving_engine: EngineProcess, team: str) -> None:
    file = serving_engine.data_dir / "keys" / f"{team}.json"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_each_operation_has_a_rule_or_is_denied_on_purpose() -> None:
    """A new operation without one is denied to teams, which somebody has to have meant."""
    on_purpose = {
        "CreateLogGroup", "CreateLogStream", "PutLogEvents",
        "DeleteLogGroup", "PutRetentionPolicy", "DeleteRetentionPolicy",
        *(
            f"{verb}{kind}"
            for verb in ("Put", "Delete")
            for kind in ("BucketCors", "BucketEncryption", "BucketOwnershipControls", "PublicAccessBlock")
        ),
    }  # fmt: skip
    assert {name for service, name in set(OPERATIONS) - set(_RULES)} == on_purpose
    assert set(_RULES) <= set(OPERATIONS)
