"""What tests of teams' keys need: to make a key, to use it, to expect a denial."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.engine.resources import ROLE
from tests.support.engine import CHECKOUT, REGION, EngineProcess

Client = Callable[[str], Any]


@contextmanager
def denied() -> Iterator[None]:
    """A call that the engine denies, as S3 or another service does."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] in ("AccessDenied", "AccessDeniedException", "403"), error


def make_key(engine: EngineProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "engine.keys", "--data-dir", str(engine.data_dir), *arguments]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=60)


def client_of(engine: EngineProcess, name: str) -> Client:
    """boto3's clients with a team's key."""
    keys = json.loads((engine.data_dir / "keys" / f"{name}.json").read_text())
    return lambda service: engine.client(
        service, access_key=keys["access_key_id"], secret_key=keys["secret_access_key"]
    )


def session_of(engine: EngineProcess, client: Client, seconds: int = 3600) -> tuple[Client, dt.datetime]:
    """boto3's clients with the keys of a role that `client` assumes, and when these keys end."""
    keys = client("sts").assume_role(RoleArn=ROLE, RoleSessionName="tests", DurationSeconds=seconds)[
        "Credentials"
    ]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], REGION)
    return lambda service: session.client(service, endpoint_url=engine.url), keys["Expiration"]
