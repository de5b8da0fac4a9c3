"""Sessions that STS gives to a team's key: they may do what the key may do now, and end with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from engine.credentials import MOST_SESSIONS, Key, load_credentials
from tests.engine.resources import BUCKET, ROLE, put, unique
from tests.engine.team_keys import Client, client_of, denied, make_key, session_of
from tests.support.engine import EngineProcess


@pytest.fixture
def team(engine: EngineProcess) -> str:
    """The name of a new key, which may use the folder of its name, where one object is."""
    name = unique("team")
    put(engine, f"{name}/own", b"own")
    allow(engine, name, name)
    return name


def allow(engine: EngineProcess, team: str, folder: str) -> None:
    """Make the team's key, or change it, so that it may use this folder of the tests' bucket."""
    change = make_key(engine, team, "--s3", f"s3://{BUCKET}/{folder}/", "--names", f"{team}-*")
    assert change.returncode == 0, change.stderr


def sessions(engine: EngineProcess, team: str) -> list[Client]:
    """A session of the team's key, and one that this session got."""
    first, _ = session_of(engine, client_of(engine, team))
    return [first, session_of(engine, first)[0]]


def read(client: Client, team: str) -> Any:
    return client("s3").get_object(Bucket=BUCKET, Key=f"{team}/own")["Body"].read()


def test_sessions_end_with_the_key_they_come_from(engine: EngineProcess, team: str) -> None:
    clients = sessions(engine, team)
    assert [read(client, team) for client in clients] == [b"own", b"own"]
    assert make_key(engine, team, "--remove").returncode == 0
    for client in clients:
        with pytest.raises(ClientError, match="InvalidAccessKeyId"):
            read(client, team)
        with pytest.raises(ClientError, match="InvalidClientTokenId"):
            client("sts").assume_role(RoleArn=ROLE, RoleSessionName="tests")
    # A new key of the same name is another key.
    allow(engine, team, team)
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        read(clients[0], team)


def test_sessions_may_do_what_the_key_may_do_now(engine: EngineProcess, team: str) -> None:
    clients = sessions(engine, team)
    allow(engine, team, "elsewhere")
    for client in clients:
        with denied():
            read(client, team)
    allow(engine, team, team)
    assert [read(client, team) for client in clients] == [b"own", b"own"]


def test_a_session_gets_no_keys_that_outlive_it(engine: EngineProcess, team: str) -> None:
    for client in (engine.client, client_of(engine, team)):
        first, end = session_of(engine, client, 900)
        second, second_end = session_of(engine, first, 43200)
        _, third_end = session_of(engine, second, 900)
        assert max(second_end, third_end) <= end


def test_the_engines_own_key_gives_sessions_that_may_do_everything(engine: EngineProcess, team: str) -> None:
    first, _ = session_of(engine, engine.client)
    second, _ = session_of(engine, first)
    assert [read(client, team) for client in (first, second)] == [b"own", b"own"]


def test_a_key_has_a_limited_number_of_sessions_and_leaves_the_others_theirs(tmp_path: Path) -> None:
    credentials = load_credentials(tmp_path / "credentials.json", "000000000000")
    first, second = (Key(name, "secret", f"arn:aws:iam::000000000000:user/{name}") for name in ("a", "b"))
    sessions = [credentials.new_session("arn", 900, first) for _ in range(MOST_SESSIONS)]
    last = sessions[-1]
    assert last is not None
    assert credentials.new_session("arn", 900, first) is None
    # A session's sessions are those of its key.
    assert credentials.new_session("arn", 900, last) is None
    assert credentials.new_session("arn", 900, second) is not None


def test_a_session_with_a_policy_is_refused_as_it_would_have_more_rights_than_asked(
    engine: EngineProcess, team: str
) -> None:
    policy = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'
    for client in (engine.client, client_of(engine, team)):
        for narrower in (
            {"Policy": policy},
            {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]},
        ):
            with pytest.raises(ClientError, match="does not support Policy"):
                client("sts").assume_role(RoleArn=ROLE, RoleSessionName="tests", **narrower)
