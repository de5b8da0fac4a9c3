"""docker-compose.yml, Dockerfile and .dockerignore hold to the project they pack; no Docker is needed to see it."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from tests.support.house import CHECKOUT

COMPOSE: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if service["image"] == "batchdeck")
ONCE = sorted(name for name, service in SERVICES.items() if service["restart"] == "no")
LASTING = sorted(SERVICES.keys() - ONCE)
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text()


def command(name: str) -> list[str]:
    """What the service runs: its own command or the image's."""
    image = re.search(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert image is not None
    command: list[str] = SERVICES[name].get("command") or json.loads(image[1])
    return command


def copied() -> list[str]:
    """Every path that the Dockerfile takes from the checkout."""
    lines = re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE)
    return [source for line in lines for source in line.split()[:-1]]


@pytest.mark.parametrize("name", OURS)
def test_each_command_starts_a_program_of_the_project(name: str) -> None:
    python, *words = command(name)
    assert python == "python"
    if words[0] == "-m":
        assert find_spec(words[1]) is not None
    else:
        assert words[0] == "manage.py"
        assert words[1] in get_commands()


@pytest.mark.parametrize("name", OURS)
def test_each_variable_is_a_documented_setting(name: str) -> None:
    documented = set(re.findall(r"`([A-Z_]+)`", (CHECKOUT / "docs" / "settings.md").read_text()))
    assert SERVICES[name].get("environment", {}).keys() <= documented


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_ports_are_published_to_this_machine_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


def test_the_page_and_the_engine_are_reached_where_deck_up_has_them() -> None:
    assert SERVICES["web"]["ports"] == ["127.0.0.1:8000:8000"]
    assert SERVICES["engine"]["ports"] == ["127.0.0.1:8070:8070"]
    assert SERVICES["web"]["environment"]["BATCHDECK_ENGINE_PUBLIC_URL"] == "http://127.0.0.1:8070"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_service_is_given_a_secret_as_text(name: str) -> None:
    secret = re.compile(r"PASSWORD|SECRET|TOKEN|KEY")
    for variable, value in SERVICES[name].get("environment", {}).items():
        is_a_file = variable.endswith("_FILE") and value.startswith("/")
        # Without a value it is the caller's own, who must have set it.
        assert value is None or is_a_file or not secret.search(variable), variable
        assert not re.search(r"://[^/@]*:[^/@]*@", value or ""), f"{variable} has a password in its URL"
    words = " ".join(SERVICES[name].get("command", []))
    assert not re.search(r"pass|secret-key", words.replace("launcher.database_password", ""))


@pytest.mark.parametrize("name", LASTING)
def test_what_keeps_running_is_watched_and_comes_back(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


@pytest.mark.parametrize("name", ONCE)
def test_what_runs_once_is_waited_for_by_its_success_or_comes_last(name: str) -> None:
    waits = [service.get("depends_on", {}).get(name) for service in SERVICES.values()]
    conditions = [wait["condition"] for wait in waits if wait]
    assert set(conditions) == ({"service_completed_successfully"} if name != "bootstrap" else set())


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_what_a_service_waits_for_exists_and_can_come_true(name: str) -> None:
    for needed_service, wait in SERVICES[name].get("depends_on", {}).items():
        expected = "service_completed_successfully" if needed_service in ONCE else "service_healthy"
        assert wait["condition"] == expected, needed_service


def test_volumes_and_networks_are_the_named_ones() -> None:
    volumes = {
        mount.partition(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])
    }
    networks = {network for service in SERVICES.values() for network in service.get("networks", [])}
    assert volumes == COMPOSE["volumes"].keys()
    assert networks == COMPOSE["networks"].keys()


def test_the_code_that_models_bring_cannot_reach_the_database_or_the_broker() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "valkey"):
        assert SERVICES[name]["networks"] == ["inside"]
        assert "ports" not in SERVICES[name]
    assert "inside" not in SERVICES["engine"]["networks"]
    assert not any(mount.startswith("secrets:") for mount in SERVICES["engine"]["volumes"])


def test_one_service_builds_the_image_and_none_pulls_one_of_that_name() -> None:
    assert [name for name in OURS if "build" in SERVICES[name]] == ["secrets"]
    assert {SERVICES[name]["pull_policy"] for name in OURS if name != "secrets"} == {"never"}


def test_everything_that_the_image_copies_is_there_and_let_in() -> None:
    let_in = re.findall(r"^!(.+)$", (CHECKOUT / ".dockerignore").read_text(), re.MULTILINE)
    assert copied()
    for path in copied():
        assert (CHECKOUT / path).exists(), path
        assert path.partition("/")[0] in let_in, path
    assert all((CHECKOUT / path).exists() for path in let_in)


def test_the_image_has_every_package_that_the_programs_import() -> None:
    packages = {file.parent.name for file in CHECKOUT.glob("*/__init__.py")} - {"tests", "bench"}
    assert packages <= set(copied())


def test_the_image_installs_by_hash_and_does_not_run_as_root() -> None:
    installs = re.findall(r"pip install [^&]*", DOCKERFILE.replace("\\\n", " "))
    assert len(installs) == 2
    assert all("--require-hashes" in install for install in installs)
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["batchdeck"]
