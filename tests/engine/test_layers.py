"""Layers hold what a script's requirements.txt asks for, on top of an environment, and nothing else runs or changes."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
import zipfile
from contextlib import ExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from engine.limits import Limits
from engine.runtimes import BadRequirements
from engine.runtimes import layers as service
from engine.runtimes.commands import Progress
from engine.runtimes.environments import prepare
from engine.runtimes.registry import Runtime
from engine.runtimes.requirement_file import Requirements, read_requirements
from tests.engine.wheels import wheel

pytestmark = pytest.mark.asyncio


async def add_requirements(
    python: Path,
    folder: Path,
    directory: Path,
    progress: Progress,
    limits: Limits | None = None,
    held: ExitStack | None = None,
) -> Path:
    """As the service does it, by default with the usual limits and for a job that has ended."""
    with ExitStack() as ended:
        return await service.add_requirements(
            python, folder, directory, progress, limits or Limits(), held if held is not None else ended
        )


# Its lines


def script_folder(folder: Path, text: str | bytes, name: str = "requirements.txt") -> Path:
    """A script's folder with that file."""
    path = folder / "code" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return folder / "code"


def read(folder: Path) -> Requirements:
    """The file in an environment that has NumPy and a stand-in."""
    requirements = read_requirements(
        folder, {"numpy": "2.4.6", "scikit-learn": "1.9.1", "sagemaker-containers": ""}
    )
    assert requirements is not None
    return requirements


async def test_a_folder_without_the_file_has_no_requirements(tmp_path: Path) -> None:
    assert read_requirements(tmp_path, {}) is None


async def test_comments_blank_lines_and_needless_options_are_left_out(tmp_path: Path) -> None:
    text = (
        "# what we need\n\n--prefer-binary\nhumanize>=4 # sizes\nemoji[x] \\\n  ==2.0; python_version > '3'\n"
    )
    assert read(script_folder(tmp_path, text)).lines == [
        "humanize>=4",
        'emoji[x]==2.0; python_version > "3"',
    ]


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("numpy", None),
        ("numpy==2.4.6", None),
        ("numpy==1.26.4", "numpy 2.4.6"),
        ("NumPy>=1.20,<2", "numpy 2.4.6"),
        ("scikit_learn==1.2.1; python_version > '3'", "scikit-learn 1.9.1"),
        ("sagemaker-containers==2.8.6.post2", "sagemaker-containers"),
    ],
)
async def test_what_the_environment_has_stays_and_a_note_says_so(
    tmp_path: Path, line: str, note: str | None
) -> None:
    requirements = read(script_folder(tmp_path, f"{line}\n"))
    assert requirements.lines == []
    text = f"{line} in code/requirements.txt is passed over: the image's environment has {note}, which stays."
    assert requirements.notes == ([] if note is None else [text])


async def test_extras_of_a_package_that_stays_are_installed(tmp_path: Path) -> None:
    assert read(script_folder(tmp_path, "scikit-learn[plots]==1.2\n")).lines == ["scikit-learn[plots]"]


async def test_hashes_are_left_out_and_a_note_says_so(tmp_path: Path) -> None:
    text = f"a==1 \\\n --hash=sha256:{'0' * 64}\nb==1 --hash=sha256:{'1' * 64}\n"
    requirements = read(script_folder(tmp_path, text))
    assert [line.strip() for line in requirements.lines] == ["a==1", "b==1"]
    assert requirements.notes == ["The hashes in code/requirements.txt are not compared."]


