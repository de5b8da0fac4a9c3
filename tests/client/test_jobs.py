"""Jobs by the command line on a running house: submitted, watched, followed, stopped."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
import yaml
from batchdeck import Client, Conflict, InvalidRequest, OutputsExist

from tests.client.commands import SAMPLE, CommandLine
from tests.support.polling import until

pytestmark = [pytest.mark.house, pytest.mark.timeout(600)]


def test_a_job_is_submitted_and_watched_until_it_is_completed(cli: CommandLine) -> None:
    answer = cli.submit("watched", "--watch", "--exit-status", "--tag", "team=risk")
    assert answer.code == 0, answer.err
    job = answer.json
    assert (job["state"], job["objects_done"], job["tags"]) == ("COMPLETED", 4, {"team": "risk"})
    assert "COMPLETED, 4 of 4 outputs" in answer.err
    listed = cli.run("list", "--state", "completed", "--tag", "team=risk", "--jsonl", "--limit", "1")
    assert json.loads(listed.out)["id"] == job["id"]
    assert cli.run("list", "--tag", "team=risk", "-n", "1").out.split("\t")[:2] == [job["id"], "COMPLETED"]


def test_the_exit_code_tells_that_a_job_failed_only_when_asked_to(cli: CommandLine) -> None:
    kind = {"content_type": "application/x-nothing"}
    plain = cli.submit("failed", "--watch", **kind)
    assert (plain.code, plain.json["state"]) == (0, "FAILED")
    failed = cli.submit("failed", "--watch", "--exit-status", **kind)
    assert failed.code == 3
    job_id = failed.json["id"]
    # The cause is known once the job's log has been read.
    failure = until(lambda: known_failure(cli, job_id), "finding the cause", 60)
    page = cli.run("show", job_id)
    assert failure["title"] in page.out
    assert failure["advice"] in page.out


def known_failure(cli: CommandLine, job_id: str) -> dict[str, str] | None:
    failure = cli.run("show", job_id, "--json").json["failure"]
    return None if failure["title"] == "No known cause fits" else failure


def test_a_request_in_a_file_is_sent_as_it_is_and_own_options_beside_it(
    cli: CommandLine, client: Client
) -> None:
    request = {
        "ModelName": "breast-cancer-xgb",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": SAMPLE["--data"]}},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": "s3://batchdeck-samples/by-request/", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    (cli.home / "request.json").write_text(json.dumps(request))
    answer = cli.run("submit", "-f", "request.json", "--priority", "3", "--json")
    assert answer.code == 0, answer.err
    sent = cli.run("show", answer.json["id"], "--request").json
    assert sent["TransformOutput"] == request["TransformOutput"]
    assert client.jobs.get(answer.json["id"])["priority"] == 3  # type: ignore[typeddict-item]
    refused = cli.run("submit", "-f", "request.json", "--content-type", "text/csv")
    assert (refused.code, "--content-type cannot be given beside" in refused.err) == (2, True)


def test_fields_come_from_a_yaml_file_and_options_go_first(cli: CommandLine) -> None:
    fields = {name.removeprefix("--").replace("-", "_"): value for name, value in SAMPLE.items()}
    fields |= {
        "output_path": "s3://batchdeck-samples/by-file/",
        "model_client_config": {"invocations_max_retries": 1},
    }
    option = ("--model-client-config-invocations-timeout-in-seconds", "30")
    answer = cli.run("submit", "-f", "-", "--json", *option, text=yaml.safe_dump(fields))
    assert answer.code == 0, answer.err
    assert answer.json["model_client_config"] == {
        "invocations_max_retries": 1,
        "invocations_timeout_in_seconds": 30,
    }


def test_a_field_that_cannot_be_used_is_named_with_its_sentence(cli: CommandLine) -> None:
    answer = cli.submit("refused", data="http://example.com/")
    assert answer.code == 2
    assert "\n  data: It must " in answer.err
    assert cli.submit("refused", split_type="Lines").code == 2


def test_preflight_finds_what_would_fail_and_submits_nothing(cli: CommandLine) -> None:
    count = len(cli.run("list", "--all").out.splitlines())
    answer = cli.run("preflight", "--model", "no-such-model", "--data", SAMPLE["--data"])
    assert answer.code == 1
    assert "error: model: " in answer.out
    assert len(cli.run("list", "--all").out.splitlines()) == count


def test_outputs_that_are_there_are_replaced_only_when_asked_to(cli: CommandLine, client: Client) -> None:
    first = cli.submit("replaced", "--watch", "--exit-status").json
    refused = cli.submit("replaced")
    assert (refused.code, "--replace-outputs" in refused.err or "replace_outputs" in refused.err) == (1, True)
    with pytest.raises(OutputsExist) as error:
        client.jobs.retry(first["id"])
    assert error.value.details["outputs"] == 4
    assert cli.submit("replaced", "--replace-outputs", "--watch", "--exit-status").code == 0


def test_the_same_key_submits_once(cli: CommandLine) -> None:
    first, second = (cli.submit("keyed", "--idempotency-key", "nightly-1") for _ in range(2))
    assert first.json["id"] == second.json["id"]


def test_a_log_is_followed_to_its_end(cli: CommandLine) -> None:
    job = cli.submit("followed").json["id"]
    followed = cli.run("logs", job, "--follow")
    assert followed.code == 0
    assert cli.run("show", job, "--json").json["state"] == "COMPLETED"
    texts = [line.split(" ", 2)[2] for line in followed.out.splitlines()]
    whole = [line.split(" ", 2)[2] for line in cli.run("logs", job).out.splitlines()]
    assert sorted(texts) == sorted(whole)
    assert any("model(s) loaded" in text for text in texts)


def test_stopping_asks_and_without_a_terminal_needs_yes(cli: CommandLine) -> None:
    job = cli.submit("stopped", "--watch").json["id"]
    refused = cli.run("stop", job)
    assert (refused.code, "--yes" in refused.err) == (2, True)
    ended = cli.run("stop", job, "--yes")
    assert (ended.code, "ended" in ended.err) == (1, True)


def test_ctrl_c_says_how_to_go_on(cli: CommandLine, client: Client) -> None:
    # A job that waits for an instance that no limit lets it have waits until it is cancelled.
    slug = next(row["slug"] for row in client.connections.list())
    client.transport.call("PATCH", f"connections/{slug}/", body={"max_instances": 1})
    try:
        job = cli.submit("interrupted", instance_count="2").json["id"]
        watching = cli.start("watch", job)
        assert watching.stderr is not None
        assert watching.stderr.readline().startswith(f"{job}: ")
        watching.send_signal(signal.SIGINT)
        _, err = watching.communicate(timeout=300)
        assert watching.returncode == 130
        assert f"batchdeck watch {job}" in err
        late = cli.run("watch", job, "--timeout", "0.1")
        assert (late.code, "still WAITING" in late.err) == (5, True)
        assert cli.run("stop", job, "--yes", "--json").json["state"] == "CANCELLED"
        assert cli.run("watch", job, "--exit-status").code == 4
    finally:
        client.transport.call("PATCH", f"connections/{slug}/", body={"max_instances": None})


def test_finishing_a_whole_job_is_refused_with_the_reason(cli: CommandLine, client: Client) -> None:
    job = cli.submit("finished", "--watch", "--exit-status").json["id"]
    answer = cli.run("finish-missing", job)
    assert (answer.code, bool(answer.err)) == (1, True)
    with pytest.raises(Conflict):
        client.jobs.finish_missing(job)


def test_the_client_raises_the_fields_of_a_refused_request(client: Client) -> None:
    with pytest.raises(InvalidRequest) as error:
        client.jobs.submit({"connection": "engine", "model": "x"})
    assert set(error.value.fields) >= {"data", "output_path", "instance_type"}


def test_lists_follow_their_pages(client: Client) -> None:
    ids = [row["id"] for row in client.jobs.list(limit=200)]
    assert [row["id"] for row in client.jobs.list(limit=2)] == ids
    assert len(set(ids)) == len(ids) > 2


def test_models_and_presets_are_listed_shown_and_saved(cli: CommandLine, tmp_path: Path) -> None:
    models = cli.run("models", "--json").json
    assert "breast-cancer-xgb" in {model["name"] for model in models}
    assert "breast-cancer-xgb" in cli.run("models", "show", str(models[-1]["id"])).out + str(models)
    saved = cli.run(
        "presets",
        "save",
        "By the command line",
        "--model",
        "breast-cancer-xgb",
        "--connection",
        "engine",
        "--json",
    )
    assert saved.code == 0, saved.err
    page = cli.run("presets", "show", saved.json["slug"])
    assert "breast-cancer-xgb" in page.out
    assert saved.json["slug"] in cli.run("presets").out
