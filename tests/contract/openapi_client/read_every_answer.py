"""Call every operation of a service by a client generated from its schema; each answer must be read, and whole.

Arguments: the folder with the generated package `client`, the service's address, and the file to which the longest
answer of each operation is written, with the body that it answers. The token is in BATCHDECK_TOKEN.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import pkgutil
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, sys.argv[1])
from client.types import File

import client as generated
from client import models

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
DEPLOYMENT = {
    "name": "Tumours",
    "connection": "engine",
    "package_group": "breast-cancer",
    "settings": {"content_type": "text/csv", "split_type": "Line", "instance_type": "ml.m5.large"},
    "stages": [
        {
            "name": "Staging",
            "connection": "engine",
            "data": SAMPLE["data"],
            "output_path": "s3://batchdeck-samples/deployed/{run}/",
            "schedule": {"expression": "cron(0 0 1 1 ? *)"},
        }
    ],
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
    """The service, by the generated client; `called` are the operations that were called.

    `exchanges` has for each operation what was sent and answered.
    """

    def __init__(self, url: str, token: str) -> None:
        self.client = generated.AuthenticatedClient(base_url=url, token=token, timeout=120)
        self.operations = operations()
        self.called: set[str] = set()
        self.exchanges: dict[str, dict[str, Any]] = {}

    def call(self, name: str, status: int = 200, **arguments: Any) -> Any:
        """The answer to an operation, as the generated class; AssertionError unless it has `status` and is whole."""
        self.called.add(name)
        answer = self.operations[name].sync_detailed(client=self.client, **arguments)
        assert answer.status_code == status, f"{name}: {answer.status_code} {answer.content[:500]!r}"
        check(name, answer)
        if status < 400:
            self.record(name, answer, arguments.get("body"))
        return answer.parsed

    def record(self, name: str, answer: Any, body: Any) -> None:
        """Keep the exchange unless that of a longer answer is kept."""
        exchange: dict[str, Any] = {"status": int(answer.status_code)}
        if hasattr(body, "to_dict"):
            exchange["body"] = body.to_dict()
        if answer.headers.get("content-type", "").startswith("application/json"):
            exchange["answer"] = json.loads(answer.content)
        if len(str(exchange)) > len(str(self.exchanges.get(name, ""))):
            self.exchanges[name] = exchange

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
    trial = call("jobs_try", 201, body=models.TrialBody.from_dict({**job_body().to_dict(), "records": 3})).id
    assert service.ended(done).state.value == "COMPLETED"
    assert service.ended(trial).trial_of.records == 3
    service.ended(stopped)
    assert service.ended(failed).failure is not None
    body = models.FinishBody.from_dict({"name": "the-rest"})
    assert service.ended(call("jobs_finish", 201, id=failed, body=body).id).attempt == 2
    body = models.RetryBody.from_dict({"name": "once-more", "replace_outputs": False})
    assert service.ended(call("jobs_retry", 201, id=failed, body=body).id).attempt == 3
    read_job(service, done)
    assert call("jobs_compare", id=done, with_=stopped).predictions[0].with_ == stopped
    call("jobs_compare", 404, id=done, with_="nothing")
    call("jobs_list")
    call("jobs_list", q="status:failed", limit=1, sort=models.JobsListSort("-name"))
    call("jobs_list", 400, state="NOTHING")
    assert call("jobs_causes").results
    call("jobs_archive", id=stopped)
    call("jobs_restore", id=stopped)
    rows = {"jobs": [{**SAMPLE, "output_path": "s3://batchdeck-samples/bulk/"}, {"connection": "engine"}]}
    bulk = call("jobs_submit_bulk", body=models.BulkBody.from_dict(rows))
    assert (bulk.created, bulk.refused) == (1, 1)
    call("jobs_many", body=models.ManyBody.from_dict({"action": "archive", "ids": [stopped, done]}))


def read_checks(service: Service, job: str) -> None:
    """Add a check that the next job misses, accept what it holds, and remove the check."""
    call = service.call
    body = {
        **{name: SAMPLE[name] for name in ("connection", "model")},
        "measure": "range",
        "low": 2,
        "on_miss": "hold",
    }
    check = call("output_checks_create", 201, body=models.CheckBody.from_dict(body)).id
    call("output_checks_list", model=SAMPLE["model"])
    call("output_checks_get", check=check)
    changes = models.PatchedCheckChangesBody.from_dict({"high": 3})
    call("output_checks_change", check=check, body=changes)
    again = call("jobs_retry", 201, id=job, body=models.RetryBody.from_dict({"replace_outputs": True})).id
    service.ended(again)
    until(lambda: call("jobs_checks", id=job).hold == "held", "a held job")
    decision = models.DecisionBody.from_dict({"decision": "accept", "note": "A check of the client."})
    call("jobs_decide", id=job, body=decision)
    call("output_checks_delete", 204, check=check)


def use_tunings(service: Service, job: str) -> None:
    """Plan, begin and read a tuning, which then is stopped, or has ended."""
    call = service.call
    body = models.TuningBody.from_dict(
        {"job": job, "max_payload": [1], "max_concurrent_transforms": [1], "strategy": ["MultiRecord"]}
    )
    assert len(call("tunings_plan", body=body).settings) == 1
    tuning = call("tunings_create", 201, body=body).id
    call("tunings_stop", tuning=tuning)
    until(lambda: call("tunings_get", tuning=tuning).ended_at, "the end of a tuning")
    call("tunings_list")
    call("tunings_stop", 409, tuning=tuning)


def use_searches(service: Service) -> None:
    """Find the bad record of an object, and run the object without it."""
    call, folder = service.call, "s3://batchdeck-samples/one-bad/"
    rows = [b",".join([b"0.5"] * 30)] * 4
    body = File(payload=io.BytesIO(b"\n".join([*rows, b"no number", *rows, b""])))
    call("objects_put", 201, slug="engine", path=f"{folder}in/a.csv", body=body)
    changes = {"data": f"{folder}in/", "output_path": f"{folder}out/", "max_retries": 0}
    job = call("jobs_submit", 201, body=job_body(**changes)).id
    assert service.ended(job).state.value == "FAILED"
    key = models.SearchBody.from_dict({"object": "one-bad/in/a.csv"})
    assert call("jobs_searches_plan", id=job, body=key).jobs
    stopped = {"id": job, "search": call("jobs_searches_begin", 201, id=job, body=key).id}
    call("jobs_searches_stop", **stopped)
    call("jobs_searches_run", 409, **stopped)
    search = {"id": job, "search": call("jobs_searches_begin", 201, id=job, body=key).id}
    for state in ("FOUND", "COMPLETED"):
        until(lambda: call("jobs_searches_get", **search).ended_at, "the end of a search")
        answer = call("jobs_searches_get", **search)
        assert (answer.state.value, len(answer.bad_records)) == (state, 1), answer
        if state == "FOUND":
            call("jobs_searches_run", 202, **search)
    assert len(call("jobs_searches_list", id=job).results) == 2


def read_job(service: Service, job: str) -> None:
    """All that there is about a completed job."""
    call = service.call
    for name in ("jobs_activity", "jobs_metrics", "jobs_logs_text"):
        call(name, id=job)
    call("jobs_files", id=job, limit=2, sort=models.JobsFilesSort("-size"))
    read_checks(service, job)
    use_tunings(service, job)
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
    call("presets_default", preset=preset, body=models.DefaultBody.from_dict({"replace_default": True}))
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
    use_data(service)
    prices = models.PricesChangeBody.from_dict({"ml.m5.large": 0.115})
    assert call("prices_change", slug="engine", body=prices).results
    call("prices_read", 409, slug="engine")
    body = models.ConnectionBody.from_dict({"name": "Production", "region": "eu-west-1"})
    slug = call("connections_create", 201, body=body).slug
    limits = {"max_running": 2, "max_instances": None, "max_instances_per_type": {"ml.m5.large": 1}}
    call("connections_change", slug=slug, body=models.PatchedConnectionChanges.from_dict(limits))
    call("connections_remove", 204, slug=slug)


def use_data(service: Service) -> None:
    """Make a bucket, upload files whole and in parts, download and delete them."""
    call, uri = service.call, "s3://by-a-client/in/a.csv"
    body = models.BucketBody.from_dict({"name": "by-a-client"})
    assert call("buckets_create", 201, slug="engine", body=body).uri == "s3://by-a-client/"
    call("objects_put", 201, slug="engine", path=uri, body=File(payload=io.BytesIO(b"1,2")))
    assert call("objects_download", slug="engine", path=uri).payload.getvalue() == b"1,2"
    begun = models.UploadBody.from_dict({"path": "s3://by-a-client/in/b.csv", "size": 3})
    upload = {"slug": "engine", "upload": call("uploads_begin", 201, slug="engine", body=begun).id}
    call("uploads_put_part", 204, part=1, body=File(payload=io.BytesIO(b"3,4")), **upload)
    assert call("uploads_get", **upload).parts == [1]
    assert call("uploads_complete", **upload).uri == "s3://by-a-client/in/b.csv"
    unwanted = models.UploadBody.from_dict({"path": "s3://by-a-client/in/c.csv", "size": 3})
    call(
        "uploads_cancel",
        204,
        slug="engine",
        upload=call("uploads_begin", 201, slug="engine", body=unwanted).id,
    )
    folder = models.FolderBody.from_dict({"path": "s3://by-a-client/in/", "name": "deeper"})
    assert call("folders_create", 201, slug="engine", body=folder).uri == "s3://by-a-client/in/deeper/"
    call("objects_delete", slug="engine", path="s3://by-a-client/in/deeper/", recursive=True)
    counted = call("objects_count", slug="engine", path="s3://by-a-client/in/")
    assert (counted.objects, counted.more) == (2, False)
    key = call(
        "engine_keys_create", 201, slug="engine", body=models.EngineKeyBody.from_dict({"name": "a client"})
    )
    assert key.id in [row.id for row in call("engine_keys_list", slug="engine").results]
    call("engine_keys_revoke", 204, slug="engine", engine_key=key.id)
    lost = call("objects_delete", slug="engine", path="s3://by-a-client/in/", recursive=True)
    assert (lost.objects, lost.bytes_) == (2, 6)
    use_conversions(service)


def use_conversions(service: Service) -> None:
    """Begin the conversion of a file that is no Parquet, and see it fail."""
    call, uri = service.call, "s3://by-a-client/in/a.parquet"
    call("objects_put", 201, slug="engine", path=uri, body=File(payload=io.BytesIO(b"1,2")))
    body = models.ConversionBody.from_dict({"path": uri, "format": "jsonlines"})
    conversion = call("conversions_create", 201, slug="engine", body=body).id
    until(
        lambda: call("conversions_get", slug="engine", conversion=conversion).state.value == "FAILED",
        "the failure of a conversion",
    )
    assert [row.id for row in call("conversions_list", slug="engine").results] == [conversion]
    call("conversions_stop", 409, slug="engine", conversion=conversion)


def until(look: Callable[[], Any], what: str) -> Any:
    """The first true value of `look`; AssertionError if there is none for five minutes."""
    deadline = time.monotonic() + 300
    while not (value := look()):
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.2)
    return value


def use_registry(service: Service) -> None:
    """Register a version in a new group, decide on it, make a model of it, and delete all of it."""
    call = service.call
    call("registry_groups_list", connection="engine")
    body = {"connection": "engine", "name": "by-a-client", "description": "To try."}
    call("registry_groups_create", 201, body=models.PackageGroupBody.from_dict(body))
    group = {"slug": "engine", "group": "by-a-client"}
    call("registry_groups_get", **group)
    sample = call("models_list", q="xgb").results[0]
    body = {"image": sample.image, "model_data": sample.model_data, "metadata": {"auc": "0.9"}}
    number = call(
        "registry_versions_register", 201, body=models.PackageVersionBody.from_dict(body), **group
    ).number
    version = {**group, "number": number}
    call("registry_versions_list", **group)
    call("registry_versions_get", **version)
    metadata = models.PatchedMetadataBody.from_dict({"metadata": {"auc": "0.91"}})
    call("registry_versions_change", body=metadata, **version)
    decision = models.ApprovalBody.from_dict({"status": "Approved", "note": "Good."})
    call("registry_versions_approve", body=decision, **version)
    model = models.ModelOfVersionBody.from_dict({"name": "of-a-version"})
    call("registry_versions_create_model", 201, body=model, **version)
    call("registry_versions_delete", 204, delete_in_use=True, **version)
    call("registry_groups_delete", 204, **group)


def use_schedules(service: Service) -> None:
    """Put a preset on a schedule, run, pause and delete it."""
    call = service.call
    body = {"name": "To schedule", "body": SAMPLE}
    preset = call("presets_create", 201, body=models.PresetBody.from_dict(body)).slug
    yearly = {
        "name": "Yearly",
        "preset": preset,
        "expression": "cron(0 0 1 1 ? *)",
        "output_path": "s3://batchdeck-samples/scheduled/{run}/",
    }
    call("schedules_preview", body=models.PreviewBody.from_dict({"expression": yearly["expression"]}))
    slug = call("schedules_create", 201, body=models.ScheduleBody.from_dict(yearly)).slug
    call("schedules_list")
    call("schedules_get", schedule=slug)
    changes = models.PatchedScheduleChangesBody.from_dict({"name": "Each year"})
    call("schedules_change", schedule=slug, body=changes)
    call("schedules_run", 201, schedule=slug)
    runs = until(lambda: call("schedules_runs", schedule=slug).results, "a run")
    assert len(runs) == 1
    call("schedules_pause", schedule=slug, body=models.SchedulePauseBody.from_dict({"reason": "Holidays."}))
    call("schedules_resume", schedule=slug)
    call("schedules_delete", 204, schedule=slug)


def use_budget(service: Service) -> None:
    """Set, read and remove the budget."""
    call = service.call
    assert call("budget_get").amount_usd is None
    body = models.BudgetBody(amount_usd=2000.0, past_budget=models.PastBudgetEnum("hold"))
    answer = call("budget_set", body=body)
    assert (answer.amount_usd, answer.warn_percent, answer.holds_jobs) == (2000.0, 80, False)
    call("budget_set", 400, body=models.BudgetBody(warn_percent=0))
    call("budget_remove", 204)


def use_deployments(service: Service) -> None:
    """Carry both versions of the sample group into a stage, go back, and run it."""
    call = service.call
    slug = call("deployments_create", 201, body=models.DeploymentBody.from_dict(DEPLOYMENT)).slug
    stage, deployment = {"deployment": slug, "stage": "staging"}, {"deployment": slug}

    def offer(version: int) -> Any:
        promotions = call("deployments_promotions", **deployment).results
        offers = (row for row in promotions if (row.version, row.state) == (version, "offered"))
        return next(offers, None)

    def wait_for(version: int) -> None:
        def runs_it() -> bool:
            return call("deployments_get", **deployment).stages[0].version == version

        until(runs_it, f"version {version} in staging")

    note = models.NoteBody.from_dict({"note": "Looked at."})
    first = until(lambda: offer(1), "the offer of version 1")
    call("deployments_diff", version=1, **stage)
    call("deployments_approve", promotion=first.id, body=note, **deployment)
    wait_for(1)
    second = {"slug": "engine", "group": "breast-cancer", "number": 2}
    decision = models.ApprovalBody.from_dict({"status": "Approved"})
    call("registry_versions_approve", body=decision, **second)
    rejected = until(lambda: offer(2), "the offer of version 2")
    call("deployments_reject", promotion=rejected.id, body=note, **deployment)
    call("deployments_promote", 202, body=models.PromoteBody.from_dict({"version": 2}), **stage)
    wait_for(2)
    call("deployments_roll_back", 202, body=models.RollBackBody.from_dict({"version": 1}), **stage)
    wait_for(1)
    for paused in (True, False):
        call("deployments_pause", body=models.PauseBody.from_dict({"paused": paused}), **stage)
    run = call("deployments_run", 202, **stage).id
    call("deployments_run_stop", 202, run=run, **deployment)
    call("deployments_run_get", run=run, **deployment)
    call("deployments_runs", **deployment)
    call("deployments_list")
    changes = models.PatchedDeploymentBody.from_dict({"description": "By a client."})
    call("deployments_change", body=changes, **deployment)
    ended = ("completed", "failed", "stopped")
    until(lambda: call("deployments_run_get", run=run, **deployment).state in ended, "the end of the run")
    call("deployments_export", **deployment)
    call("deployments_apply", body=models.ApplyBody.from_dict({"deployment": DEPLOYMENT, "dry_run": True}))
    call("deployments_delete", 204, **deployment)


def use_notifications(service: Service) -> None:
    """Add a webhook that nobody answers and a rule, send a test, and remove both."""
    call = service.call
    body = {"kind": "webhook", "name": "Nobody", "address": "https://hooks.example.com/batchdeck"}
    channel = call("channels_create", 201, body=models.ChannelBody.from_dict(body)).id
    call("channels_list")
    call("channels_get", channel=channel)
    call(
        "channels_change",
        channel=channel,
        body=models.PatchedChannelChangesBody.from_dict({"name": "No one"}),
    )
    call("channels_new_secret", channel=channel)
    rule = call(
        "notification_rules_create",
        201,
        body=models.RuleBody.from_dict({"channel": channel, "kinds": ["job.failed"]}),
    ).id
    call("notification_rules_list")
    call("notification_rules_get", rule_pk=rule)
    changes = models.PatchedRuleChangesBody.from_dict({"kinds": ["job.failed", "job.stopped"]})
    call("notification_rules_change", rule_pk=rule, body=changes)
    delivery = call("channels_test", 202, channel=channel).id
    call("deliveries_list")
    call("deliveries_get", delivery=delivery)
    # While a message is being sent it is not sent again.
    until(lambda: call("deliveries_get", delivery=delivery).attempts, "the first try of a message")
    call("deliveries_redeliver", 202, delivery=delivery)
    call("notification_rules_remove", 204, rule_pk=rule)
    call("channels_remove", 204, channel=channel)


def main() -> None:
    """Use the service as a team does; say how many operations were called."""
    service = Service(sys.argv[2], os.environ["BATCHDECK_TOKEN"])
    use_connections(service)
    use_models(service)
    use_presets_and_views(service)
    use_jobs(service)
    use_searches(service)
    use_registry(service)
    use_schedules(service)
    use_deployments(service)
    use_notifications(service)
    use_budget(service)
    service.call("costs")
    service.call("trends", unit=models.TrendsUnit("week"), by=models.TrendsBy("model"), ended="60d")
    service.call("costs", by="team,month,model,connection")
    assert service.call("me").role.value == "admin"
    service.call("members_list")
    new_token = models.TokenBody.from_dict({"name": "a client", "role": "viewer", "days": 7})
    token = service.call("tokens_create", 201, body=new_token)
    assert token.id in [row.id for row in service.call("tokens_list").results]
    service.call("tokens_revoke", 204, token_pk=token.id)
    service.call("activity_list", limit=3)
    uncalled = sorted(set(service.operations) - service.called)
    assert not uncalled, f"nobody called {uncalled}"
    Path(sys.argv[3]).write_text(json.dumps(service.exchanges))
    print(f"operations {len(service.called)}")


main()
