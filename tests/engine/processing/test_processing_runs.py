"""What a processing job does: inputs, configuration, the script, outputs, logs and its final status."""

from __future__ import annotations

import gzip
import json

import pytest
from botocore.exceptions import ClientError

from tests.engine.processing.runs import BUCKET, create, objects_below, put, request, run, source, target
from tests.engine.resources import unique
from tests.engine.team_keys import client_of, make_key
from tests.support.engine import EngineProcess
from tests.support.polling import until

#: The role that stands for a key, before its name.
KEY_ROLE = "arn:aws:iam::000000000000:role/keys/"


def test_a_script_reads_its_input_and_its_output_is_uploaded(processing_engine: EngineProcess) -> None:
    place = unique("in")
    put(processing_engine, f"{place}/a/rows.csv", b"1,2\n")
    put(processing_engine, f"{place}/b.csv", b"3\n")
    job = run(
        processing_engine,
        """
        import os, pathlib, sys
        base = pathlib.Path("/opt/ml/processing")
        out = base / "out"
        (out / "deep").mkdir()
        (out / "deep" / "all.csv").write_text("".join(p.read_text() for p in sorted((base / "data").rglob("*.csv"))))
        (out / "arguments").write_text(" ".join(sys.argv[1:]) + os.environ["WORD"])
        os.symlink("/etc/passwd", out / "link")
        os.mkfifo(out / "pipe")
        print("it has run")
        """,
        inputs=[source(f"s3://{BUCKET}/{place}", "/opt/ml/processing/data")],
        arguments=["--rows", "2"],
        Environment={"WORD": "!"},
    ).completed()
    assert job.outputs == {"deep/all.csv": b"1,2\n3\n", "arguments": b"--rows 2!"}
    assert "it has run" in job.log
    assert [stream.rpartition("-")[0] for stream in job.streams] == [f"{job.name}/algo-1"]


def test_one_object_lands_under_its_name_and_a_gzip_is_unpacked(processing_engine: EngineProcess) -> None:
    uri = put(processing_engine, f"{unique('in')}/rows.csv.gz", gzip.compress(b"1\n") + gzip.compress(b"2\n"))
    job = run(
        processing_engine,
        """
        import pathlib, shutil
        for folder in ("plain", "unpacked"):
            for path in pathlib.Path("/opt/ml/processing", folder).iterdir():
                shutil.copy(path, "/opt/ml/processing/out")
        """,
        inputs=[
            source(uri, "/opt/ml/processing/plain", "plain"),
            source(uri, "/opt/ml/processing/unpacked", "unpacked", S3CompressionType="Gzip"),
        ],
    ).completed()
    assert {name: len(body) > 4 for name, body in job.outputs.items()} == {
        "rows.csv": False,
        "rows.csv.gz": True,
    }
    assert job.outputs["rows.csv"] == b"1\n2\n"


def test_objects_are_shared_out_over_instances_that_know_each_other_s_names(
    processing_engine: EngineProcess,
) -> None:
    place = unique("in")
    for number in range(5):
        put(processing_engine, f"{place}/{number}", b"x")
    manifest = json.dumps([{"prefix": f"s3://{BUCKET}/{place}/"}, "0", "3"]).encode()
    listed = put(processing_engine, f"{unique('manifest')}.json", manifest)
    job = run(
        processing_engine,
        """
        import json, os
        resources = json.load(open("/opt/ml/config/resourceconfig.json"))
        report = {
            "hosts": resources["hosts"],
            "shard": sorted(os.listdir("/opt/ml/processing/shard")),
            "all": sorted(os.listdir("/opt/ml/processing/all")),
        }
        json.dump(report, open(f"/opt/ml/processing/out/{resources['current_host']}", "w"))
        """,
        instances=2,
        inputs=[
            source(
                f"s3://{BUCKET}/{place}/",
                "/opt/ml/processing/shard",
                "shard",
                S3DataDistributionType="ShardedByS3Key",
            ),
            source(listed, "/opt/ml/processing/all", "all", S3DataType="ManifestFile"),
        ],
    ).completed()
    reports = {name: json.loads(body) for name, body in job.outputs.items()}
    hosts = ["algo-1", "algo-2"]
    assert reports == {
        "algo-1": {"hosts": hosts, "shard": ["0", "2", "4"], "all": ["0", "3"]},
        "algo-2": {"hosts": hosts, "shard": ["1", "3"], "all": ["0", "3"]},
    }
    assert len(job.streams) == 2


