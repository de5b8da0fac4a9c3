"""The process's boto3 clients: one for each target, light enough for many connections."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from aws.clients import client
from aws.target import Target


def new_target(folder: Path, label: str) -> Target:
    keys = folder / f"{label}.json"
    keys.write_text('{"access_key_id": "AKIA", "secret_access_key": "secret"}')
    return Target("us-east-1", endpoint_url="http://127.0.0.1:9", credentials_file=str(keys), called=label)


def test_a_further_connection_does_not_load_the_models_of_the_services_again(tmp_path: Path) -> None:
    client(new_target(tmp_path, "first"), "sagemaker")
    tracemalloc.start()
    try:
        client(new_target(tmp_path, "second"), "sagemaker")
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 5_000_000
