"""Where the contract tests' clients go: the engine, or AWS itself when BATCHDECK_CONTRACT_AWS is set."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support.engine import CHECKOUT, REGION, EngineProcess

SAMPLE = CHECKOUT / "samples" / "breast-cancer"
GROUP = "/aws/sagemaker/TransformJobs"
_INHERITED = ("LANG", "LC_ALL", "SSL_CERT_FILE", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Cloud:
    """A SageMaker, and what an account has to have: a bucket to write to, a role and an image for the sample model.

    `environment` is all that a client is told of it, `poll` the seconds between two looks at a job.
    """

    environment: Mapping[str, str]
    bucket: str
    role: str
    image: str
    poll: int

    def client(self, service: str) -> Any:
        """A boto3 client made as a user makes it: from the variables alone."""
        session = boto3.Session(
            aws_access_key_id=self.environment.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=self.environment.get("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=self.environment.get("AWS_SESSION_TOKEN"),
            region_name=self.environment["AWS_DEFAULT_REGION"],
        )
        return session.client(service, endpoint_url=self.environment.get("AWS_ENDPOINT_URL"))

    def run(self, folder: Path, command: list[str | Path]) -> Script:
        """Start a program in `folder`, its home, with these variables and no others."""
        with (folder / "output.txt").open("w") as output:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**self.environment, "HOME": str(folder), "PYTHONUNBUFFERED": "1"},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return Script(process, folder / "output.txt")


@dataclass(frozen=True, slots=True)
class Script:
    """A program that was started; its output and errors go to one file."""

    process: subprocess.Popen[bytes]
    output: Path

    def lines(self) -> list[str]:
        """What it printed, once it has ended without an error."""
        status = self.process.wait()
        text = self.output.read_text()
        assert status == 0, text
        return text.splitlines()

    def end(self) -> None:
        """Kill it if it still runs."""
        self.process.kill()
        self.process.wait()


def engine_cloud(engine: EngineProcess) -> Cloud:
    """The engine, with a bucket of its own for these tests."""
    bucket = "contract"
    engine.client("s3").create_bucket(Bucket=bucket)
    return Cloud(
        environment={**_surroundings(), **engine.environment(), "AWS_EC2_METADATA_DISABLED": "true"},
        bucket=bucket,
        role="arn:aws:iam::000000000000:role/SageMakerRole",
        image=json.loads((SAMPLE / "sample.json").read_text())["containers"][0]["image"],
        poll=1,
    )


def aws_cloud() -> Cloud:
    """The account that this shell's variables or profile lead to. Raises KeyError when one of ours is missing."""
    keys = boto3.Session().get_credentials()
    if keys is None:
        raise KeyError("AWS credentials")
    frozen = keys.get_frozen_credentials()
    secrets = {
        "AWS_ACCESS_KEY_ID": frozen.access_key,
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
        "AWS_SESSION_TOKEN": frozen.token,
    }
    return Cloud(
        environment={
            **_surroundings(),
            **{name: value for name, value in secrets.items() if value},
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            # A private endpoint, or another engine that is to be looked at from outside.
            **{name: os.environ[name] for name in ("AWS_ENDPOINT_URL",) if name in os.environ},
        },
        bucket=os.environ["BATCHDECK_CONTRACT_BUCKET"],
        role=os.environ["BATCHDECK_CONTRACT_ROLE"],
        image=json.loads((SAMPLE / "sample.json").read_text())["containers"][0]["image"],
        poll=15,
    )


def _surroundings() -> dict[str, str]:
    # Programs beside our Python, such as aws, come before others of their names.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {"PATH": path, **{name: os.environ[name] for name in _INHERITED if name in os.environ}}


def unique(word: str) -> str:
    """A name that nothing in the account has: on AWS, names of jobs are taken for ever."""
    return f"contract-{word}-{uuid.uuid4().hex[:10]}"


def outputs_in(lines: list[str]) -> list[tuple[str, int, float, float]]:
    """Of each line `output NAME ROWS FIRST LAST` that a script printed: the name and the numbers."""
    words = [line.split()[1:] for line in lines if line.startswith("output ")]
    return [(name, int(rows), float(first), float(last)) for name, rows, first, last in words]


def outputs_expected() -> list[tuple[Any, ...]]:
    """The same for the sample's data, as XGBoost alone predicts them."""
    expected = json.loads((SAMPLE / "expected.json").read_text())
    return [
        (f"{name}.out", facts["rows"], pytest.approx(facts["first"]), pytest.approx(facts["last"]))
        for name, facts in expected.items()
    ]
