"""Commands that try a job on its first records, and that find the records which its model does not take."""

from __future__ import annotations

from typing import Any

import click

from batchdeck.commands.completing import JobId
from batchdeck.commands.request_files import field_options
from batchdeck.commands.submitting import KEY, body_for, end_submission, watch_options
from batchdeck.exit_codes import ExitCode
from batchdeck.session import Session, command, program
from batchdeck.types import SearchAnswer

_YES = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
_WATCH = (
    click.option(
        "--watch", "watched", is_flag=True, help="Wait for its end; the exit code tells how it ended."
    ),
    click.option(
        "--timeout", type=float, metavar="SECONDS", help="With --watch: stop waiting, and exit with 5."
    ),
)


def _watch_options(function: Any) -> Any:
    for option in reversed(_WATCH):
        function = option(function)
    return function


@click.command("try")
@click.option("--records", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How many.")
@click.option("-f", "--file", "file", metavar="FILE", help="As of submit.")
@click.option("--connection", help="Its slug; may be left out if the team has one only.")
@click.option("--preset", help="The slug of a preset; fields that are given go first.")
@KEY
@watch_options
@field_options
@command
def try_first(
    session: Session,
    records: int,
    file: str | None,
    connection: str | None,
    preset: str | None,
    key: str | None,
    watched: bool,
    exit_status: bool,
    timeout: float | None,
    **fields: Any,
) -> None:
    """Submit a trial: a job on the first records of the input, with the options of submit."""
    body = body_for(session, file, connection, preset, fields)
    job = session.client.jobs.try_first(body, records=records, key=key)
    end_submission(session, job, watched, exit_status, timeout)


@click.group("bad-records")
def bad_records() -> None:
    """Find the records of a failed object that the model does not take, and run the object without them."""


@bad_records.command("find")
@click.argument("job", type=JobId())
@click.argument("object", required=False)
@_YES
@_watch_options
@command
def find(
    session: Session, job: str, object: str | None, yes: bool, watched: bool, timeout: float | None
) -> None:
    """Search an OBJECT without output, by its key; it may be left out if only one failed. Says first what it costs."""
    key = object or _failed_object(session, job)
    plan = session.client.bad_records.plan(job, key)
    cost = "without a price" if plan["cost"] is None else f"at most {float(plan['cost']):.4f} USD"
    session.confirm(
        f"Search {key} with at most {plan['jobs']} small jobs of about {plan['seconds']} s or less each ({cost}), "
        f"whose parts are written to {plan['place']}?",
        yes=yes,
    )
    search = session.client.bad_records.find(job, key)
    _end(session, search, watched, timeout)


def _failed_object(session: Session, job: str) -> str:
    keys = [file["key"] for file in session.client.jobs.files(job, only="failed")]
    if len(keys) != 1:
        text = (
            f"{len(keys)} objects of this job failed"
            if keys
            else "No object of this job is known to have failed"
        )
        raise click.UsageError(f"{text}: name one by its key.")
    return keys[0]


@bad_records.command("list")
@click.argument("job", type=JobId())
@command
def list_searches(session: Session, job: str) -> None:
    """List the searches in objects of a job, newest first."""
    session.printer.rows(
        session.client.bad_records.list(job),
        {
            "ID": lambda row: row["id"],
            "STATE": lambda row: row["state"],
            "OBJECT": lambda row: row["object"],
            "BAD": lambda row: len(row["bad_records"]),
            "BEGUN": lambda row: row["created_at"][:19],
        },
    )


@bad_records.command("show")
@click.argument("job", type=JobId())
@click.argument("search")
@command
def show(session: Session, job: str, search: str) -> None:
    """Show how far a search is, and what it found."""
    _print(session, session.client.bad_records.get(job, search))


@bad_records.command("stop")
@click.argument("job", type=JobId())
@click.argument("search")
@command
def stop(session: Session, job: str, search: str) -> None:
    """Stop a search with its small job, or the run without the bad records."""
    _print(session, session.client.bad_records.stop(job, search))


@bad_records.command("run")
@click.argument("job", type=JobId())
@click.argument("search")
@_YES
@_watch_options
@command
def run(session: Session, job: str, search: str, yes: bool, watched: bool, timeout: float | None) -> None:
    """Run the object without its bad records; in its output a mark stands in the place of each."""
    answer = session.client.bad_records.get(job, search)
    if not answer["why_no_run"]:
        session.confirm(
            f"Run {answer['object']} without {len(answer['bad_records'])} of its {answer['records']} records? That "
            f"writes {answer['output_key']}, with a mark in the place of each.",
            yes=yes,
        )
    _end(session, session.client.bad_records.run_without(job, search), watched, timeout)


def _end(session: Session, search: SearchAnswer, watched: bool, timeout: float | None) -> None:
    """Print a search that goes on, or wait for its end and end the command with its exit code."""
    if not watched:
        _print(session, search)
        return
    names = (search["job"], search["id"])
    session.printer.note(f"Search {search['id']} in {search['object']} of job {search['job']}")
    is_run = search["state"] == "REST"
    try:
        search = session.client.bad_records.wait(*names, timeout=timeout, look=_look(session))
    except KeyboardInterrupt:
        session.printer.note(
            f"The search goes on. Look at it: {program()} bad-records show {' '.join(names)}."
        )
        raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None
    _print(session, search)
    raise click.exceptions.Exit(_code_of(search, is_run=is_run))


def _look(session: Session) -> Any:
    """What notes each further round of a search."""
    printed: set[int] = set()

    def look(search: SearchAnswer) -> None:
        if search["round"] not in printed:
            printed.add(search["round"])
            session.printer.note(f"{search['id']}: {search['state']}, small job {search['round']}")

    return look


def _code_of(search: SearchAnswer, *, is_run: bool) -> ExitCode:
    if search["state"] == "STOPPED":
        return ExitCode.JOB_STOPPED
    # A run that wrote no output leaves the search as it was.
    has_failed = search["state"] == "FAILED" or (is_run and search["state"] != "COMPLETED")
    return ExitCode.JOB_FAILED if has_failed else ExitCode.DONE


def _print(session: Session, search: SearchAnswer) -> None:
    printer = session.printer
    if printer.result(search):
        return
    printer.facts(
        {
            "id": search["id"],
            "object": search["object"],
            "state": search["state"],
            "records": search["records"],
            "small jobs": f"{search['round']} of at most {search['most_rounds']}",
            "bad records": len(search["bad_records"]),
            "written to": search["bad_records_uri"],
        }
    )
    if search["problem"]:
        printer.line(search["problem"], style="red")
    for bad in search["bad_records"]:
        line = "" if bad["line"] is None else f", line {bad['line']}"
        printer.line(f"  Record {bad['record']}{line}: {bad['reason']}")
    if search["state"] == "FOUND":
        advice = f"Run the object without them: {program()} bad-records run {search['job']} {search['id']}"
        printer.line(
            f"It cannot be run without these. {search['why_no_run']}" if search["why_no_run"] else advice
        )
