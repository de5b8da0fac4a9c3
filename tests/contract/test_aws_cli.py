"""The aws CLI, as it comes, against the engine: nothing but its environment says that this is not AWS."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.engine.resources import create_model, job_request, put, unique
from tests.support.engine import EngineProcess


class Cli:
    """Runs `aws` with the engine's variables."""

    def __init__(self, engine: EngineProcess, home: Path) -> None:
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self._environment = {**surroundings, **engine.environment(), "HOME": str(home), "AWS_PAGER": ""}

    def run(self, *arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "awscli", *map(str, arguments)]
        return subprocess.run(command, env=self._environment, input=stdin, capture_output=True, timeout=120)

    def out(self, *arguments: str | Path, stdin: bytes = b"") -> str:
        """What a command that must succeed prints."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def answer(self, *arguments: str | Path) -> Any:
        return json.loads(self.out(*arguments))


@pytest.fixture
def aws(engine: EngineProcess, tmp_path: Path) -> Cli:
    return Cli(engine, tmp_path)


@pytest.fixture
def uri(aws: Cli) -> str:
    """A bucket that the CLI made, as s3://…"""
    bucket = f"s3://{unique('cli')}"
    assert aws.out("s3", "mb", bucket) == f"make_bucket: {bucket.removeprefix('s3://')}\n"
    return bucket


def test_who_am_i(aws: Cli) -> None:
    assert aws.answer("sts", "get-caller-identity")["Account"] == "000000000000"


