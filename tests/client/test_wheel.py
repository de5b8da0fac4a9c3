"""The wheel of the client, built and installed into a fresh environment."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.client.commands import CommandLine
from tests.client.wheel import install_wheel
from tests.support.house import House

pytestmark = [pytest.mark.house, pytest.mark.timeout(600)]


def test_the_wheel_installs_into_a_fresh_environment_and_reaches_a_server(
    house: House, token: str, tmp_path: Path
) -> None:
    program = install_wheel(tmp_path)
    variables = {"BATCHDECK_URL": house.url, "BATCHDECK_TOKEN": token, "PYTHONPATH": ""}
    cli = CommandLine(tmp_path, variables, (str(program),))
    assert cli.run("--version").out == "batchdeck, version 0.1.0\n"
    assert cli.run("whoami", "--json").json["username"] == "admin"
    typed = subprocess.run(
        [program.with_name("python"), "-c", "import batchdeck; print(batchdeck.__file__)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (Path(typed.stdout.strip()).parent / "py.typed").exists()