async def test_another_file_of_the_folder_may_be_included(tmp_path: Path) -> None:
    script_folder(tmp_path, "a\n-r ../requirements.txt\n", "more/base.txt")
    folder = script_folder(tmp_path, "-r more/base.txt\nb\n")
    requirements = read(folder)
    assert requirements.lines == ["a", "b"]
    script_folder(tmp_path, "a==2\n", "more/base.txt")
    assert read(folder).digest != requirements.digest


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
async def test_windows_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    assert read(script_folder(tmp_path, "humanize\r\nemoji\r\n".encode(encoding))).lines == [
        "humanize",
        "emoji",
    ]


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("-e .", "would run the package's code"),
        ("--editable=git+https://example.com/x", "would run the package's code"),
        ("git+https://example.com/x.git", "Only packages of the index"),
        ("x @ https://example.com/x-1.0-py3-none-any.whl", "Only packages of the index"),
        ("https://example.com/x-1.0-py3-none-any.whl", "Only packages of the index"),
        ("file:///etc/passwd", "Only packages of the index"),
        ("x @file:%2Fetc%2Fx-1.0-py3-none-any.whl", "Only packages of the index"),
        ("x@wheels.whl", "Only packages of the index"),
        ("--index-url https://example.com/simple", "index of its own settings"),
        ("--extra-index-url=https://example.com/simple", "index of its own settings"),
        ("-f wheels", "index of its own settings"),
        ("humanize==${AWS_SECRET_ACCESS_KEY}", "Variables are not replaced"),
        ("./${HOME}-1.0-py3-none-any.whl", "Variables are not replaced"),
        ("-c constraints.txt", "not supported"),
        ("--pre", "not supported"),
        (".", "no such file in the script's folder"),
        ("./gone-1.0-py3-none-any.whl", "no such file in the script's folder"),
        ("../outside-1.0-py3-none-any.whl", "no such file in the script's folder"),
        ("/etc/passwd", "no such file in the script's folder"),
        ("-r ../outside.txt", "no such file in the script's folder"),
        ("-r /etc/passwd", "no such file in the script's folder"),
        ("-r linked.txt", "no such file in the script's folder"),
        ("package-1.0.tar.gz", "Only wheels are installed"),
        (r"http:example.com\x-1.0-py3-none-any.%77hl", "Write a package and its versions"),
        ("git+ssh:example.com", "Write a package and its versions"),
        ("git+file:%2Ftmp%2Frepository", "Write a package and its versions"),
        ("humanize==1.0 --no-binary=humanize", "Write a package and its versions"),
        ("humanize --pre", "Write a package and its versions"),
        ("humanize==1.0 -i example", "Write a package and its versions"),
        ("named.whl", "not the name of a wheel"),
    ],
)
async def test_a_line_that_is_refused_is_quoted_with_what_to_do(
    tmp_path: Path, line: str, advice: str
) -> None:
    folder = script_folder(tmp_path, f"humanize\n{line}\n")
    (folder / "package-1.0.tar.gz").write_bytes(b"x")
    (folder / "linked.txt").symlink_to("/etc/passwd")
    (folder / "x\n-i example-1.0-py3-none-any.whl").write_bytes(b"x")
    (folder / "named.whl").symlink_to("x\n-i example-1.0-py3-none-any.whl")
    (tmp_path / "outside.txt").write_text("x\n")
    wheel(tmp_path, "outside", {})
    with pytest.raises(BadRequirements) as refusal:
        read(folder)
    assert str(refusal.value).startswith(
        f"code/requirements.txt has the line {line!r}, which the engine refuses."
    )
    assert advice in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"caf\xe9\n", "is not UTF-8"),
        (b"x" * 2_000_000, "has more than 1048576 bytes"),
        (b"x\n" * 2000, "has more than 1000 lines"),
        (b"humanize == 1 , " + b"< " * 5000, "may have 1000 characters"),
    ],
)
async def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, sentence: str) -> None:
    with pytest.raises(BadRequirements, match=sentence):
        read(script_folder(tmp_path, content))


async def test_a_file_that_is_a_link_to_another_place_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the engine's key\n")
    folder = script_folder(tmp_path, "x\n")
    (folder / "requirements.txt").unlink()
    (folder / "requirements.txt").symlink_to("../secret")
    with pytest.raises(BadRequirements, match="outside of the script's folder") as refusal:
        read(folder)
    assert "key" not in str(refusal.value)


# Its environment


@pytest_asyncio.fixture
async def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The interpreter of an environment that has the package `ground`. Nothing is looked for on the network."""
    monkeypatch.setenv("UV_NO_INDEX", "1")
    package = wheel(tmp_path, "ground", {"ground.py": "VALUE = 1\n"})
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    lock = tmp_path / "lock.txt"
    lock.write_text(f"ground @ {package.as_uri()} --hash=sha256:{digest}\n")
    runtime = Runtime("tiny", "Tiny", (), ("python",), lock)
    return await prepare(runtime, tmp_path / "runtimes", lambda _: None)


async def output_of(python: Path, code: str) -> str:
    """What Python prints; the program ends well."""
    process = await asyncio.create_subprocess_exec(python, "-I", "-c", code, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return printed.decode().strip()


def with_wheel(tmp_path: Path, *requires: str, files: dict[str, str] | None = None, lines: str = "") -> Path:
    """A script's folder whose requirements.txt names a wheel in it."""
    wheel(tmp_path / "code" / "wheels", "extra", files or {"extra.py": "VALUE = 2\n"}, *requires)
    return script_folder(tmp_path, f"./wheels/extra-1.0-py3-none-any.whl\n{lines}")


