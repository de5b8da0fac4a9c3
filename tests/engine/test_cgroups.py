"""Control groups: they are made for a server, hold all of it, and go with it, however it ends."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from engine.runtimes.cgroups import engine_name, out_of_memory
from engine.runtimes.process import ModelServer
from engine.runtimes.usage import processes_below
from tests.engine.serving import start_code, support
from tests.support.polling import until

pytestmark = pytest.mark.skipif(
    support().groups is None, reason="this system lets the tests make no control groups"
)
FORKS = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print("started", flush=True)
        time.sleep(600)
    os._exit(0)
time.sleep(600)
"""


def groups(directory: Path) -> list[Path]:
    """The groups of servers whose engine has its data in that folder."""
    cgroups = support().groups
    assert cgroups is not None
    return cgroups.leftovers(engine_name(directory / "jobs"))


async def started(directory: Path) -> ModelServer:
    """A server that has a process of another session."""
    lines: list[str] = []
    server = await start_code(directory, FORKS, lines=lines.extend)
    await asyncio.to_thread(until, lambda: lines == ["started"], "the start of all processes", 30)
    return server


async def test_all_processes_of_a_server_are_in_its_groups_and_end_with_them(tmp_path: Path) -> None:
    server = await started(tmp_path)
    folders = groups(tmp_path)
    below = set(processes_below(server._process.pid))
    assert folders
    for folder in folders:
        inside = {int(number) for number in (folder / "cgroup.procs").read_text().split()}
        assert inside <= below
        # The first process of the namespaces, the server and what it left in another session.
        assert len(inside) == (3 if support().namespaces else 2)
    await server.stop()
    assert groups(tmp_path) == []


@pytest.mark.parametrize("pipe_ends", [True, False], ids=["the engine is killed", "the keeper is killed"])
async def test_groups_go_when_the_engine_or_the_keeper_is_killed(tmp_path: Path, pipe_ends: bool) -> None:
    server = await started(tmp_path)
    if pipe_ends:
        assert server._process.stdin is not None
        server._process.stdin.close()
        await server.wait()
    else:
        os.kill(server._process.pid, signal.SIGKILL)
        await server.wait()
    await server.stop()
    assert groups(tmp_path) == []


async def test_a_server_that_takes_too_much_says_so_after_its_end(tmp_path: Path) -> None:
    server = await start_code(tmp_path, "print('well')")
    await server.wait()
    assert not server.ran_out_of_memory()
    await server.stop()
    assert not server.ran_out_of_memory()
    events = tmp_path / "events"
    events.write_text("low 0\noom 3\noom_kill 1\n")
    assert out_of_memory([tmp_path / "gone", events])
