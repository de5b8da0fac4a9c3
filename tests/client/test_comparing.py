"""Jobs compared by the command line on a running house."""

from __future__ import annotations

import pytest
from batchdeck import Client

from tests.client.commands import CommandLine
from tests.support.house import CHECKOUT

pytestmark = [pytest.mark.house, pytest.mark.timeout(600)]
ARCHIVE = CHECKOUT / "samples" / "breast-cancer" / "first-model.tar.gz"


def run_job(cli: CommandLine, output: str, **changes: str) -> str:
    answer = cli.submit(output, "--watch", "--exit-status", **changes)
    assert answer.code == 0, answer.err
    return str(answer.json["id"])


def test_settings_and_predictions_of_jobs_are_printed_side_by_side(cli: CommandLine, client: Client) -> None:
    sent = cli.run("upload", ARCHIVE, "s3://batchdeck-samples/compared/")
    assert sent.code == 0, sent.err
    archive = "s3://batchdeck-samples/compared/first-model.tar.gz"
    registered = cli.run(
        "models", "register", "first-classifier", "--image", "xgboost", "--model-data", archive
    )
    assert registered.code == 0, registered.err
    sample, older = run_job(cli, "compared-1"), run_job(cli, "compared-2", model="first-classifier")
    compared = cli.run("compare", sample, older)
    assert compared.code == 0, compared.err
    assert "model\tbreast-cancer-xgb\tfirst-classifier" in compared.out
    answer = client.jobs.compare(sample, (older,))
    (diff,) = answer["predictions"]
    assert 0 < diff["changed"] <= diff["rows"] == 569
    assert f"{sample} and {older}: {diff['changed']} of 569 rows differ." in compared.out
    mover = diff["movers"][0]
    assert f"{mover['file']}, row {mover['row']}: {mover['first']} -> {mover['second']}" in compared.out
    assert cli.run("compare", sample, older, "--json").json == answer

    # Every row is in no job under a column that there is not.
    by_column = cli.run("compare", sample, older, "--key", "customer")
    assert (by_column.code, "No row was matched by" in by_column.out) == (0, True)


def test_what_cannot_be_compared_is_named(cli: CommandLine) -> None:
    job = run_job(cli, "compared-3")
    alone = cli.run("compare", job)
    assert (alone.code, "MORE_JOBS" in alone.err) == (2, True)
    itself = cli.run("compare", job, job)
    assert (itself.code, "ids of further jobs" in itself.err) == (2, True)
    unknown = cli.run("compare", job, "nothing")
    assert (unknown.code, f"address jobs/{job}/compare/?with=nothing" in unknown.err) == (1, True)
    assert cli.run("compare", job, "a", "b", "c", "d").code == 2
