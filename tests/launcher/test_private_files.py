"""What is kept in a data folder is the owner's alone."""

from __future__ import annotations

import os
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hosting.private_files import make_private
from launcher import commands
from tests.support.engine import EngineProcess

NOBODY = 65534


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that every user can enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        yield place


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_of_an_older_version_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    folder.mkdir()
    folder.chmod(0o755)
    make_private(folder)
    assert mode(folder) == 0o700


def test_a_folder_of_everybody_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    make_private(tmp_path)
    assert mode(tmp_path) == 0o1777


def test_an_engine_started_on_an_older_folder_keeps_its_data_to_itself(open_place: Path) -> None:
    data_dir = open_place / "engine"
    data_dir.mkdir()
    data_dir.chmod(0o755)
    engine = EngineProcess(data_dir).start()
    try:
        s3 = engine.client("s3")
        s3.create_bucket(Bucket="private")
        s3.put_object(Bucket="private", Key="model", Body=os.urandom(2_000_000))
    finally:
        engine.stop()
    assert mode(data_dir) == 0o700
    # The log was opened by this test, before the engine ran.
    files = [path for path in data_dir.rglob("*") if path.name != "engine.log"]
    assert {path.name for path in files} >= {"engine.sqlite3", "index.sqlite3", "credentials.json", "bodies"}
    assert {str(path): oct(mode(path)) for path in files if mode(path) & 0o077} == {}
    if os.geteuid() == 0:
        read = subprocess.run(
            ["cat", data_dir / "engine.sqlite3"], user=NOBODY, group=NOBODY, capture_output=True, check=False
        )
        assert read.returncode != 0
        assert b"Permission denied" in read.stderr


def test_commands_of_the_dashboard_write_private_files_by_themselves(open_place: Path) -> None:
    data_dir = open_place / "var"
    data_dir.mkdir()
    data_dir.chmod(0o755)
    environment = {**os.environ, "BATCHDECK_DATA_DIR": str(data_dir)}
    environment.pop("DATABASE_URL", None)
    manage = [commands.CHECKOUT / ".venv" / "bin" / "python", "manage.py", "migrate", "--noinput", "teams"]
    subprocess.run(manage, cwd=commands.CHECKOUT, env=environment, umask=0o022, check=True)
    assert mode(data_dir) == 0o700
    assert mode(data_dir / "batchdeck.sqlite3") == 0o600


@pytest.mark.parametrize("command", [["up"], ["migrate"]])
def test_a_data_folder_that_is_none_is_said_in_a_sentence(
    command: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(["--data-dir", "/dev/null", *command]) != 0
    errors = capfd.readouterr().err
    assert "/dev/null is not a folder; name another with --data-dir." in errors
    assert "Traceback" not in errors


def test_an_engine_says_that_its_data_folder_is_none() -> None:
    python = commands.CHECKOUT / ".venv" / "bin" / "python"
    answer = subprocess.run(
        [python, "-m", "engine", "--port", "1", "--data-dir", "/dev/null"],
        cwd=commands.CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert answer.stderr == "/dev/null is not a folder; name another with --data-dir.\n"
