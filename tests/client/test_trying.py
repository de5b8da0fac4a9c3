"""Trials and searches for bad records by the command line on a running house."""

from __future__ import annotations

import json

import pytest
from batchdeck import Client

from tests.client.commands import SAMPLE, CommandLine

pytestmark = [pytest.mark.house, pytest.mark.timeout(600)]

ROWS = [",".join(["0.5"] * 30)] * 4
OPTIONS = [word for pair in SAMPLE.items() for word in pair]


def test_the_first_records_are_tried_and_watched(cli: CommandLine) -> None:
    output = ("--output-path", "s3://batchdeck-samples/tried/")
    answer = cli.run("try", "--records", "3", *OPTIONS, *output, "--watch", "--exit-status", "--json")
    assert answer.code == 0, answer.err
    assert (answer.json["origin"], answer.json["state"]) == ("trial", "COMPLETED")
    assert answer.json["trial_of"]["records"] == 3
    assert cli.run("try", "--records", "0", *OPTIONS, *output).code == 2


def test_the_bad_record_of_a_job_is_searched_and_the_object_run_without_it(
    cli: CommandLine, client: Client
) -> None:
    body = "\n".join([*ROWS, "no number", *ROWS, ""])
    client.data.put("engine", "s3://batchdeck-samples/with-bad/a.csv", body.encode())
    failed = cli.submit("with-bad-out", "--watch", "--exit-status", data="s3://batchdeck-samples/with-bad/")
    assert failed.code == 3, failed.err
    job = failed.json["id"]
    question = cli.run("bad-records", "find", job, "with-bad/a.csv")
    assert (question.code, "small jobs" in question.err, "--yes" in question.err) == (2, True, True)
    assert cli.run("bad-records", "list", job).out == ""
    search = cli.run("bad-records", "find", job, "with-bad/a.csv", "--yes", "--watch", "--json")
    assert search.code == 0, search.err
    assert [bad["record"] for bad in search.json["bad_records"]] == [5]
    names = (job, search.json["id"])
    page = cli.run("bad-records", "show", *names).out
    assert "Record 5, line 5: " in page
    assert f"batchdeck bad-records run {' '.join(names)}" in page
    assert "no number" in b"".join(_lines(client, search.json["bad_records_uri"])).decode()
    assert (cli.run("bad-records", "run", *names).code, _output(client, job)) == (2, [])
    ended = cli.run("bad-records", "run", *names, "--yes", "--watch", "--jsonl")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["state"] == "COMPLETED"
    assert _output(client, job)[4] == b"bad-record 5"
    again = cli.run("bad-records", "run", *names, "--yes")
    assert (again.code, "not all known" in again.err) == (1, True)
    assert cli.run("bad-records", "stop", *names).code == 1
    assert cli.run("bad-records", "list", job).out.split("\t")[:2] == [names[1], "COMPLETED"]


def test_a_job_without_one_failed_object_needs_its_key(cli: CommandLine) -> None:
    job = cli.submit("nothing-failed", "--watch").json["id"]
    answer = cli.run("bad-records", "find", job)
    assert (answer.code, "name one by its key" in answer.err) == (2, True)


def _output(client: Client, job: str) -> list[bytes]:
    keys = [row["key"] for row in client.jobs.outputs(job)]
    return [line for key in keys for line in client.jobs.open_output(job, key).read().splitlines()]


def _lines(client: Client, uri: str) -> list[bytes]:
    return list(client.data.open("engine", uri).read().splitlines())