def test_the_configuration_describes_the_job(processing_engine: EngineProcess) -> None:
    params = request(
        processing_engine,
        """
        import shutil
        shutil.copy("/opt/ml/config/processingjobconfig.json", "/opt/ml/processing/out")
        """,
        Tags=[{"Key": "team", "Value": "a"}],
    )
    job = create(processing_engine, params).completed()
    config = json.loads(job.outputs["processingjobconfig.json"])
    assert config["ProcessingJobArn"] == job.describe()["ProcessingJobArn"]
    for name in ("ProcessingJobName", "AppSpecification", "ProcessingResources", "RoleArn", "Tags"):
        assert config[name] == params[name]
    assert config["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}
    assert config["ProcessingInputs"][0]["S3Input"]["S3DataDistributionType"] == "FullyReplicated"


def test_a_script_that_fails_leaves_its_message_its_status_and_what_it_has_written(
    processing_engine: EngineProcess,
) -> None:
    job = run(
        processing_engine,
        """
        import pathlib, sys
        pathlib.Path("/opt/ml/processing/out/part").write_text("so far")
        pathlib.Path("/opt/ml/output/message").write_text("€" * 1000)
        sys.exit(3)
        """,
    )
    assert job.failed() == "AlgorithmError: See job logs for more information, exit code: 3"
    assert job.describe()["ExitMessage"] == "€" * 341
    assert job.outputs == {"part": b"so far"}


def test_a_message_that_is_no_text_fails_the_job(processing_engine: EngineProcess) -> None:
    job = run(processing_engine, "open('/opt/ml/output/message', 'wb').write(b'\\xff\\xfe')")
    assert job.failed() == "ClientError: /opt/ml/output/message is not UTF-8"


def test_a_job_is_stopped_after_its_longest_time(processing_engine: EngineProcess) -> None:
    job = run(
        processing_engine,
        """
        import pathlib, time
        pathlib.Path("/opt/ml/processing/out/part").write_text("so far")
        pathlib.Path("/opt/ml/output/message").write_text("not done")
        time.sleep(600)
        """,
        StoppingCondition={"MaxRuntimeInSeconds": 3},
    )
    ended = job.ended()
    assert ended["ProcessingJobStatus"] == "Stopped"
    assert ended["ExitMessage"] == "not done"
    assert "FailureReason" not in ended
    assert "MaxRuntimeInSeconds" in job.log
    assert job.outputs == {}


def test_a_continuous_output_is_uploaded_while_the_script_runs(processing_engine: EngineProcess) -> None:
    job = run(
        processing_engine,
        """
        import pathlib, time
        out = pathlib.Path("/opt/ml/processing/out")
        (out / "first").write_text("1")
        while not (out / "stop").exists():
            time.sleep(0.1)
        """,
        mode="Continuous",
    )
    until(lambda: job.outputs == {"first": b"1"}, "the upload of the first file")
    assert job.status == "InProgress"
    job.stop()
    assert job.ended()["ProcessingJobStatus"] == "Stopped"
    assert job.outputs == {"first": b"1"}


def test_a_job_without_input_fails_with_the_address(processing_engine: EngineProcess) -> None:
    uri = f"s3://{BUCKET}/{unique('nothing')}/"
    job = run(processing_engine, "", inputs=[source(uri, "/opt/ml/processing/data")])
    assert job.failed() == f"ClientError: No S3 objects found under S3 URL '{uri}'"


def test_a_job_whose_output_bucket_does_not_exist_fails_before_its_script_runs(
    processing_engine: EngineProcess,
) -> None:
    outputs = {"Outputs": [target("s3://no-such-bucket-at-all/out")]}
    job = run(processing_engine, "print('ran')", ProcessingOutputConfig=outputs)
    assert "The bucket no-such-bucket-at-all of the output out does not exist" in job.failed()
    assert "ran" not in job.log


@pytest.mark.parametrize("key", ["../../escaped", "a/../../../escaped"])
def test_a_key_that_leads_out_of_its_folder_fails_the_job(processing_engine: EngineProcess, key: str) -> None:
    place = unique("in")
    put(processing_engine, f"{place}/{key}", b"x")
    job = run(processing_engine, "", inputs=[source(f"s3://{BUCKET}/{place}/", "/opt/ml/processing/data")])
    assert "is no name of a file" in job.failed()


def test_an_image_without_an_environment_fails_with_those_that_have_one(
    processing_engine: EngineProcess,
) -> None:
    params = request(processing_engine, "")
    params["AppSpecification"]["ImageUri"] = "012345678901.dkr.ecr.us-east-1.amazonaws.com/spark:3.1"
    reason = create(processing_engine, params).failed()
    assert "no environment for processing jobs with image 012345678901" in reason
    assert "sagemaker-scikit-learn" in reason


def test_a_script_uses_s3_with_a_key_of_its_own_that_ends_with_the_job(
    processing_engine: EngineProcess,
) -> None:
    job = run(
        processing_engine,
        f"""
        import json, os, boto3
        key = os.environ["PROCESSING_JOB_NAME"] + "/out/own"
        boto3.client("s3").put_object(Bucket="{BUCKET}", Key=key, Body=b"x")
        arn = boto3.client("sts").get_caller_identity()["Arn"]
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_REGION")
        report = {{"arn": arn, **{{name: os.environ[name] for name in names}}}}
        json.dump(report, open("/opt/ml/processing/out/report", "w"))
        """,
    ).completed()
    report = json.loads(job.outputs["report"])
    assert job.outputs["own"] == b"x"
    assert report["arn"] == "arn:aws:sts::000000000000:assumed-role/SageMakerRole/SageMaker"
    assert report["AWS_ENDPOINT_URL"] == processing_engine.url
    assert report["AWS_ACCESS_KEY_ID"] != processing_engine.access_key
    later = processing_engine.client(
        "sts", access_key=report["AWS_ACCESS_KEY_ID"], secret_key=report["AWS_SECRET_ACCESS_KEY"]
    )
    with pytest.raises(later.exceptions.ClientError, match="invalid"):
        later.get_caller_identity()


def test_an_isolated_script_has_no_keys_and_no_way_to_the_engine(processing_engine: EngineProcess) -> None:
    job = run(
        processing_engine,
        f"""
        import os, socket
        problems = [name for name in os.environ if name.startswith("AWS_") and "REGION" not in name]
        try:
            socket.create_connection(("127.0.0.1", {processing_engine.port}), 5)
            problems.append("connected")
        except OSError:
            pass
        open("/opt/ml/processing/out/problems", "w").write(" ".join(problems))
        """,
        NetworkConfig={"EnableNetworkIsolation": True},
    ).completed()
    assert job.outputs == {"problems": b"AWS_EC2_METADATA_DISABLED"}


def test_a_killed_engine_runs_an_unfinished_job_once_more_from_its_beginning(
    processing_engine: EngineProcess,
) -> None:
    place = unique("flags")
    job = run(
        processing_engine,
        f"""
        import os, time, boto3
        s3 = boto3.client("s3")
        s3.put_object(Bucket="{BUCKET}", Key=f"{place}/run-{{time.time_ns()}}", Body=b"")
        while not s3.list_objects_v2(Bucket="{BUCKET}", Prefix="{place}/go")["KeyCount"]:
            time.sleep(0.05)
        os.mkdir("/opt/ml/processing/out/again")
        open("/opt/ml/processing/out/again/done", "w").write("1")
        """,
    )
    until(lambda: len(objects_below(processing_engine, f"{place}/")) == 1, "the first run")
    processing_engine.restart()
    until(lambda: len(objects_below(processing_engine, f"{place}/")) == 2, "the second run")
    assert job.status == "InProgress"
    put(processing_engine, f"{place}/go", b"")
    job.completed()
    assert job.outputs == {"again/done": b"1"}
    assert len(objects_below(processing_engine, f"{place}/run-")) == 2


def test_very_deep_folders_of_an_output_are_refused(processing_engine: EngineProcess) -> None:
    job = run(
        processing_engine,
        """
        import os
        os.chdir("/opt/ml/processing/out")
        for _ in range(300):
            os.mkdir("a")
            os.chdir("a")
        open("file", "w").close()
        """,
    )
    assert job.failed() == (
        "ClientError: There are folders in more than 100 levels below /opt/ml/processing/out; write the files nearer "
        "to it"
    )


def test_a_role_that_names_a_key_gives_the_script_no_more_than_that_key(
    processing_engine: EngineProcess,
) -> None:
    name = unique("role")
    put(processing_engine, f"{name}-other/x", b"x")
    script = f"""
    import boto3
    s3 = boto3.client("s3")
    said = []
    for key in ("{name}/own", "{name}-other/x"):
        try:
            s3.put_object(Bucket="{BUCKET}", Key=key, Body=b"y")
            said.append("wrote")
        except Exception as error:
            said.append(type(error).__name__)
    open("/opt/ml/processing/out/said", "w").write(" ".join(said))
    """
    params = {**request(processing_engine, script, name=name), "RoleArn": KEY_ROLE + name}
    sagemaker = processing_engine.client("sagemaker")
    with pytest.raises(ClientError, match=f"there is no key {name}"):
        sagemaker.create_processing_job(**params)
    key_made = make_key(processing_engine, name, "--s3", f"s3://{BUCKET}/{name}/", "--names", f"{name}*")
    assert key_made.returncode == 0, key_made.stderr
    job = create(processing_engine, params).completed()
    assert job.outputs == {"said": b"wrote AccessDenied"}


def test_no_key_lends_the_rights_of_another_by_a_role(processing_engine: EngineProcess) -> None:
    mine, theirs = unique("mine"), unique("theirs")
    for name in (mine, theirs):
        make_key(processing_engine, name, "--s3", f"s3://{BUCKET}/{name}/", "--names", f"{name}*")
    params = {**request(processing_engine, "pass", name=mine), "RoleArn": KEY_ROLE + theirs}
    with pytest.raises(ClientError, match="may do more than the key that signed"):
        client_of(processing_engine, mine)("sagemaker").create_processing_job(**params)
    with pytest.raises(ClientError, match="for processing jobs alone"):
        processing_engine.client("sts").assume_role(RoleArn=KEY_ROLE + mine, RoleSessionName="tests")
