"""The operator's allow-list: images that a command of the operator's own serves, without Docker."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.runtimes import BadRuntime
from engine.runtimes.registry import load_runtimes
from tests.engine.transforms import archive, put, transform
from tests.support.engine import CHECKOUT, EngineProcess

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/search/ranker"
WEIGHTS = archive({"weights.json": json.dumps({"b": 3, "a": 2, "c": 1}).encode()})


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """An empty folder that is not below /tmp: a model server has a /tmp of its own."""
    (CHECKOUT / "artifacts").mkdir(exist_ok=True)
    (CHECKOUT / "artifacts").chmod(0o755)
    with tempfile.TemporaryDirectory(dir=CHECKOUT / "artifacts") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def allow_list(folder: Path, **description: object) -> Path:
    """A folder of one own server, by its description."""
    (folder / "ranker").mkdir(parents=True)
    (folder / "ranker" / "runtime.json").write_text(json.dumps(description))
    return folder


@pytest.fixture(scope="module")
def own_engine(folder: Path) -> Iterator[EngineProcess]:
    """An engine whose operator maps the ranker's images to a program in a folder of its own."""
    server = folder / "server"
    shutil.copytree(Path(__file__).with_name("own_server"), server)
    listed = allow_list(
        folder / "allowed",
        title="Our ranker",
        patterns=["^123456789012[.].*/search/ranker$"],
        command=[str(server / "bin" / "ranker"), "--threads", "2"],
        readable=[str(server)],
    )
    process = EngineProcess(folder / "engine", ENGINE_EXTRA_RUNTIMES=str(listed)).start()
    yield process
    process.stop()


def container(engine: EngineProcess, image: str) -> dict[str, object]:
    return {"Image": image, "ModelDataUrl": put(engine, "models/ranker.tar.gz", WEIGHTS)}


def test_an_image_of_the_operators_list_runs_as_the_command_beside_it(own_engine: EngineProcess) -> None:
    job = transform(
        own_engine, {"words": b"a b c\nc a\n"}, containers=[container(own_engine, f"{IMAGE}:2.1")]
    ).completed()
    assert job.outputs == {"words.out": b"b a c\na c\n"}
    assert "started with --threads 2" in job.log


def test_an_own_server_is_confined_as_any_other(own_engine: EngineProcess) -> None:
    orders = f"read {own_engine.data_dir / 'credentials.json'}\nconnect {own_engine.port}\n"
    job = transform(
        own_engine, {"orders": orders.encode()}, containers=[container(own_engine, f"{IMAGE}:2.1")]
    ).completed()
    reading, connecting = job.outputs["orders.out"].decode().splitlines()
    assert reading in ("FileNotFoundError", "PermissionError")
    assert connecting == "PermissionError"


def test_an_image_that_is_not_on_the_list_is_refused(own_engine: EngineProcess) -> None:
    foreign_container = container(
        own_engine, "999999999999.dkr.ecr.eu-west-1.amazonaws.com/search/ranker:2.1"
    )
    reason = transform(own_engine, {"x": b"a"}, containers=[foreign_container]).failed()
    assert "no runtime for image 999999999999.dkr.ecr.eu-west-1.amazonaws.com/search/ranker:2.1" in reason
    assert "Our ranker" in reason, "what the engine has is listed"


def test_a_command_whose_program_is_not_there_is_refused_at_start(tmp_path: Path) -> None:
    listed = allow_list(tmp_path, patterns=["x"], command=["/opt/ranker/bin/serve", "--fast"])
    with pytest.raises(BadRuntime, match=r"there is no program /opt/ranker/bin/serve on this machine"):
        load_runtimes(listed)
