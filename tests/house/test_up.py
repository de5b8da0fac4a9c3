"""./deck up from nothing, and its end: asked for, or by kill -9."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.house import House, copy_checkout, wait_until

pytestmark = [pytest.mark.house, pytest.mark.xdist_group("own-houses"), pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which nothing has been installed yet."""
    return copy_checkout(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="module")
def house(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One house for the module: each test starts it again if the one before has ended it."""
    house = House(clone, tmp_path_factory.mktemp("house") / "data")
    yield house
    house.kill()


@pytest.fixture
def running(house: House) -> House:
    """The same house, up."""
    return house if house.processes() else house.start()


def test_an_empty_clone_comes_up_ready_and_stops_with_nothing_left(house: House) -> None:
    house.start()
    assert house.status_of("/readyz") == 200
    assert house.link.startswith(f"{house.url}/signin/link/")
    house.stop()
    assert house.processes() == {}
    assert not (house.data_dir / "house.json").exists()


def test_other_commands_reach_the_running_house(running: House) -> None:
    assert f"export AWS_ENDPOINT_URL={running.engine_url}" in running.deck("env")
    assert len(running.token()) > 20
    assert running.deck("link").startswith(f"{running.url}/signin/link/")


def test_secrets_are_readable_by_their_owner_only(running: House) -> None:
    for name in (
        "house.json",
        "broker/password",
        "broker/server.conf",
        "engine/credentials.json",
        "secret_key",
    ):
        mode = stat.S_IMODE((running.data_dir / name).stat().st_mode)
        assert mode == 0o600, f"{name} has mode {mode:o}"


def test_everything_in_the_data_folder_is_the_owners_alone(running: House) -> None:
    assert stat.S_IMODE(running.data_dir.stat().st_mode) == 0o700
    # What Django collects for browsers is public, and in a folder that is not.
    modes = {path: mode for path, mode in _read_modes(running.data_dir) if "staticfiles" not in path.parts}
    assert running.data_dir / "batchdeck.sqlite3" in modes
    assert {str(path) for path, mode in modes.items() if mode & 0o077} == set()


def test_a_second_house_on_the_same_data_is_refused(running: House) -> None:
    refused = _up(running, "--port", "1", "--engine-port", "2")
    assert refused.returncode == 1
    assert f"already runs on {running.data_dir} at {running.url}" in refused.stderr


def test_a_killed_worker_is_started_again(running: House) -> None:
    workers = _find(running, " worker ")
    os.killpg(workers[0], signal.SIGKILL)
    wait_until(lambda: bool(set(_find(running, " worker ")) - set(workers)), 300, running.printed_text)
    assert "worker was killed by SIGKILL; starting it again" in running.printed_text()


def test_kill_9_of_the_launcher_leaves_no_process_and_no_lock(running: House) -> None:
    running.kill()
    assert running.processes() == {}
    running.start()
    assert running.status_of("/readyz") == 200
    running.stop()


def test_opening_the_pages_to_others_leaves_the_engine_to_this_machine(house: House) -> None:
    house.stop()
    house.start("--host", "0.0.0.0")
    # Linux has all of 127.0.0.0/8: a server on 0.0.0.0 answers here, one on 127.0.0.1 does not.
    other_address = "127.0.0.2"
    with socket.create_connection((other_address, house.port), timeout=60):
        pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((other_address, house.engine_port), timeout=60)
    assert f"export AWS_ENDPOINT_URL={house.engine_url}" in house.deck("env")
    house.stop()


@pytest.mark.parametrize("flag", ["--port", "--engine-port"])
def test_a_taken_port_is_an_error_that_names_the_flag(house: House, flag: str) -> None:
    house.stop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        used_port = str(listener.getsockname()[1])
        refused = _up(
            house, "--port", str(house.port), "--engine-port", str(house.engine_port), flag, used_port
        )
    assert refused.returncode == 2
    assert (
        f"Port {used_port} on 127.0.0.1 is taken by another program; choose another with {flag}."
        in refused.stderr
    )


def _up(house: House, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [house.checkout / "deck", "--data-dir", house.data_dir, "up", *flags]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def _read_modes(folder: Path) -> Iterator[tuple[Path, int]]:
    """Each path below ``folder`` with its mode. SQLite's log files come and go, so one may be gone by now."""
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            yield path, path.lstat().st_mode


def _find(house: House, word: str) -> list[int]:
    # The first of a group is its leader: the process the launcher started.
    return sorted(pid for pid, command in house.processes().items() if word in command)
