"""Finding a runtime for an image, making its environment once, and starting and ending its servers."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import re
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from engine.config import Config
from engine.runtimes import BadRuntime, EnvironmentFailed, Runtimes, registry
from engine.runtimes.confined_process import end_leftovers
from engine.runtimes.environments import READY, UNUSED_SECONDS, prepare
from engine.runtimes.output import LONGEST_LINE
from engine.runtimes.process import ModelServer
from engine.runtimes.registry import BUILT_IN, Runtime, find_runtime, load_runtimes
from tests.engine.serving import start_code, support
from tests.engine.wheels import wheel
from tests.support.polling import until
from tools.runtime_tables import DOCUMENT, document_with_tables

HERE = Path(registry.__file__).parent

# Which image


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", "xgboost"),
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3", "xgboost"),
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5", "xgboost"),
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:0.90-2-cpu-py3", "xgboost"),
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1", "xgboost"),
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:latest", "xgboost"),
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:latest", None),
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.9-1", None),
        ("xgboost", "xgboost"),
        ("localhost:5000/xgboost", "xgboost"),
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3", "sklearn"),
        ("sagemaker-scikit-learn@sha256:0123", "sklearn"),
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-py312", "sklearn"),
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:0.20.0-cpu-py3", None),
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-sparkml-serving:2.4", "sparkml"),
        ("246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-sparkml-serving:3.3", "sparkml"),
        ("example.com/sagemaker-spark-processing:3.1", None),
        ("763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.1", "pytorch"),
        ("763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-gpu-py312-cu124", "pytorch"),
        (
            "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference-graviton:2.0.1-cpu-py310",
            "pytorch",
        ),
        ("520713654638.dkr.ecr.us-east-1.amazonaws.com/sagemaker-pytorch:1.0.0-cpu-py3", None),
        ("763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.1.0-cpu-py310", None),
        ("huggingface-pytorch-inference:2.6.0-transformers4.51.3-cpu-py312-ubuntu22.04", "huggingface"),
        ("huggingface-pytorch-inference:2.6.0-transformers5.5.3-cpu-py312-ubuntu22.04", None),
        ("huggingface-tensorflow-inference:2.11.0-transformers4.26.0-cpu-py39-ubuntu20.04", None),
        ("example.com/not-xgboost:1", None),
        ("example.com/xgboost/of-mine:xgboost", None),
        ("", None),
    ],
)
def test_an_image_finds_its_runtime(image: str, name: str | None) -> None:
    runtime = find_runtime(BUILT_IN, image)
    assert (runtime.name if runtime else None) == name


def test_the_tag_of_an_image_picks_the_environment_and_is_told_to_the_program() -> None:
    of_tags = {tag: find_runtime(BUILT_IN, f"sagemaker-xgboost{tag}") for tag in ("", ":1.5-1", ":3.0-5")}
    words = {tag: runtime.command[-1] for tag, runtime in of_tags.items() if runtime is not None}
    assert words == {"": "1.7-1", ":1.5-1": "1.5-1", ":3.0-5": "3.0-5"}
    locks = {tag: runtime.requirements for tag, runtime in of_tags.items() if runtime is not None}
    assert locks[""] == locks[":1.5-1"] != locks[":3.0-5"]


def test_a_tag_without_an_environment_is_refused_by_name(tmp_path: Path) -> None:
    runtimes = Runtimes(Config(tmp_path, tmp_path), support())
    assert runtimes.reason_against("sagemaker-xgboost:3.0-5") is None
    assert runtimes.reason_against("sagemaker-xgboost:0.80-1") == (
        "The embedded engine has no library that gives the numbers of image sagemaker-xgboost:0.80-1. Of this image "
        "it has the tags 1.7-1, 1.5-1, 1.3-1, 1.2-2, 1.2-1, 1.0-1, 0.90-2, 0.90-1, 3.0-5. Use one of them, or "
        "run the job on an AWS connection."
    )


def test_a_tag_that_is_known_to_be_impossible_is_refused_with_both_versions_and_the_fix(
    tmp_path: Path,
) -> None:
    runtimes = Runtimes(Config(tmp_path, tmp_path), support())
    assert runtimes.reason_against("sagemaker-scikit-learn:0.20.0-cpu-py3") == (
        "The embedded engine has no library that gives the numbers of image sagemaker-scikit-learn:0.20.0-cpu-py3: "
        "scikit-learn 0.20.0 does not install here, and the nearest that does, 1.1.3, cannot read its models. Train "
        "the model again with a later one. Of this image it has the tags 1.9-0, 1.4-2, 1.2-1, 1.0-1, 0.23-1. Use one "
        "of them, or run the job on an AWS connection."
    )


def test_a_tag_with_another_library_is_refused_with_the_reason(tmp_path: Path) -> None:
    runtimes = Runtimes(Config(tmp_path, tmp_path), support())
    tag = "2.6.0-transformers5.5.3-cpu-py312-ubuntu22.04"
    reason = str(runtimes.reason_against(f"huggingface-pytorch-inference:{tag}"))
    assert "transformers 5 has no pipelines for question-answering" in reason
    old = str(runtimes.reason_against("sagemaker-pytorch:1.1.0-cpu-py3"))
    assert "Use tag 1.2.0 or later: the script is the same." in old


def test_a_tag_tells_the_library_that_its_lock_file_installs() -> None:
    libraries = {
        f"{runtime.name} {tag}": runtime.library
        for runtime in BUILT_IN
        for tag in runtime.tags
        if runtime.library
    }
    assert libraries["sklearn 1.2-1"] == "scikit-learn 1.2.1"
    assert libraries["sklearn 0.23-1"] == "scikit-learn 1.1.3"
    assert libraries["xgboost 1.7-1"] == "XGBoost 2.1.4"
    assert libraries["pytorch 2.6"] == "PyTorch 2.13.0"
    assert libraries["huggingface 2.6.0-transformers4.51.3"] == "transformers 4.57.6"


def test_the_tables_of_tags_in_the_document_are_those_of_the_runtimes() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert document_with_tables(text) == text, "run `python -m tools.runtime_tables`"


def test_a_lock_file_that_does_not_pin_the_described_library_is_refused(tmp_path: Path) -> None:
    rows = [{"tags": ["2"], "requirements": "two.txt"}]
    library = {"title": "Ranker", "package": "ranker"}
    extra = described(
        tmp_path, "mine", patterns=["x"], program="serve.py", library=library, environments=rows
    )
    (extra / "mine" / "two.txt").write_text("other==1.0")
    with pytest.raises(BadRuntime, match=r"two\.txt does not pin ranker"):
        load_runtimes(extra)


def test_environments_of_an_extra_runtime_name_files_beside_it(tmp_path: Path) -> None:
    rows = [{"tags": ["2"], "requirements": "two.txt"}]
    extra = described(tmp_path, "mine", patterns=["x"], program="serve.py", environments=rows)
    with pytest.raises(BadRuntime, match=r"there is no two\.txt beside it"):
        load_runtimes(extra)
    (extra / "mine" / "two.txt").write_text("")
    runtimes = load_runtimes(extra)
    assert find_runtime(runtimes, "x:1") is None
    runtime = find_runtime(runtimes, "x:2")
    assert runtime is not None
    assert (runtime.command[-1], runtime.requirements) == ("2", extra / "mine" / "two.txt")


def described(folder: Path, name: str, **description: object) -> Path:
    """A folder of extra runtimes that holds one of that name."""
    (folder / name).mkdir(parents=True)
    (folder / name / "serve.py").write_text("")
    (folder / name / "runtime.json").write_text(json.dumps(description))
    return folder


def test_extra_runtimes_come_before_the_built_in(tmp_path: Path) -> None:
    extra = described(tmp_path, "mine", patterns=["/ranker$", "^xgboost$"], program="serve.py", title="Mine")
    runtimes = load_runtimes(extra)
    for image in ("example.com/ranker:3", "xgboost"):
        runtime = find_runtime(runtimes, image)
        assert runtime is not None
        assert runtime.command == ("python", str(tmp_path / "mine" / "serve.py"))
    assert f"Mine; {BUILT_IN[0].title}" in str(
        Runtimes(Config(tmp_path, tmp_path, extra_runtimes=extra), support()).reason_against("strange")
    )


def test_a_command_may_name_files_beside_its_description(tmp_path: Path) -> None:
    extra = described(tmp_path, "mine", patterns=["x"], command=["uvicorn", "--app", "serve.py"])
    assert load_runtimes(extra)[0].command == ("uvicorn", "--app", str(tmp_path / "mine" / "serve.py"))


@pytest.mark.parametrize(
    "description",
    [
        {},
        {"patterns": ["x"]},
        {"patterns": "x", "program": "serve.py"},
        {"patterns": [], "program": "serve.py"},
        {"patterns": ["("], "program": "serve.py"},
        {"patterns": ["x"], "program": "gone.py"},
        {"patterns": ["x"], "program": 1},
        {"patterns": ["x"], "command": "serve.py"},
    ],
)
def test_a_description_that_is_none_is_named(tmp_path: Path, description: dict[str, object]) -> None:
    with pytest.raises(BadRuntime, match=r"mine/runtime\.json must be an object with patterns"):
        load_runtimes(described(tmp_path, "mine", **description))


def test_a_folder_of_extra_runtimes_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRuntime, match="no folder"):
        load_runtimes(tmp_path / "nowhere")


# Its environment


def locked_wheel(folder: Path) -> str:
    """The line of a lock for a tiny package, which is made in the folder."""
    path = wheel(folder, "tiny_thing", {"tiny_thing.py": "VALUE = 42\n"})
    return f"tiny-thing @ {path.as_uri()} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def locked(folder: Path, lock: str) -> Runtime:
    """A runtime with that lock."""
    requirements = folder / "requirements.txt"
    requirements.write_text(lock)
    return Runtime("tiny", "Tiny", ("tiny",), ("python",), requirements)


async def output_of(python: Path, code: str) -> str:
    process = await asyncio.create_subprocess_exec(python, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return out.decode().strip()


async def test_an_environment_is_made_once_and_holds_its_lock_and_nothing_else(tmp_path: Path) -> None:
    runtime = locked(tmp_path, locked_wheel(tmp_path))
    log_lines: list[str] = []
    python = await prepare(runtime, tmp_path / "runtimes", log_lines.append)
    assert "Making the environment of Tiny" in log_lines[0]
    assert "is ready after" in log_lines[-1]
    assert await output_of(python, "import tiny_thing; print(tiny_thing.VALUE)") == "42"
    assert await output_of(python, "import importlib.util as u; print(u.find_spec('boto3'))") == "None"

    log_lines.clear()
    assert await prepare(runtime, tmp_path / "runtimes", log_lines.append) == python
    assert log_lines == []


async def test_two_jobs_at_once_make_one_environment(tmp_path: Path) -> None:
    runtime = locked(tmp_path, locked_wheel(tmp_path))
    log_lines: list[str] = []
    pythons = await asyncio.gather(
        *(prepare(runtime, tmp_path / "runtimes", log_lines.append) for _ in range(2))
    )
    assert pythons[0] == pythons[1]
    assert len([line for line in log_lines if line.startswith("Making")]) == 1
    assert len([line for line in log_lines if line.startswith("Waiting")]) == 1


async def test_another_lock_makes_another_environment(tmp_path: Path) -> None:
    line = locked_wheel(tmp_path)
    first = await prepare(locked(tmp_path, line), tmp_path / "runtimes", lambda _: None)
    second = await prepare(locked(tmp_path, "# newer\n" + line), tmp_path / "runtimes", lambda _: None)
    assert first != second


@pytest.mark.parametrize("variable", ["UV_FIND_LINKS", "PIP_FIND_LINKS"])
async def test_packages_come_from_a_folder_of_wheels_where_their_index_cannot_be_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    path = wheel(tmp_path / "wheels", "tiny_thing", {"tiny_thing.py": "VALUE = 42\n"})
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    index = "http://127.0.0.1:9/simple"
    runtime = replace(
        locked(tmp_path, f"tiny-thing==1.0 --hash=sha256:{digest}\n"), wheel_index=index, disk_mb=1
    )
    for name in ("UV_FIND_LINKS", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("UV_NO_INDEX", "1")
    with pytest.raises(EnvironmentFailed) as caught:
        await prepare(runtime, tmp_path / "runtimes", lambda _: None)
    assert f"Some of its packages come from {index} alone" in str(caught.value)
    assert "UV_FIND_LINKS" in str(caught.value)
    monkeypatch.setenv(variable, str(path.parent))
    python = await prepare(runtime, tmp_path / "runtimes", lambda _: None)
    assert await output_of(python, "import tiny_thing; print(tiny_thing.VALUE)") == "42"


async def test_an_environment_that_the_disk_cannot_hold_is_not_begun(tmp_path: Path) -> None:
    runtime = replace(locked(tmp_path, locked_wheel(tmp_path)), disk_mb=10**9)
    with pytest.raises(
        EnvironmentFailed, match=r"Tiny needs 1,000,000,000 MB of disk while it is made"
    ) as caught:
        await prepare(runtime, tmp_path / "runtimes", lambda _: None)
    assert "MB left. Free some; the next job tries again." in str(caught.value)
    assert [path.name for path in (tmp_path / "runtimes").iterdir() if path.is_dir()] == []


async def test_environments_that_no_job_has_used_for_long_are_removed(tmp_path: Path) -> None:
    line = locked_wheel(tmp_path)
    unused = await prepare(locked(tmp_path, line), tmp_path / "runtimes", lambda _: None)
    used = await prepare(locked(tmp_path, "# used\n" + line), tmp_path / "runtimes", lambda _: None)
    for python in (unused, used):
        os.utime(python.parent.parent / READY, (0, time.time() - UNUSED_SECONDS - 60))
    await prepare(locked(tmp_path, "# used\n" + line), tmp_path / "runtimes", lambda _: None)
    await prepare(locked(tmp_path, "# newer\n" + line), tmp_path / "runtimes", lambda _: None)
    assert not unused.exists()
    assert await output_of(used, "import tiny_thing; print(tiny_thing.VALUE)") == "42"


async def test_a_package_that_is_not_the_locked_one_is_refused(tmp_path: Path) -> None:
    line = locked_wheel(tmp_path)
    runtime = locked(tmp_path, line[:-5] + "0000\n")
    with pytest.raises(EnvironmentFailed, match=r"could not be made: .* ended with status"):
        await prepare(runtime, tmp_path / "runtimes", lambda _: None)


async def test_what_a_broken_off_install_left_is_begun_anew(tmp_path: Path) -> None:
    line = locked_wheel(tmp_path)
    runtime = locked(tmp_path, line)
    python = await prepare(runtime, tmp_path / "runtimes", lambda _: None)
    (python.parent.parent / ".ready").unlink()
    python.unlink()
    assert await prepare(runtime, tmp_path / "runtimes", lambda _: None) == python
    assert await output_of(python, "import tiny_thing; print(tiny_thing.VALUE)") == "42"


async def test_an_environment_in_which_something_was_planted_is_made_anew(tmp_path: Path) -> None:
    runtime = locked(tmp_path, locked_wheel(tmp_path))
    python = await prepare(runtime, tmp_path / "runtimes", lambda _: None)
    (packages,) = (python.parent.parent / "lib").glob("python*/site-packages")
    planted = packages / "planted.pth"
    planted.write_text("import sys; sys.planted = True\n")
    news: list[str] = []
    assert await prepare(runtime, tmp_path / "runtimes", news.append) == python
    assert news[0] == "The environment of Tiny is not as it was made; it is made anew."
    assert not planted.exists()
    code = packages / "tiny_thing.py"
    code.write_text("VALUE = 41\n")
    await prepare(runtime, tmp_path / "runtimes", news.append)
    assert await output_of(python, "import tiny_thing; print(tiny_thing.VALUE)") == "42"


async def test_a_runtime_without_a_lock_runs_on_the_engines_python(tmp_path: Path) -> None:
    runtime = replace(locked(tmp_path, ""), requirements=None)
    assert await prepare(runtime, tmp_path / "runtimes", lambda _: None) == Path(sys.executable)


# Its server


class Started:
    """A server that runs some Python code, and what it prints."""

    def __init__(self, directory: Path, code: str, **environment: str) -> None:
        self.lines: list[str] = []
        self._news = asyncio.Event()
        self._directory = directory
        self.command: tuple[str, ...] = ("python", "-c", code)
        self._environment = environment

    async def __aenter__(self) -> Started:
        self.server: ModelServer = await start_code(
            self._directory, command=self.command, environment=self._environment, lines=self._hear
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.stop()

    def _hear(self, lines: list[str]) -> None:
        self.lines += lines
        self._news.set()

    async def wait_for_lines(self, count: int = 1) -> list[str]:
        """What it printed, once that is `count` lines."""
        async with asyncio.timeout(20):
            while len(self.lines) < count:
                self._news.clear()
                await self._news.wait()
        return self.lines

    @property
    def pid(self) -> int:
        return int(self.pid_file.read_text().split()[0])

    @property
    def pid_file(self) -> Path:
        return self._directory.with_name(f"{self._directory.name}.pid")


STAY = "import signal; signal.pause()"


async def test_a_server_has_its_own_folder_port_and_session(tmp_path: Path) -> None:
    code = "import os; print(os.getcwd(), os.environ['SAGEMAKER_BIND_TO_PORT'], os.environ['WHO'])"
    async with Started(tmp_path / "here", code, WHO="me") as started:
        cwd, port, who = (await started.wait_for_lines())[0].split()
        assert cwd == str(tmp_path / "here")
        assert int(port) == started.server.address[1]
        assert who == "me"
        assert os.getsid(started.pid) == started.pid != os.getsid(0)


async def test_a_server_sees_nothing_of_the_engines_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    async with Started(
        tmp_path / "own", "import os; print('AWS_SECRET_ACCESS_KEY' in os.environ)"
    ) as started:
        assert await started.wait_for_lines() == ["False"]


async def test_no_two_servers_get_the_same_port(tmp_path: Path) -> None:
    started = [Started(tmp_path / str(number), STAY) for number in range(20)]
    try:
        await asyncio.gather(*(process.__aenter__() for process in started))
        assert len({process.server.address for process in started}) == 20
    finally:
        await asyncio.gather(*(process.server.stop() for process in started))


#: Answers one connection on each port of its range, then says which it could not use.
OWN_PORTS = """
import os, socket