async def test_a_layer_has_its_packages_and_those_of_the_environment(tmp_path: Path, python: Path) -> None:
    folder, news = with_wheel(tmp_path, "ground"), list[str]()
    layered = await add_requirements(python, folder, tmp_path / "layers", news.append)
    assert layered != python
    assert await output_of(layered, "import extra, ground; print(extra.VALUE, ground.VALUE)") == "2 1"
    # The environment's own package is not installed again, and the environment is as it was.
    assert not list((layered.parent.parent / "lib").rglob("ground*"))
    assert await output_of(python, "import importlib.util as u; print(u.find_spec('extra'))") == "None"
    assert news[0] == "Installing code/requirements.txt; this happens once for such a file."
    assert "extra==1.0" in " ".join(news)
    news.clear()
    assert await add_requirements(python, folder, tmp_path / "layers", news.append) == layered
    assert news == []


async def test_a_wheel_may_lie_in_a_folder_with_blanks_in_its_name(tmp_path: Path, python: Path) -> None:
    folder = with_wheel(tmp_path / "my models")
    layered = await add_requirements(python, folder, tmp_path / "layers", lambda _: None)
    assert await output_of(layered, "import extra; print(extra.VALUE)") == "2"


async def test_without_a_line_to_install_the_environment_itself_is_used(tmp_path: Path, python: Path) -> None:
    assert await add_requirements(python, tmp_path, tmp_path / "layers", lambda _: None) == python
    news: list[str] = []
    folder = script_folder(tmp_path, "ground==0.1\n")
    assert await add_requirements(python, folder, tmp_path / "layers", news.append) == python
    assert news == [
        "ground==0.1 in code/requirements.txt is passed over: the image's environment has ground 1.0, which stays."
    ]


async def test_two_jobs_at_once_make_one_layer(tmp_path: Path, python: Path) -> None:
    folder, news = with_wheel(tmp_path), list[str]()
    layers = await asyncio.gather(
        *(add_requirements(python, folder, tmp_path / "layers", news.append) for _ in range(2))
    )
    assert layers[0] == layers[1]
    assert len([line for line in news if line.startswith("Installing")]) == 1
    assert len([line for line in news if line.startswith("Waiting")]) == 1


async def test_an_install_that_was_broken_off_or_changed_is_made_again(tmp_path: Path, python: Path) -> None:
    folder = with_wheel(tmp_path)
    layered = await add_requirements(python, folder, tmp_path / "layers", lambda _: None)
    module = next(layered.parent.parent.rglob("extra.py"))
    for break_it in (
        module.unlink,
        lambda: module.write_text("VALUE = 3\n"),
        layered.parent.parent.joinpath(".ready").unlink,
    ):
        break_it()
        assert await add_requirements(python, folder, tmp_path / "layers", lambda _: None) == layered
        assert await output_of(layered, "import extra; print(extra.VALUE)") == "2"


async def test_another_wheel_of_the_same_name_is_another_layer(tmp_path: Path, python: Path) -> None:
    first = await add_requirements(python, with_wheel(tmp_path), tmp_path / "layers", lambda _: None)
    folder = with_wheel(tmp_path, files={"extra.py": "VALUE = 3\n"})
    second = await add_requirements(python, folder, tmp_path / "layers", lambda _: None)
    assert first != second
    assert await output_of(second, "import extra; print(extra.VALUE)") == "3"


@pytest.mark.parametrize(
    ("requires", "lines", "words"),
    [
        ((), "no-such-package-of-ours\n", "no-such-package-of-ours was not found"),
        (("ground>=2",), "", "ground>=2"),
        ((), "ground-of-ours[x]==1.0; python_version > '3'\n", "ground-of-ours"),
        ((), "humanize ===\n", "humanize==="),
    ],
)
async def test_a_failure_has_the_installers_own_line_and_leaves_nothing(
    tmp_path: Path, python: Path, requires: tuple[str, ...], lines: str, words: str
) -> None:
    folder = with_wheel(tmp_path, *requires, lines=lines)
    with pytest.raises(BadRequirements) as failure:
        await add_requirements(python, folder, tmp_path / "layers", lambda _: None)
    assert failure.value.blame == "AlgorithmError"
    assert str(failure.value).startswith("code/requirements.txt could not be installed: ")
    assert words in str(failure.value)
    assert not [path for path in (tmp_path / "layers").iterdir() if path.is_dir()]


async def test_an_index_that_does_not_answer_is_named(
    tmp_path: Path, python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_NO_INDEX")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(
        BadRequirements, match=r"could not be installed: .*http://127\.0\.0\.1:9/simple/humanize/"
    ):
        await add_requirements(
            python, script_folder(tmp_path, "humanize\n"), tmp_path / "layers", lambda _: None
        )