def test_files_go_up_show_come_back_and_go(aws: Cli, uri: str, tmp_path: Path) -> None:
    small, big = tmp_path / "small file.csv", tmp_path / "big.bin"
    small.write_bytes(b"1,2\n")
    big.write_bytes(os.urandom(20 * 1024 * 1024))
    aws.out("s3", "cp", small, f"{uri}/in/")
    aws.out("s3", "cp", big, f"{uri}/in/big", "--metadata", "by=me", "--storage-class", "STANDARD_IA")
    aws.out("s3", "cp", f"{uri}/in/big", f"{uri}/copy")
    listed = aws.out("s3", "ls", f"{uri}/in/")
    assert [line.split(maxsplit=3)[2:] for line in listed.splitlines()] == [
        ["20971520", "big"],
        ["4", "small file.csv"],
    ]
    assert aws.out("s3", "ls", uri).split()[:2] == ["PRE", "in/"]
    aws.out("s3", "cp", f"{uri}/copy", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == big.read_bytes()
    assert aws.out("s3", "cp", f"{uri}/in/small file.csv", "-") == "1,2\n"
    aws.out("s3", "mv", f"{uri}/copy", f"{uri}/moved")
    aws.out("s3", "rm", uri, "--recursive")
    assert aws.out("s3", "ls", uri) == ""
    aws.out("s3", "rb", uri)


def test_standard_input_goes_up(aws: Cli, uri: str) -> None:
    aws.out("s3", "cp", "-", f"{uri}/k", stdin=b"streamed\n")
    assert aws.out("s3", "cp", f"{uri}/k", "-") == "streamed\n"


def test_folders_are_synchronised(aws: Cli, uri: str, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    names = ["a.csv", "deep/er/b.csv", "Ünï çødé/c+d.csv"]
    for name in names:
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(name)
    assert len(aws.out("s3", "sync", "--no-progress", here, f"{uri}/in").splitlines()) == len(names)
    assert aws.out("s3", "sync", "--no-progress", here, f"{uri}/in") == ""
    aws.out("s3", "sync", f"{uri}/in", there)
    assert {str(path.relative_to(there)) for path in there.rglob("*.csv")} == set(names)
    (here / "a.csv").unlink()
    assert "delete" in aws.out("s3", "sync", here, f"{uri}/in", "--delete")
    assert len(aws.out("s3", "ls", f"{uri}/in/", "--recursive").splitlines()) == 2


def test_a_presigned_url_is_good_for_anybody(aws: Cli, uri: str) -> None:
    aws.out("s3", "cp", "-", f"{uri}/a b.csv", stdin=b"1,2\n")
    url = aws.out("s3", "presign", f"{uri}/a b.csv").strip()
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"1,2\n"


def test_a_job_is_created_from_json_and_described(aws: Cli, engine: EngineProcess, tmp_path: Path) -> None:
    request = job_request(create_model(engine), put(engine, f"{unique('cli')}/data.csv"))
    file = tmp_path / "request.json"
    file.write_text(json.dumps(request))
    created = aws.answer("sagemaker", "create-transform-job", "--cli-input-json", f"file://{file}")
    name = request["TransformJobName"]
    assert created["TransformJobArn"].endswith(f":transform-job/{name}")
    described = aws.answer("sagemaker", "describe-transform-job", "--transform-job-name", name)
    assert described["TransformInput"]["DataSource"] == request["TransformInput"]["DataSource"]
    listed = aws.answer("sagemaker", "list-transform-jobs", "--name-contains", name)
    assert [job["TransformJobName"] for job in listed["TransformJobSummaries"]] == [name]


def test_a_refusal_is_printed_as_awss_own(aws: Cli, uri: str) -> None:
    refused = aws.run(
        "s3api", "get-object", "--bucket", uri.removeprefix("s3://"), "--key", "absent", os.devnull
    )
    assert refused.returncode in (254, 255)
    assert b"(NoSuchKey) when calling the GetObject operation" in refused.stderr
    refused = aws.run("s3", "ls", "s3://no-such-bucket-here")
    assert b"(NoSuchBucket) when calling the ListObjectsV2 operation" in refused.stderr


def test_low_level_commands_work_too(aws: Cli, uri: str, tmp_path: Path) -> None:
    bucket = uri.removeprefix("s3://")
    where = ("--bucket", bucket, "--key", "k")
    file = tmp_path / "body"
    file.write_bytes(b"0123456789")
    aws.answer(
        "s3api", "put-object", *where, "--body", file, "--tagging", "a=1", "--checksum-algorithm", "SHA256"
    )
    head = aws.answer("s3api", "head-object", *where, "--checksum-mode", "ENABLED")
    assert head["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"0123456789").digest()).decode()
    part = aws.answer("s3api", "get-object", *where, "--range", "bytes=2-4", tmp_path / "part")
    assert (part["ContentRange"], (tmp_path / "part").read_bytes()) == ("bytes 2-4/10", b"234")
    assert aws.answer("s3api", "get-object-tagging", *where)["TagSet"] == [{"Key": "a", "Value": "1"}]
    versions = aws.answer("s3api", "list-object-versions", "--bucket", bucket)
    assert [item["VersionId"] for item in versions["Versions"]] == ["null"]
    aws.answer("s3api", "delete-objects", "--bucket", bucket, "--delete", '{"Objects": [{"Key": "k"}]}')


STACK = """
Parameters:
  Environment: {Type: String, AllowedPattern: "[a-z]+"}
  Subnets: {Type: CommaDelimitedList}
  Pattern: {Type: String, Default: ".*"}
Resources:
  Setting:
    Type: AWS::SSM::Parameter
    Properties:
      Name: !Sub /${AWS::StackName}/${Environment}
      Type: StringList
      Value: !Join [",", !Ref Subnets]
      AllowedPattern: !Ref Pattern
Outputs:
  Name: {Value: !Ref Setting}
"""


def test_a_stack_is_deployed_changed_and_left_alone_without_changes(aws: Cli, tmp_path: Path) -> None:
    file, parameters, name = tmp_path / "stack.yml", tmp_path / "parameters.json", unique("deployed")
    file.write_text(STACK)

    def deploy(*values: str, more: tuple[str, ...] = ()) -> subprocess.CompletedProcess[bytes]:
        parameters.write_text(json.dumps(values))
        overrides = ("--parameter-overrides", f"file://{parameters}")
        return aws.run(
            "cloudformation", "deploy", "--stack-name", name, "--template-file", file, *overrides, *more
        )

    deployed = deploy("Environment=staging", "Subnets=a,b", more=("--tags", "team=growth"))
    assert (deployed.returncode, deployed.stderr) == (0, b"")
    assert f"Successfully created/updated stack - {name}".encode() in deployed.stdout
    read = (
        "ssm",
        "get-parameter",
        "--query",
        "Parameter.Value",
        "--output",
        "text",
        "--name",
        f"/{name}/staging",
    )
    assert aws.out(*read) == "a,b\n"
    unchanged = deploy(
        "Environment=staging", "Subnets=a,b", more=("--tags", "team=growth", "--no-fail-on-empty-changeset")
    )
    assert (unchanged.returncode, b"No changes to deploy" in unchanged.stdout) == (0, True), unchanged.stderr
    changed = deploy("Subnets=c")
    assert changed.returncode == 0, changed.stderr
    assert aws.out(*read) == "c\n"
    failed = deploy("Pattern=[0-9]+")
    assert failed.returncode == 255
    assert b"Failed to create/update the stack" in failed.stderr
    stack = aws.answer("cloudformation", "describe-stacks", "--stack-name", name)["Stacks"][0]
    assert (stack["StackStatus"], stack["Outputs"][0]["OutputValue"]) == (
        "UPDATE_ROLLBACK_COMPLETE",
        f"/{name}/staging",
    )
    assert aws.out(*read) == "c\n"
    refused = deploy("Environment=UPPER")
    assert b"Parameter 'Environment' cannot be 'UPPER'" in refused.stderr
    aws.out("cloudformation", "delete-stack", "--stack-name", name)
    aws.out("cloudformation", "wait", "stack-delete-complete", "--stack-name", stack["StackId"])
    assert b"(ParameterNotFound)" in aws.run(*read).stderr


def test_a_template_in_s3_is_deployed(aws: Cli, uri: str, tmp_path: Path) -> None:
    file, name = tmp_path / "stack.yml", unique("uploaded")
    file.write_text(STACK)
    aws.out(
        "cloudformation", "deploy", "--stack-name", name, "--template-file", file, "--s3-bucket",
        uri.removeprefix("s3://"), "--parameter-overrides", "Environment=prod", "Subnets=a",
    )  # fmt: skip
    (setting,) = aws.answer("ssm", "get-parameters-by-path", "--path", f"/{name}")["Parameters"]
    assert setting["Name"] == f"/{name}/prod"
