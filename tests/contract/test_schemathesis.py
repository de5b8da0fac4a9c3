"""Schemathesis sends requests of its own, made from the schema, to each operation of a running service.

No answer is a fault of the server, and each has a status, a type and a body that the schema declares.
"""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from batchdeck import Client

from tests.support.house import CHECKOUT, House

pytestmark = [pytest.mark.house, pytest.mark.xdist_group("contract-schemathesis"), pytest.mark.timeout(1800)]
#: How many requests are made up for each operation, beside its example.
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "3")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
PATHS = "s3://batchdeck-samples/schemathesis/"
SAMPLE = {
    "connection": "engine",
    "model": "breast-cancer-xgb",
    "data": "s3://batchdeck-samples/breast-cancer/data/",
    "content_type": "text/csv",
    "split_type": "Line",
    "assemble_with": "Line",
    "instance_type": "ml.m5.large",
    "output_path": f"{PATHS}out/",
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A service with the sample, and a worker that runs its jobs."""
    house = House(CHECKOUT, tmp_path / "data").start()
    yield house
    house.stop()
    house.kill()


def objects_of(client: Client) -> dict[str, dict[str, Any]]:
    """What there is to read below each address, as the placeholders of its operations."""
    job = client.jobs.submit(SAMPLE)["id"]
    preset = client.presets.create({"name": "Made up", "body": SAMPLE})["slug"]
    stage = {"connection": "engine", "data": SAMPLE["data"], "output_path": f"{PATHS}{{run}}/"}
    settings = {"content_type": "text/csv", "split_type": "Line", "instance_type": "ml.m5.large"}
    deployment = {"name": "Made up", "connection": "engine", "package_group": "breast-cancer"}
    body = {**deployment, "settings": settings, "stages": [{**stage, "name": "Staging"}]}
    slug = client.deployments.apply(body)["slug"]
    schedule = {"name": "Made up", "preset": preset, "expression": "cron(0 0 1 1 ? *)"}
    schedule["output_path"] = f"{PATHS}{{run}}/"
    call = client.transport.call
    channel = call("POST", "notifications/channels/", body={"kind": "browser", "name": "Made up"})["id"]
    rule = call("POST", "notifications/rules/", body={"channel": channel, "kinds": ["job.failed"]})["id"]
    client.jobs.wait(job, timeout=300)
    return {
        "jobs/": {"id": job},
        "models/": {"id": next(client.models.list())["id"]},
        "presets/": {"preset": preset},
        "connections/": {"slug": "engine"},
        "registry/": {"slug": "engine", "group": "breast-cancer", "number": 1},
        "deployments/": {"deployment": slug, "stage": "staging"},
        "schedules/": {"schedule": call("POST", "schedules/", body=schedule)["slug"]},
        "notifications/": {"channel": channel, "rule_pk": rule},
    }


def config_of(schema: Any, objects: dict[str, dict[str, Any]]) -> str:
    """Schemathesis' configuration that fills in what there is, but not where it would be deleted."""
    lines = []
    for path, operations in schema["paths"].items():
        values = next((names for place, names in objects.items() if path.startswith(f"/api/v1/{place}")), {})
        for method, operation in operations.items():
            names = [item["name"] for item in operation.get("parameters", []) if item["in"] == "path"]
            filled = ", ".join(
                f'"path.{name}" = {json.dumps(values[name])}' for name in names if name in values
            )
            if filled and method != "delete":
                lines += ["[[operations]]", f'include-operation-id = "{operation["operationId"]}"']
                lines += [f"parameters = {{ {filled} }}"]
    return "\n".join(lines) + "\n"


def test_no_request_of_the_schema_is_answered_otherwise_than_declared(
    house: House, schemathesis_python: Path, tmp_path: Path
) -> None:
    schema, config, token = tmp_path / "schema.yml", tmp_path / "schemathesis.toml", house.token()
    with urllib.request.urlopen(f"{house.url}/api/v1/schema/", timeout=60) as answer:
        schema.write_bytes(answer.read())
    with Client(house.url, token) as client:
        config.write_text(config_of(yaml.safe_load(schema.read_text()), objects_of(client)))
    program = schemathesis_python.with_name("schemathesis")
    options = ["--url", house.url, "--header", f"Authorization: Bearer {token}", "--checks", CHECKS]
    options += ["--phases", "examples,fuzzing", "--max-examples", EXAMPLES, "--seed", "1", "--no-color"]
    # A busy machine is no failure of the service.
    options += ["--request-timeout", "300", "--suppress-health-check", "all"]
    options += ["--generation-database", "none", "--warnings", "off", "--continue-on-failure"]
    answer = subprocess.run(
        [program, "--config-file", config, "run", schema, *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    count = sum(len(operations) for operations in yaml.safe_load(schema.read_text())["paths"].values())
    assert f"Tested: {count}" in answer.stdout, answer.stdout