async def test_no_code_of_a_package_runs_while_it_is_installed(tmp_path: Path, python: Path) -> None:
    trace = tmp_path / "trace"
    run = f"open({str(trace)!r}, 'w').close()"
    files = {"extra.py": f"{run}\n", "extra.pth": f"import os; {run}\n", "sitecustomize.py": f"{run}\n"}
    folder = with_wheel(tmp_path, files=files)
    layered = await add_requirements(python, folder, tmp_path / "layers", lambda _: None)
    assert not trace.exists()
    # They do run where they are used.
    await output_of(layered, "")
    assert trace.exists()


async def test_layers_that_no_job_has_used_for_long_are_removed(tmp_path: Path, python: Path) -> None:
    old = await add_requirements(python, with_wheel(tmp_path), tmp_path / "layers", lambda _: None)
    used = await add_requirements(python, with_wheel(tmp_path, "ground"), tmp_path / "layers", lambda _: None)
    long_ago = time.time() - 40 * 86400
    for layered in (old, used):
        os.utime(layered.parent.parent / ".ready", (long_ago, long_ago))
    await add_requirements(python, with_wheel(tmp_path, "ground"), tmp_path / "layers", lambda _: None)
    folder = with_wheel(tmp_path, files={"extra.py": "VALUE = 4\n"})
    await add_requirements(python, folder, tmp_path / "layers", lambda _: None)
    assert not old.exists()
    assert used.exists()


def filled(megabytes: int) -> str:
    """The text of a module that takes so many MiB on disk, and few bytes in a wheel."""
    return "#" * (megabytes * 1024**2) + "\n"


async def test_a_layer_above_its_limit_is_refused_and_leaves_nothing(tmp_path: Path, python: Path) -> None:
    folder = with_wheel(tmp_path, files={"extra.py": filled(40)})
    with pytest.raises(BadRequirements) as refusal:
        await add_requirements(python, folder, tmp_path / "layers", lambda _: None, Limits(layer_mb=30))
    assert str(refusal.value) == (
        "code/requirements.txt asks for more than 30 MiB of packages (ENGINE_LIMITS, layer_mb). Ask for fewer, or for "
        "smaller ones."
    )
    assert refusal.value.blame == "AlgorithmError"
    assert not [path for path in (tmp_path / "layers").iterdir() if path.is_dir()]
    layered = await add_requirements(python, folder, tmp_path / "layers", lambda _: None, Limits(layer_mb=60))
    assert await output_of(layered, "import extra; print(extra.__name__)") == "extra"


async def test_a_new_layer_takes_the_place_of_the_least_recently_used(tmp_path: Path, python: Path) -> None:
    limits, layers = Limits(layers_mb=100), list[Path]()
    for number in range(4):
        folder = with_wheel(tmp_path, files={"extra.py": f"VALUE = {number}\n{filled(25)}"})
        layers.append(await add_requirements(python, folder, tmp_path / "layers", lambda _: None, limits))
        used_at = time.time() - 1000 + number
        os.utime(layers[-1].parent.parent / ".ready", (used_at, used_at))
    assert [layer.exists() for layer in layers] == [False, True, True, True]
    assert not list((tmp_path / "layers").glob(f"{layers[0].parent.parent.name}*"))


async def test_a_layer_that_a_job_uses_stays_and_the_reason_says_what_is_in_the_way(
    tmp_path: Path, python: Path
) -> None:
    limits, directory = Limits(layers_mb=60), tmp_path / "layers"
    first, second = (
        with_wheel(tmp_path / str(number), files={"extra.py": f"VALUE = {number}\n{filled(40)}"})
        for number in range(2)
    )
    with ExitStack() as job:
        used = await add_requirements(python, first, directory, lambda _: None, limits, job)
        with pytest.raises(BadRequirements, match=r"may take 60 MiB .*other jobs use 4\d MiB of that"):
            await add_requirements(python, second, directory, lambda _: None, limits)
        assert await output_of(used, "import extra; print(extra.VALUE)") == "0"
    layered = await add_requirements(python, second, directory, lambda _: None, limits)
    assert await output_of(layered, "import extra; print(extra.VALUE)") == "1"
    assert not used.exists()


async def test_a_few_bytes_that_unpack_to_endless_metadata_end_the_installer_alone(
    tmp_path: Path, python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_COMMAND_MB", 256)
    folder = script_folder(tmp_path, "./extra-1.0-py3-none-any.whl\n")
    with zipfile.ZipFile(folder / "extra-1.0-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("extra-1.0.dist-info/METADATA", "w") as metadata:
            metadata.write(b"Metadata-Version: 2.1\nName: extra\nVersion: 1.0\n\n")
            for _ in range(400):
                metadata.write(b"x" * 1024**2)
        archive.writestr("extra-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
    with pytest.raises(BadRequirements, match=r"ended by signal 6; it may use 256 MiB of memory"):
        await add_requirements(python, folder, tmp_path / "layers", lambda _: None)
