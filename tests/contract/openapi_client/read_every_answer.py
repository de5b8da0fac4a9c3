"""Call every operation of a service by a client generated from its schema; each answer must be read, and whole.

Arguments: the folder with the generated package `client`, the service's address. The token is in BATCHDECK_TOKEN.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

sys.path.insert(0, sys.argv[1])
import client as generated
from client import models
from client.types import File

SAMPLE = {
    "connection": "engine",
    "model": "breast-cancer-xgb",
    "data": "s3://batchdeck-samples/breast-cancer/data/",
    "content_type": "text/csv",
    "split_type": "Line",
    "output_path": "s3://batchdeck-samples/breast-cancer/by-a-generated-client/",
    "assemble_with": "Line",
    "accept": "text/csv",
    "instance_type": "ml.m5.large",
    "tags": {"team": "risk"},
    "model_client_config": {"invocations_max_retries": 1},
}
ENDED = {"COMPLETED", "FAILED", "STOPPED", "REJECTED", "CANCELLED"}


def operations() -> dict[str, Any]:
    """The generated module of each operation by its id."""
    operations = {}
    package = importlib.import_module("client.api")
    for module in pkgutil.walk_packages(package.__path__, "client.api."):
        if not module.ispkg:
            operations[module.name.rpartition(".")[2]] = importlib.import_module(module.name)
    return operations


class Service:
    """The service, by the generated client; `called` are the operations that were called."""

    def __init__(self, url: str, token: str) -> None:
        self.client = generated.AuthenticatedClient(base_url=url, token=token, timeout=120)
        self.operations = operations()
        self.called: set[str] = set()

    def call(self, name: str, status: int = 200, **arguments: Any) -> Any:
        """The answer to an operation, as the generated class; AssertionError unless it has `status` and is whole."""
        self.called.add(name)
        answer = self.operations[name].sync_detailed(client=self.client, **arguments)
        assert answer.status_code == status, f"{name}: {answer.status_code} {answer.content[:500]!r}"
        check(name, answer)
        return answer.parsed

    def ended(self, job: str) -> Any:
        """A job once it has ended."""
        deadline = time.monotonic() + 300
        while (answer := self.call("jobs_get", id=job)).state.value not in ENDED:
            assert time.monotonic() < deadline, f"{job} is still {answer.state}"
            time.sleep(0.2)
        return answer


def check(name: str, answer: Any) -> None:
    """Raise AssertionError where the parsed answer lacks anything of the answer, or has what no class declares."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if kind != "application/json":
        parsed = answer.parsed.payload.read() if isinstance(answer.parsed, File) else answer.parsed
        expected = {"": None, "text/plain": answer.content.decode()}.get(kind, answer.content)
        assert parsed == expected, f"{name}: {parsed!r} of {answer.content[:200]!r}"
        return
    sent = json.loads(answer.content)
    if answer.status_code >= 400:
        assert isinstance(answer.parsed, models.Error), name
    assert normal(plain(answer.parsed)) == normal(sent), f"{name}: {plain(answer.parsed)} of {sent}"
    assert not (undeclared := list(undeclared_fields(answer.parsed))), f"{name}: {undeclared}"


def plain(parsed: Any) -> Any:
    """A parsed answer as JSON."""
    return [plain(item) for item in parsed] if isinstance(parsed, list) else parsed.to_dict()


def normal(value: Any) -> Any:
    """A value of JSON with its times as times, which may be written in more than one way."""
    if isinstance(value, dict):
        return {name: normal(item) for name, item in value.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value) if "T" in value else value
        except ValueError:
            return value
    return value


def undeclared_fields(value: Any) -> Iterator[str]:
    """The fields of an answer, at any depth, of which its class knows nothing but that they are there."""
    if isinstance(value, list):
        for item in value:
            yield from undeclared_fields(item)
    if not hasattr(value, "__attrs_attrs__"):
        return
    names = [field.name for field in value.__attrs_attrs__ if field.name != "additional_properties"]
    if names:
        yield from (f"{type(value).__name__}.{name}" for name in getattr(value, "additional_properties", ()))
    for name in names:
        yield from undeclared_fields(getattr(value, name))


def job_body(**changes: Any) -> Any:
    """The sample's request with these changes."""
    return models.JobBody.from_dict({**SAMPLE, **changes})


