"""Model code is kept inside its model server: a script tries everything, as root's engine and as an ordinary user's."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.confinement.outside import IMAGE, SCRIPT, Outside
from tests.engine.serving import make_readable, start_code, support
from tests.engine.transforms import archive, instance_processes, put, transform
from tests.support.engine import EngineProcess
from tests.support.polling import until


@pytest.mark.skipif(sys.platform != "linux", reason="the means of confinement are Linux's")
def test_a_script_that_tries_everything_gets_nothing_but_its_own(
    confining_engine: EngineProcess, folder: Path
) -> None:
    engine = confining_engine
    # Control groups, which an ordinary user's engine seldom can make, keep nothing from the script.
    gaps = [gap for gap in support().gaps() if "cgroup" not in gap]
    assert gaps == [], "this system lacks what the test is about"
    with ExitStack() as stack:
        outside = Outside(folder, stack)
        data = put(engine, "model.tar.gz", archive({"code/inference.py": SCRIPT}))
        environment = {
            "TARGETS": json.dumps(outside.targets(engine, engine.pid)),
            "SAGEMAKER_PROGRAM": "inference.py",
        }
        job = transform(
            engine,
            {"x": b"x"},
            containers=[{"Image": IMAGE, "ModelDataUrl": data, "Environment": environment}],
            TransformInput={"ContentType": "text/csv"},
        )
        assert job.ended(240)["TransformJobStatus"] == "Completed", (job.describe(), job.log)
        report = json.loads(job.outputs["x.out"])
        assert report.pop("own things") == "usable"
        reached = {name: result for name, result in report.items() if not result.startswith("refused")}
        assert reached == {}, job.log
        assert len(report) > 30
        outside.datagrams.setblocking(False)
        with pytest.raises(BlockingIOError):
            outside.datagrams.recv(100)
        assert outside.secret.read_text() == "secret"
    until(lambda: not instance_processes(engine), "the end of all that the script has started", 10)


WITHOUT = {
    "namespaces": {"namespaces": False, "network": False, "user_ids": False},
    "a network of its own": {"network": False},
    "another user": {"user_ids": False},
}


@pytest.mark.skipif(sys.platform != "linux", reason="the means of confinement are Linux's")
@pytest.mark.parametrize("missing", WITHOUT)
async def test_what_is_left_of_the_means_refuses_as_much(folder: Path, missing: str) -> None:
    model = folder / "job" / "model"
    (model / "code").mkdir(parents=True)
    (model / "code" / "inference.py").write_bytes(SCRIPT)
    make_readable(model)
    engine = EngineProcess(folder / "engine")
    for name in ("credentials.json", "engine.sqlite3", "objects/index.sqlite3"):
        (engine.data_dir / name).parent.mkdir(parents=True, exist_ok=True)
        (engine.data_dir / name).write_text("secret")
    code = (
        "import json, runpy, sys; module = runpy.run_path(sys.argv[1]); "
        "print(json.dumps(module['report'](json.loads(sys.argv[2]))))"
    )
    lines: list[str] = []
    with ExitStack() as stack:
        outside = Outside(folder, stack)
        targets = {**outside.targets(engine, os.getpid()), "too_many_processes": 0}
        server = await start_code(
            folder / "job" / "own",
            code,
            str(model / "code" / "inference.py"),
            json.dumps(targets),
            environment={"SAGEMAKER_MODEL_DIR": str(model)},
            lines=lines.extend,
            means=replace(support(), **WITHOUT[missing]),
        )
        try:
            async with asyncio.timeout(120):
                await server.wait()
        finally:
            await server.stop()
        report = json.loads("".join(lines))
        assert report.pop("own things") == "usable"
        reached = {name: result for name, result in report.items() if not result.startswith("refused")}
        # The number of processes is no part of this: the system counts others' with them, and not root's at all.
        assert reached.pop("start_many_processes") == "GOT 0"
        assert reached.keys() <= ({"become_root"} if os.geteuid() == 0 else set()), reached
        outside.datagrams.setblocking(False)
        with pytest.raises(BlockingIOError):
            outside.datagrams.recv(100)


REUSE = """
import ctypes, os, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
listener = socket.socket(fileno=int(os.environ["SAGEMAKER_LISTENER"]))
accepted, _ = listener.accept()
print("accepted", accepted.recv(1))
libc.connect(accepted.fileno(), struct.pack("=H14x", 0), 16)  # AF_UNSPEC: the socket is free again.
for use in (lambda: accepted.bind(("0.0.0.0", 0)), lambda: accepted.connect(("127.0.0.1", int(sys.argv[1])))):
    try:
        use()
        print("reached")
    except OSError as error:
        print("refused", error.errno)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the means of confinement are Linux's")
