"""One house for a data directory, and the note by which commands find it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from launcher import house
from launcher.house import House
from tests.support.house import CHECKOUT


def note(pid: int = 0) -> House:
    return House(
        pid=pid or os.getpid(),
        url="http://127.0.0.1:8000",
        engine_url="http://127.0.0.1:8070",
        redis_url="redis://:secret@127.0.0.1:7000/0",
    )


def test_a_house_that_holds_its_lock_is_found_by_its_note(tmp_path: Path) -> None:
    lock = house.hold(tmp_path)
    note().write(tmp_path)
    assert house.find_running(tmp_path) == note()
    os.close(lock)


def test_a_note_left_by_a_crash_is_not_a_running_house(tmp_path: Path) -> None:
    os.close(house.hold(tmp_path))
    note().write(tmp_path)
    assert house.find_running(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_a_note_that_makes_no_sense_is_no_note(tmp_path: Path, text: str) -> None:
    House.note(tmp_path).write_text(text)
    assert House.read(tmp_path) is None


def test_a_data_directory_that_is_not_there_has_no_house(tmp_path: Path) -> None:
    assert house.find_running(tmp_path / "nowhere") is None


def test_the_note_is_readable_by_its_owner_only_for_it_holds_a_password(tmp_path: Path) -> None:
    note().write(tmp_path)
    note().write(tmp_path)
    assert stat.S_IMODE(House.note(tmp_path).stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["house.json"]


def test_a_second_house_is_told_who_runs_the_first(tmp_path: Path) -> None:
    lock = house.hold(tmp_path)
    note().write(tmp_path)
    with pytest.raises(house.AlreadyRunning, match=rf"at http://127\.0\.0\.1:8000 \(process {os.getpid()}\)"):
        house.hold(tmp_path)
    os.close(lock)


def test_a_lock_that_nobody_gives_back_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    lock = house.hold(tmp_path)
    with pytest.raises(house.AlreadyRunning, match="choose another --data-dir"):
        house.hold(tmp_path, patience=0.2)
    os.close(lock)


def test_commands_about_a_folder_with_nothing_in_it_say_so_and_leave_it_alone(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    for command in ("link", "token", "env"):
        place = tmp_path / command
        process = subprocess.run(
            [sys.executable, str(CHECKOUT / "deck"), "--data-dir", str(place), command],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (process.returncode, process.stdout) == (1, ""), command
        assert "Start it with ./deck up" in process.stderr
        assert "Traceback" not in process.stderr
        assert not place.exists()
