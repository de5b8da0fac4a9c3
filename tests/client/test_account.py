"""Profiles, refused tokens, a server that is away, and the shells' completion."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from launcher.ports import free_port
from tests.client.commands import CommandLine
from tests.support.house import House

pytestmark = [pytest.mark.house, pytest.mark.timeout(900)]


def test_login_keeps_a_token_that_only_its_owner_can_read(house: House, token: str, tmp_path: Path) -> None:
    cli = CommandLine(tmp_path)
    assert cli.run("whoami").code == 7
    answer = cli.run("login", "--url", house.url, text=f"{token}\n")
    assert answer.code == 0, answer.err
    assert "You are admin, admin in Sample team." in answer.out
    assert token not in answer.out + answer.err
    file = next(tmp_path.rglob("profiles.json"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    me = cli.run("whoami", "--json")
    assert (me.json["username"], me.json["team"], me.json["url"]) == ("admin", "sample-team", house.url)
    assert token not in me.out
    file.chmod(0o644)
    assert "can be read by others" in cli.run("whoami").err
    file.chmod(0o600)
    assert cli.run("logout").code == 0
    assert cli.run("whoami").code == 7


def test_a_token_of_a_profile_is_not_sent_to_another_server(house: House, token: str, tmp_path: Path) -> None:
    CommandLine(tmp_path).run("login", "--url", house.url, text=f"{token}\n")
    elsewhere = CommandLine(tmp_path, {"BATCHDECK_URL": f"http://127.0.0.1:{free_port()}"}).run("whoami")
    assert (elsewhere.code, "BATCHDECK_TOKEN is missing" in elsewhere.err) == (7, True)


def test_a_bad_token_ends_with_7_and_is_not_printed(house: House, tmp_path: Path) -> None:
    variables = {"BATCHDECK_URL": house.url, "BATCHDECK_TOKEN": "bd_no_such_token"}
    answer = CommandLine(tmp_path, variables).run("list")
    assert (answer.code, answer.out) == (7, "")
    assert "unknown, revoked or expired" in answer.err
    assert "bd_no_such_token" not in answer.err


def test_a_server_that_is_away_ends_with_6_and_its_name(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    variables = {"BATCHDECK_URL": url, "BATCHDECK_TOKEN": "bd_x"}
    answer = CommandLine(tmp_path, variables).run("list")
    assert (answer.code, answer.out) == (6, "")
    assert f"{url} does not answer: Connection refused" in answer.err


def test_an_address_that_is_no_batchdeck_is_said_so(house: House, tmp_path: Path) -> None:
    variables = {"BATCHDECK_URL": f"{house.url}/nothing", "BATCHDECK_TOKEN": "bd_x"}
    assert CommandLine(tmp_path, variables).run("whoami").code in (1, 6)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_completion(cli: CommandLine, shell: str) -> None:
    answer = cli.run("completion", shell)
    assert answer.code == 0
    assert "_BATCHDECK_COMPLETE" in answer.out


def test_bash_completes_commands_and_options(cli: CommandLine, tmp_path: Path) -> None:
    program = tmp_path / "batchdeck"
    program.write_text(f'#!/bin/sh\nexec {cli.program[0]} -m batchdeck "$@"\n')
    program.chmod(0o755)
    script = (
        f'PATH="{tmp_path}:$PATH"\neval "$(batchdeck completion bash)"\n'
        "complete -p batchdeck\n"
        'COMP_WORDS=(batchdeck "$1" "$2"); COMP_CWORD=$3; _batchdeck_completion batchdeck\n'
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )

    def complete(*words: str) -> list[str]:
        answer = subprocess.run(
            ["bash", "-c", script, "bash", *words],
            env=cli.environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        return answer.stdout.splitlines()[1:]

    assert complete("fin", "", "1") == ["finish-missing"]
    assert "--split-type" in complete("submit", "--spl", "2")


def test_the_launcher_runs_the_commands_with_a_token_of_its_own(house: House) -> None:
    assert "sample-team" in house.deck("job", "whoami")
    file = house.data_dir / "command_line_token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first = file.read_text()
    house.deck("job", "list")
    assert file.read_text() == first
    file.write_text("bd_revoked")
    assert "sample-team" in house.deck("job", "whoami")
    assert file.read_text() not in (first, "bd_revoked")


def test_a_token_is_made_printed_once_and_revoked(house: House, token: str, tmp_path: Path) -> None:
    cli = CommandLine(tmp_path, {"BATCHDECK_URL": house.url, "BATCHDECK_TOKEN": token})
    answer = cli.run("tokens", "create", "a pipeline", "--role", "viewer", "--days", "1")
    assert answer.code == 0, answer.err
    viewer = CommandLine(tmp_path, {"BATCHDECK_URL": house.url, "BATCHDECK_TOKEN": answer.out.strip()})
    assert viewer.run("whoami", "--json").json["role"] == "viewer"
    assert viewer.run("tokens", "create", "another").code == 7
    listed = cli.run("tokens", "--json")
    assert answer.out.strip() not in listed.out
    (row,) = (row for row in listed.json if row["name"] == "a pipeline")
    assert cli.run("tokens", "revoke", str(row["id"])).code == 2
    assert cli.run("tokens", "revoke", str(row["id"]), "--yes").code == 0
    assert viewer.run("whoami").code == 7
