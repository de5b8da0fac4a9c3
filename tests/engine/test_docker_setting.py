"""ENGINE_DOCKER: which daemon it means, and what an engine says whose daemon is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.__main__ import check_confinement, read_arguments
from engine.config import BadSetting, Config
from tests.engine.resources import STRANGE_IMAGE
from tests.engine.transforms import MODEL_SERVERS, container, transform
from tests.support.engine import EngineProcess


@pytest.mark.parametrize(
    ("setting", "docker_host", "path"),
    [
        ("", "", None),
        ("no", "unix:///run/mine.sock", None),
        ("yes", "", "/var/run/docker.sock"),
        ("Yes", "unix:///run/mine.sock", "/run/mine.sock"),
        ("unix:///run/another.sock", "unix:///run/mine.sock", "/run/another.sock"),
    ],
)
def test_the_daemon_is_off_or_the_default_one_or_the_named_one(
    monkeypatch: pytest.MonkeyPatch, setting: str, docker_host: str, path: str | None
) -> None:
    monkeypatch.setenv("ENGINE_DOCKER", setting)
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    assert read_arguments([]).docker == (Path(path) if path else None)


@pytest.mark.parametrize(
    ("setting", "docker_host", "sentence"),
    [
        ("yes", "tcp://10.0.0.1:2375", "DOCKER_HOST must be a socket of this machine"),
        ("ssh://builder", "", "ENGINE_DOCKER must be a socket of this machine"),
        ("unix://run/docker.sock", "", "ENGINE_DOCKER must be a socket of this machine"),
        ("perhaps", "", "not 'perhaps'"),
    ],
)
def test_a_daemon_of_another_machine_is_refused(
    monkeypatch: pytest.MonkeyPatch, setting: str, docker_host: str, sentence: str
) -> None:
    monkeypatch.setenv("ENGINE_DOCKER", setting)
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    with pytest.raises(BadSetting, match=sentence):
        read_arguments([])


def test_full_confinement_and_a_daemon_exclude_each_other(tmp_path: Path) -> None:
    config = Config(tmp_path, tmp_path, confinement="require", docker=tmp_path / "docker.sock")
    with pytest.raises(BadSetting, match="leave one of them out"):
        check_confinement(config)


def test_without_its_daemon_an_engine_says_so_and_runs_its_own_images(tmp_path: Path) -> None:
    address = f"unix://{tmp_path}/docker.sock"
    engine = EngineProcess(
        tmp_path / "engine", ENGINE_DOCKER=address, ENGINE_EXTRA_RUNTIMES=str(MODEL_SERVERS)
    ).start()
    try:
        strange = {**container(engine), "Image": STRANGE_IMAGE}
        assert transform(engine, {"x": b"x"}, containers=[strange]).failed() == (
            f"ClientError: The Docker daemon at {address} does not answer (No such file or directory). Start it, or "
            "correct ENGINE_DOCKER."
        )
        assert transform(engine, {"x": b"x"}).completed().outputs == {"x.out": b"X"}
    finally:
        engine.stop()