first, _, last = os.environ["SAGEMAKER_SAFE_PORT_RANGE"].partition("-")
print(first, last)
for port in range(int(first), int(last) + 1):
    with socket.create_server(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
        print(port)
"""


async def test_a_server_listens_on_the_further_ports_that_its_runtime_asks_for(tmp_path: Path) -> None:
    ranges = []
    for name in ("first", "second"):
        lines: list[str] = []
        server = await start_code(
            tmp_path / name,
            OWN_PORTS,
            environment={"SAGEMAKER_SAFE_PORT_RANGE": "1-2"},
            lines=lines.extend,
            inherits_listener=True,
            own_ports=2,
        )
        async with asyncio.timeout(20):
            await server.wait()
        first = int(lines[0].split()[0])
        assert lines == [f"{first} {first + 1}", str(first), str(first + 1)]
        assert first > 1024
        ranges.append((server, first))
    (earlier, first), (later, second) = ranges
    assert {first, first + 1, earlier.address[1]}.isdisjoint({second, second + 1, later.address[1]})
    for server in (earlier, later):
        await server.stop()


async def test_both_outputs_are_read_and_long_lines_come_in_pieces(tmp_path: Path) -> None:
    code = (
        f"import sys; print('x' * {LONGEST_LINE * 5 + 1});"
        "print('to stderr', file=sys.stderr); sys.stdout.buffer.write(b'not \\xff text')"
    )
    async with Started(tmp_path / "own", code) as started:
        lines = await started.wait_for_lines(8)
    assert [len(line) for line in lines[:6]] == [LONGEST_LINE] * 5 + [1]
    assert lines[6:] == ["to stderr", "not \N{REPLACEMENT CHARACTER} text"]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("import sys; sys.exit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", 128 + signal.SIGSEGV),
    ],
)
async def test_how_a_server_ended_is_known(tmp_path: Path, code: str, status: int) -> None:
    async with Started(tmp_path / "own", code) as started:
        async with asyncio.timeout(20):
            await started.server.wait()
        assert started.server.exit_status == status


async def test_a_program_that_is_not_there_says_so(tmp_path: Path) -> None:
    started = Started(tmp_path / "own", "")
    started.command = ("no-such-program",)
    async with started:
        assert await started.wait_for_lines() == ["cannot start no-such-program: No such file or directory"]


async def test_stopping_ends_a_server_that_will_not_end_and_its_children(tmp_path: Path) -> None:
    code = (
        "import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"child = subprocess.Popen([sys.executable, '-c', {STAY!r}]);"
        "print(child.pid, flush=True); signal.pause()"
    )
    async with Started(tmp_path / "own", code) as started:
        await started.wait_for_lines()
        keeper, processes = started.pid, processes_of(tmp_path / "own")
        assert len(processes) >= 3
        await started.server.stop()
        # A kill reaches a group's members in their own time.
        until(lambda: all(gone(process) for process in processes), "the end of the server and its child", 5)
        until(lambda: gone(keeper), "the end of the keeper", 5)
        assert not started.pid_file.exists()


async def test_a_server_ends_when_its_pipe_from_the_engine_does(tmp_path: Path) -> None:
    async with Started(tmp_path / "own", STAY) as started:
        stdin = started.server._process.stdin
        assert stdin is not None
        stdin.close()
        async with asyncio.timeout(5):
            await started.server.wait()
        assert started.server.exit_status == -signal.SIGKILL


async def test_leftovers_are_ended_by_their_pid_files(tmp_path: Path) -> None:
    async with Started(tmp_path / "job" / "instance-1" / "container", STAY) as started:
        end_leftovers(tmp_path)
        async with asyncio.timeout(5):
            await started.server.wait()


async def test_a_process_that_only_has_a_leftovers_number_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "job" / "instance-1" / "container"
    async with Started(folder, STAY) as started:
        pid = started.pid
        started.pid_file.write_text(f"{pid} 1")
        end_leftovers(tmp_path)
        assert not gone(pid)


def processes_of(directory: Path) -> list[int]:
    """The processes whose home the folder is, by the machine's numbers."""
    home = f"HOME={directory}".encode()
    numbers = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if home in path.read_bytes().split(b"\0"):
                numbers.append(int(path.parent.name))
    return numbers


def gone(pid: int) -> bool:
    """Whether the process is no more, or is only waiting to be looked after by its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_locks_with_pytorch_have_the_hashes_of_its_builds_for_every_python_and_processor() -> None:
    hashes = [line.split()[0] for line in (HERE / "pytorch" / "torch-cpu.hashes").read_text().splitlines()]
    for name in ("pytorch", "huggingface"):
        lock = (HERE / name / "requirements.txt").read_text()
        build = re.search(r"^torch==2\.13\.0\+cpu.*\n((?: +--hash=.*\n)+)", lock, re.MULTILINE)
        assert build is not None
        assert sorted(re.findall(r"sha256:(\w+)", build[1])) == sorted(hashes)
