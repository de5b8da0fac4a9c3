"""Children: kept running, ended together, and ended even when the launcher is killed."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher import guardian
from launcher.console import Console
from launcher.processes import BACKOFF, QUICK, Family, GaveUp, Restarts, describe_exit
from tests.support.house import CHECKOUT, wait_until

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def family(screen: io.StringIO) -> Iterator[Family]:
    family = Family(Console(screen))
    yield family
    family.stop(1)
    family.close()


def start(family: Family, name: str, code: str, *, once: bool = False) -> None:
    family.start(name, [sys.executable, "-c", code], os.environ, Path.cwd(), once=once)


def test_each_line_is_told_under_the_name_of_its_process(family: Family, screen: io.StringIO) -> None:
    start(family, "engine", "print('one'); print('two')", once=True)
    wait_until(lambda: screen.getvalue() == "engine    | one\nengine    | two\n", 300, screen.getvalue)


def test_a_child_that_dies_is_started_again(family: Family, screen: io.StringIO, tmp_path: Path) -> None:
    started_file = tmp_path / "seen"
    again = (
        f"import pathlib, time; f = pathlib.Path({str(started_file)!r})\n"
        "if f.exists(): print('again', flush=True); time.sleep(60)\n"
        "f.touch()"
    )
    start(family, "worker", again)

    def started_again() -> bool:
        family.tend()
        return "worker    | again" in screen.getvalue()

    wait_until(started_again, 300, screen.getvalue)
    assert "deck      | worker ended with exit code 0; starting it again in 0.5 s" in screen.getvalue()


def test_a_child_that_dies_at_once_each_time_is_given_up_by_name() -> None:
    restarts = Restarts()
    assert tuple(restarts.delay(lived=1) for _ in BACKOFF) == BACKOFF
    assert restarts.delay(lived=1) is None


def test_a_child_that_lived_long_before_it_died_starts_afresh() -> None:
    restarts = Restarts()
    for _ in BACKOFF:
        restarts.delay(lived=1)
    assert restarts.delay(lived=QUICK + 1) == BACKOFF[0]
    assert restarts.delay(lived=1) == BACKOFF[0]


def test_giving_up_names_the_child_and_how_it_ended(
    family: Family, screen: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("launcher.processes.BACKOFF", (0.0,))
    start(family, "beat", "raise SystemExit(3)")

    def tend_for_ever() -> bool:
        family.tend()
        return False

    with pytest.raises(GaveUp, match="beat ended with exit code 3"):
        wait_until(tend_for_ever, 300, screen.getvalue)


def test_a_child_that_will_not_end_is_killed_in_time(family: Family, screen: io.StringIO) -> None:
    start(family, "broker", STUBBORN)
    start(family, "web", STUBBORN)
    wait_until(lambda: screen.getvalue().count("up") == 2, 300, screen.getvalue)
    started = time.monotonic()
    family.stop(2)
    assert time.monotonic() - started < 4


def test_a_killed_launcher_takes_its_children_and_theirs_with_it(tmp_path: Path) -> None:
    # The grandchild ignores SIGTERM and shares only its parent's process group, as a server's workers do.
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {STUBBORN!r}])"
    launcher = f"""
import os, sys, time
from pathlib import Path
from launcher.console import Console
from launcher.processes import Family
family = Family(Console())
child = family.start("web", [sys.executable, "-c", {nested!r}], os.environ, Path.cwd())
print("group", child.group, flush=True)
time.sleep(60)
"""
    deck = subprocess.Popen([sys.executable, "-c", launcher], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert deck.stdout is not None
    group = int(deck.stdout.readline().split()[1])
    assert deck.stdout.readline() == "web       | up\n"
    deck.kill()
    deck.wait()
    deck.stdout.close()
    wait_until(lambda: not guardian.is_alive(group), 300, lambda: f"group {group} lives")


def test_the_guardian_ends_only_what_still_stands() -> None:
    assert guardian.read_groups(["+10\n", "+11\n", "-10\n", "+12\n"]) == {11, 12}


@pytest.mark.parametrize(
    ("code", "text"), [(1, "ended with exit code 1"), (-signal.SIGKILL, "was killed by SIGKILL")]
)
def test_an_exit_is_told_in_words(code: int, text: str) -> None:
    assert describe_exit(code) == text
