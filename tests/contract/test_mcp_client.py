"""The official client of the Model Context Protocol asks a running service fifteen questions."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from batchdeck import Client
from batchdeck.types import FailureAnswer

from engine.runtimes.environments import prepare
from engine.runtimes.registry import Runtime
from tests.support.house import CHECKOUT, House

pytestmark = [pytest.mark.house, pytest.mark.xdist_group("contract-mcp"), pytest.mark.timeout(900)]
SCRIPT = Path(__file__).with_name("mcp_client") / "play_questions.py"
QUESTIONS = CHECKOUT / "tests" / "assistants" / "mcp_questions.json"
SAMPLE = {
    "connection": "engine",
    "model": "breast-cancer-xgb",
    "data": "s3://batchdeck-samples/breast-cancer/data/",
    "content_type": "text/csv",
    "split_type": "Line",
    "assemble_with": "Line",
    "accept": "text/csv",
    "instance_type": "ml.m5.large",
    "tags": {"purpose": "eval"},
}


@pytest.fixture(scope="module")
def official_python() -> Path:
    """The Python of an environment with the client, made from its lock where the runtimes' are."""
    lock = CHECKOUT / "locks" / "mcp_client.txt"
    runtimes = Path(os.environ.get("ENGINE_RUNTIMES_DIR") or CHECKOUT / ".runtimes")
    return asyncio.run(prepare(Runtime("mcp-client", "the official client", (), (), lock), runtimes, print))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A service with the sample in which assistants may submit."""
    house = House(CHECKOUT, tmp_path / "data", BATCHDECK_MCP_SUBMIT="yes").start()
    yield house
    house.stop()
    house.kill()


def facts_of(client: Client) -> dict[str, Any]:
    """What the questions are about: a completed job, a failed one and a preset, as the API tells them."""
    client.presets.create({"name": "Eval nightly", "body": SAMPLE})
    good = client.jobs.submit(
        {**SAMPLE, "name": "eval-good", "output_path": "s3://batchdeck-samples/eval-good/"}
    )
    output_path = "s3://batchdeck-samples/eval-bad/"
    body = {**SAMPLE, "name": "eval-bad", "output_path": output_path, "content_type": "application/x-nothing"}
    bad = client.jobs.submit(body)
    assert client.jobs.wait(good["id"], timeout=300)["state"] == "COMPLETED"
    client.jobs.wait(bad["id"], timeout=300)
    failure = failure_of(client, bad["id"])
    records = client.jobs.records(
        good["id"], **{"file": "breast-cancer/data/part-0.csv", "from": 2, "limit": 1}
    )
    return {
        "good": good["id"],
        "bad": bad["id"],
        "bad_cause": failure["cause"],
        "bad_quoted": failure["quoted"],
        "second_prediction": records["results"][0]["prediction"],
    }


def failure_of(client: Client, job: str) -> FailureAnswer:
    """Why the job failed, once its log has been read."""
    until = time.monotonic() + 120
    while True:
        failure = client.jobs.get(job)["failure"]
        assert failure is not None
        if not failure["unread"]:
            return failure
        assert time.monotonic() < until
        time.sleep(0.5)


def filled(value: Any, facts: dict[str, Any]) -> Any:
    """The questions with facts in place of their names."""
    if isinstance(value, dict):
        return {name: filled(inner, facts) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, facts) for inner in value]
    is_name = isinstance(value, str) and value.startswith("{") and value.endswith("}")
    return facts[value[1:-1]] if is_name else value


def test_fifteen_questions_are_answered_by_the_expected_calls(
    house: House, official_python: Path, tmp_path: Path
) -> None:
    token = house.token()
    with Client(house.url, token) as client:
        questions = filled(json.loads(QUESTIONS.read_text()), facts_of(client))
    assert len(questions) == 15
    file = tmp_path / "questions.json"
    file.write_text(json.dumps(questions))
    answer = subprocess.run(
        [official_python, SCRIPT, f"{house.url}/mcp", file],
        env={**os.environ, "BATCHDECK_TOKEN": token},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout.splitlines() == ["auto 2026-07-28 15", "legacy 2025-11-25 15"]