async def test_a_socket_that_was_accepted_leads_nowhere_else(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        lines: list[str] = []
        port = str(listener.getsockname()[1])
        server = await start_code(folder / "own", REUSE, port, lines=lines.extend, inherits_listener=True)
        try:
            with socket.create_connection(server.address) as connection:
                connection.sendall(b"x")
                async with asyncio.timeout(60):
                    await server.wait()
        finally:
            await server.stop()
    assert lines == ["accepted b'x'", f"refused {errno.EACCES}", f"refused {errno.EACCES}"]


LISTEN = """
import ctypes, os, socket
listener = socket.socket(fileno=int(os.environ["SAGEMAKER_LISTENER"]))
connection, _ = listener.accept()
IP_LOCAL_PORT_RANGE = 51
for level in (socket.IPPROTO_IP, socket.SOL_SOCKET):
    try:
        connection.setsockopt(level, IP_LOCAL_PORT_RANGE, 0)
        print("may choose ports")
    except OSError as error:
        print("refused", error.errno)
# To an address of no family: the socket is free again.
ctypes.CDLL(None).connect(connection.fileno(), bytes(16), 16)
try:
    connection.listen()
    print("listens at", connection.getsockname())
except OSError as error:
    print("refused", error.errno)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the means of confinement are Linux's")
async def test_a_socket_that_was_accepted_listens_nowhere_else(folder: Path) -> None:
    lines: list[str] = []
    server = await start_code(folder / "own", LISTEN, lines=lines.extend, inherits_listener=True)
    try:
        with socket.create_connection(server.address):
            async with asyncio.timeout(60):
                await server.wait()
    finally:
        await server.stop()
    assert lines == [*[f"refused {errno.EPERM}"] * 2, f"refused {errno.EADDRINUSE}"]


DESCRIPTORS = """
import os
listener = os.environ["SAGEMAKER_LISTENER"]
for number in range(3, 1000):
    try:
        os.fstat(number)
        print("listener" if str(number) == listener else number)
    except OSError:
        pass
"""


def test_a_server_has_no_open_file_of_the_engine(folder: Path) -> None:
    uvloop = pytest.importorskip("uvloop")
    lines: list[str] = []

    async def run() -> None:
        server = await start_code(folder / "own", DESCRIPTORS, lines=lines.extend, inherits_listener=True)
        try:
            async with asyncio.timeout(60):
                await server.wait()
        finally:
            await server.stop()

    # As if the engine had been started with it.
    with (folder / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)
        loop = uvloop.new_event_loop()
        try:
            loop.run_until_complete(run())
        finally:
            loop.close()
    assert lines == ["listener"]


async def test_a_server_cannot_lead_the_next_start_elsewhere(folder: Path) -> None:
    secret = folder / "secret"
    secret.mkdir()
    (secret / "key").write_text("secret")
    swap = f"import os; os.rmdir('tmp') if os.path.isdir('tmp') else None; os.symlink({str(secret)!r}, 'tmp')"
    read = "import os; print(os.path.exists(os.path.join(os.environ['TMPDIR'], 'key')), os.path.exists('tmp/key'))"
    lines: list[str] = []
    for code in (swap, read):
        server = await start_code(folder / "own", code, lines=lines.extend)
        try:
            async with asyncio.timeout(60):
                await server.wait()
        finally:
            await server.stop()
    assert lines == ["False False"]


def test_variables_of_a_job_change_nothing_about_how_its_server_starts(
    serving_engine: EngineProcess, tmp_path: Path
) -> None:
    shell = "/bin/sh -c 'echo started by the browser >&2' %s"
    environment = {
        "PYTHONWARNINGS": "all:0:antigravity.x:0:0",
        "BROWSER": shell,
        "LD_PRELOAD": "/nowhere/preloaded.so",
        "PYTHONHOME": "/nowhere",
        "_PYTHON_SYSCONFIGDATA_NAME": "this",
        "SHELL": "x" * 10_000,
        "PAGER": "x" * 10_000,
        "PYTHONSTARTUP": "/nowhere/startup.py",
        "PATH": "/nowhere",
        "HOME": "/nowhere",
        "TMPDIR": "/nowhere",
        "SAGEMAKER_BIND_TO_PORT": "1",
        "SAGEMAKER_LISTENER": "99",
    }
    script = (
        b"import os\n"
        b"def model_fn(d): print({name: os.environ.get(name) for name in "
        b"('BROWSER', 'PATH', 'HOME', 'PYTHONWARNINGS')})\n"
        b"def transform_fn(m, b, c, a): return 'x'\n"
    )
    data = put(serving_engine, "model.tar.gz", archive({"code/inference.py": script}))
    job = transform(
        serving_engine,
        {"x": b"x"},
        containers=[{"Image": IMAGE, "ModelDataUrl": data}],
        environment=environment,
    )
    assert job.ended(240)["TransformJobStatus"] == "Completed", (job.describe(), job.log)
    visible_variables = {name: environment[name] for name in ("BROWSER", "PATH", "HOME", "PYTHONWARNINGS")}
    # The user's code sees them, as in the image; nothing has been started by them before.
    assert str(visible_variables) in job.log
    assert "started by the browser" not in job.log.replace(str(visible_variables), "")
    assert "preloaded" not in job.log
    assert "The Zen of Python" not in job.log


def test_an_engine_that_requires_confinement_does_not_start_without_all_of_it(tmp_path: Path) -> None:
    engine = EngineProcess(tmp_path / "engine", ENGINE_CONFINEMENT="require")
    if not support().gaps():
        engine.start()
        assert engine.stop() == 0
        return
    with pytest.raises(AssertionError, match="ENGINE_CONFINEMENT is require, but: Model code"):
        engine.start()
