"""When the environment is installed, when it is left alone, and when it is made again."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from launcher.environment import Environment, EnvironmentFailed
from tests.support.house import CHECKOUT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose locks ask for nothing, so that installing them needs no network."""
    (tmp_path / "locks").mkdir()
    for name in ("bootstrap", "runtime", "test"):
        (tmp_path / "locks" / f"{name}.txt").write_text(f"# {name}\n")
    return tmp_path


def test_a_fresh_checkout_gets_an_environment_with_a_python_that_runs(checkout: Path) -> None:
    environment = Environment(checkout)
    environment.ensure("runtime")
    assert environment.is_ready("runtime")
    version = subprocess.run(
        [environment.python, "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert version.split()[1] == sys.version.split()[0]


def test_the_first_start_tells_its_progress_on_standard_error_and_the_second_is_silent(
    checkout: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    Environment(checkout).ensure("runtime")
    printed, errors = capfd.readouterr()
    assert printed == ""
    assert "Making .venv" in errors
    assert "locks/runtime.txt" in errors
    Environment(checkout).ensure("runtime")
    assert capfd.readouterr() == ("", "")


def test_a_changed_lock_is_installed_again(checkout: Path) -> None:
    environment = Environment(checkout)
    environment.ensure("runtime", "test")
    environment.lock_file("runtime").write_text("# another\n")
    assert not environment.is_ready("runtime")
    assert environment.is_ready("test")
    environment.ensure("runtime")
    assert environment.is_ready("runtime")


def test_an_installation_that_was_cut_short_is_made_again_from_nothing(checkout: Path) -> None:
    environment = Environment(checkout)
    environment.ensure("runtime")
    (environment.directory / "deck-installing").touch()
    half = environment.directory / "half-written"
    half.mkdir()
    environment.ensure("runtime")
    assert environment.is_ready("runtime")
    assert not half.exists()


def test_an_environment_whose_python_has_gone_is_made_again(checkout: Path) -> None:
    environment = Environment(checkout)
    environment.ensure("runtime")
    environment.python.unlink()
    assert not environment.is_ready("runtime")
    environment.ensure("runtime")
    assert environment.is_ready("runtime")


def test_packages_that_cannot_be_had_are_a_failure_that_names_the_lock(checkout: Path) -> None:
    environment = Environment(checkout)
    # Without a hash: refused before anything is looked up.
    environment.lock_file("runtime").write_text("django==5.2.19\n")
    with pytest.raises(EnvironmentFailed, match=r"locks/runtime\.txt could not be installed"):
        environment.ensure("runtime")
    assert not environment.is_ready("runtime")


def test_what_runs_in_production_is_what_was_tested() -> None:
    pins = {name: _pins(CHECKOUT / "locks" / f"{name}.txt") for name in ("runtime", "test")}
    assert pins["runtime"].items() <= pins["test"].items()


def test_an_old_python_can_read_what_tells_it_what_to_install() -> None:
    for name in ("deck", "launcher/__init__.py", "launcher/python_version.py"):
        tree = ast.parse((CHECKOUT / name).read_text(), feature_version=(3, 6))
        # The parser lets it pass, an old Python does not.
        assert not any(
            isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in ast.walk(tree)
        )


def _pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9._-]+(?:\[[^]]*\])?)==(\S+)", lock.read_text(), re.MULTILINE))
