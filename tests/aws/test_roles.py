"""Connections that act through a role: moto's STS gives the role's credentials."""

from __future__ import annotations

from pathlib import Path

import pytest

from aws import Target, Unreachable, identity
from aws.calls import NO_CREDENTIALS
from aws.clients import client
from tests.support.moto import MotoServer

ROLE = "arn:aws:iam::123456789012:role/scoring"


@pytest.fixture
def sts(moto: MotoServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """AWS's calls go to moto, and no credentials lie about."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.url)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)


def test_calls_are_made_as_the_role(sts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    target = Target(region="us-east-1", role_arn=ROLE, external_id="batch")
    caller = client(target, "sts").get_caller_identity()
    assert caller["Arn"] == "arn:aws:sts::123456789012:assumed-role/scoring/batchdeck"


def test_a_role_without_credentials_of_our_own_is_unreachable(sts: None) -> None:
    with pytest.raises(Unreachable) as error:
        identity.account(Target(region="eu-west-1", role_arn=ROLE))
    assert error.value.sentence == NO_CREDENTIALS