def use_jobs(service: Service) -> None:
    """Submit jobs that complete, fail and are stopped, and read all there is about them."""
    call = service.call
    call("jobs_preflight", body=job_body())
    done = call("jobs_submit", 201, body=job_body(max_retries=1, priority=2)).id
    stopped = call("jobs_submit", 201, body=job_body(output_path="s3://batchdeck-samples/stopped/")).id
    call("jobs_stop", 202, id=stopped)
    body = job_body(output_path="s3://batchdeck-samples/failed/", content_type="application/x-nothing")
    failed = call("jobs_submit", 201, body=body).id
    assert service.ended(done).state.value == "COMPLETED"
    service.ended(stopped)
    assert service.ended(failed).failure is not None
    assert service.ended(call("jobs_finish", 201, id=failed).id).attempt == 2
    assert service.ended(call("jobs_retry", 201, id=failed).id).attempt == 3
    read_job(service, done)
    call("jobs_list")
    call("jobs_list", q="status:failed", limit=1, sort=models.JobsListSort("-name"))
    call("jobs_list", 400, state="NOTHING")
    assert call("jobs_causes")
    call("jobs_archive", id=stopped)
    call("jobs_restore", id=stopped)
    call("jobs_many", body=models.ManyBody.from_dict({"action": "archive", "ids": [stopped, done]}))


def read_job(service: Service, job: str) -> None:
    """All that there is about a completed job."""
    call = service.call
    for name in ("jobs_activity", "jobs_metrics", "jobs_logs_text"):
        call(name, id=job)
    call("jobs_files", id=job, limit=2, sort=models.JobsFilesSort("-size"))
    outputs = call("jobs_outputs", id=job)
    assert len(outputs.results) == 4
    first = outputs.results[0]
    call("jobs_output_preview", id=job, key=first.key)
    assert len(call("jobs_output_download", id=job, key=first.key).payload.getvalue()) == first.size
    call("jobs_output_preview", 404, id=job, key="nothing.out")
    assert call("jobs_records", id=job, from_=2, limit=3).results[0].row == 2
    log = call("jobs_logs", id=job, stream="all", errors=False)
    call("jobs_logs", id=job, stream="all", token=log.token)
    call("jobs_logs", 400, id=job, token="nonsense")
    call("jobs_get", 404, id="nothing")


def use_models(service: Service) -> None:
    """List the models, look at the sample, register another like it."""
    call = service.call
    sample = call("models_list", q="xgb").results[0]
    call("models_check", id=sample.id)
    call("models_get", id=sample.id)
    body = {"name": "by-a-generated-client", "connection": "engine", "image": sample.image}
    call("models_register", 201, body=models.ModelBody.from_dict({**body, "model_data": sample.model_data}))


def use_presets_and_views(service: Service) -> None:
    """Make, read, change and delete a preset and a view."""
    call = service.call
    body = {"name": "Nightly", "body": SAMPLE, "rules": {"instance_type": "locked"}}
    preset = call("presets_create", 201, body=models.PresetBody.from_dict(body)).slug
    call("presets_list")
    call("presets_get", preset=preset)
    changes = models.PatchedPresetBody.from_dict({"description": "Each night."})
    call("presets_change", preset=preset, body=changes)
    call("presets_default", preset=preset)
    call("presets_default_off", preset=preset)
    call("jobs_preflight", body=models.JobBody.from_dict({"preset": preset}))
    call("presets_delete", 204, preset=preset)
    body = {"name": "Failures", "state": {"state": "failed", "sort": "-name"}, "shared": True}
    view = call("views_save", 201, body=models.ViewBody.from_dict(body)).slug
    call("views_list")
    call("views_get", slug=view)
    call("views_delete", 204, slug=view)


def use_connections(service: Service) -> None:
    """Read all about the engine's connection; add one of AWS, change and remove it."""
    call = service.call
    call("connections_list")
    for name in ("connections_get", "connections_quotas", "connections_test", "prices_list"):
        call(name, slug="engine")
    call("connections_read_quotas", slug="engine")
    call("connections_browse", slug="engine")
    call("connections_browse", slug="engine", path="s3://batchdeck-samples/breast-cancer/")
    prices = models.PricesChangeBody.from_dict({"ml.m5.large": 0.115})
    assert call("prices_change", slug="engine", body=prices).results
    call("prices_read", 409, slug="engine")
    body = models.ConnectionBody.from_dict({"name": "Production", "region": "eu-west-1"})
    slug = call("connections_create", 201, body=body).slug
    limits = {"max_running": 2, "max_instances": None, "max_instances_per_type": {"ml.m5.large": 1}}
    call("connections_change", slug=slug, body=models.PatchedConnectionChanges.from_dict(limits))
    call("connections_remove", 204, slug=slug)


def main() -> None:
    """Use the service as a team does; say how many operations were called."""
    service = Service(sys.argv[2], os.environ["BATCHDECK_TOKEN"])
    use_connections(service)
    use_models(service)
    use_presets_and_views(service)
    use_jobs(service)
    service.call("costs")
    service.call("costs", by="team,month,model,connection")
    service.call("members_list")
    service.call("activity_list", limit=3)
    uncalled = sorted(set(service.operations) - service.called)
    assert not uncalled, f"nobody called {uncalled}"
    print(f"operations {len(service.called)}")


main()
