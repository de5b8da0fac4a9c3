"""Commands about jobs."""

from __future__ import annotations

from itertools import islice
from typing import Any

import click

from batchdeck.commands.completing import JobId
from batchdeck.commands.request_files import field_options
from batchdeck.commands.submitting import KEY, body_for, end_submission, watch_options
from batchdeck.commands.watching import outputs_text, print_failure, watch
from batchdeck.exit_codes import ExitCode
from batchdeck.printing import Printer, cell
from batchdeck.session import Session, command, program
from batchdeck.types import PredictionDiffAnswer

#: How many rows a comparison prints of those whose predictions differ.
_MOVERS = 5
_REPLACE = click.option("--replace-outputs", is_flag=True, help="Replace outputs that are there.")


@click.command()
@click.option(
    "-f",
    "--file",
    "file",
    metavar="FILE",
    help="Fields or a CreateTransformJob request, as JSON or YAML; - is standard input.",
)
@click.option("--connection", help="Its slug; may be left out if the team has one only.")
@click.option("--preset", help="The slug of a preset; fields that are given go first.")
@_REPLACE
@KEY
@watch_options
@field_options
@command
def submit(
    session: Session,
    file: str | None,
    connection: str | None,
    preset: str | None,
    replace_outputs: bool,
    key: str | None,
    watched: bool,
    exit_status: bool,
    timeout: float | None,
    **fields: Any,
) -> None:
    """Submit a job."""
    body = body_for(session, file, connection, preset, fields)
    job = session.client.jobs.submit({**body, "replace_outputs": replace_outputs}, key=key)
    end_submission(session, job, watched, exit_status, timeout)


@click.command()
@click.option("-f", "--file", "file", metavar="FILE", help="As of submit.")
@click.option("--connection", help="Its slug.")
@click.option("--preset", help="The slug of a preset.")
@field_options
@command
def preflight(
    session: Session, file: str | None, connection: str | None, preset: str | None, **fields: Any
) -> None:
    """Check a job without submitting it; exit code 1 if it would be refused or fail."""
    report = session.client.jobs.preflight(body_for(session, file, connection, preset, fields))
    if not session.printer.result(report):
        for finding in report["findings"]:
            style = {"error": "red", "warning": "yellow"}.get(finding["level"], "")
            session.printer.line(f"{finding['level']}: {finding['field']}: {finding['reason']}", style=style)
        if not report["findings"]:
            session.printer.line("Nothing to say against it.")
    if any(finding["level"] == "error" for finding in report["findings"]):
        raise click.exceptions.Exit(ExitCode.ERROR)


@click.command("list")
@click.option("--state", help="A state, several with commas, active or ended.")
@click.option("--model", help="The model's name.")
@click.option("--owner", help="A user name, or me.")
@click.option("--connection", help="A connection's slug.")
@click.option("--preset", help="A preset's slug.")
@click.option("--deployment", help="A deployment's slug, or deployment/stage.")
@click.option("--cause", help="Why it failed.")
@click.option("--since", help="Submitted from then on: 2026-11-20, or 24h, 7d, 2w ago.")
@click.option("--until", help="Submitted before then.")
@click.option("--tag", help="key or key=value.")
@click.option("--path", help="An S3 address that it reads or writes.")
@click.option("--name", help="A part of the name.")
@click.option("--archived", type=click.Choice(["true", "any"]), help="Only archived jobs, or those too.")
@click.option("-q", "--query", "q", help='As in the search box: "status:failed model:churn".')
@click.option("--sort", help="submitted, duration or name, with a minus for descending order.")
@click.option(
    "-n", "--limit", "most", type=click.IntRange(1), default=20, show_default=True, help="How many."
)
@click.option("--all", "everything", is_flag=True, help="All that match.")
@command
def list_jobs(session: Session, most: int, everything: bool, **filters: Any) -> None:
    """List jobs, newest first."""
    page = 200 if everything else min(most, 200)
    rows = session.client.jobs.list(**filters, limit=page)
    session.printer.rows(
        rows if everything else islice(rows, most),
        {
            "ID": lambda job: job["id"],
            "STATE": lambda job: job["state"],
            "NAME": lambda job: job["name"],
            "MODEL": lambda job: job["model"],
            "OUTPUTS": outputs_text,
            "OWNER": lambda job: job["submitted_by"],
            "SUBMITTED": lambda job: job["created_at"][:19],
        },
    )


@click.command()
@click.argument("job", type=JobId())
@click.option("--request", "only_request", is_flag=True, help="Print its CreateTransformJob request alone.")
@command
def show(session: Session, job: str, only_request: bool) -> None:
    """Show a job."""
    answer = session.client.jobs.get(job)
    if only_request:
        session.printer.format = "json" if session.printer.format == "text" else session.printer.format
        session.printer.result(answer["request"])
        return
    if session.printer.result(answer):
        return
    cost = answer["cost"]
    session.printer.facts(
        {
            "id": answer["id"],
            "name": answer["name"],
            "state": answer["state"],
            "reason": answer["state_reason"],
            "model": answer["model"],
            "connection": answer["connection"],
            "input": answer["data"],
            "output": answer["output_path"],
            "instances": f"{answer['instance_count']} x {answer['instance_type_used']}",
            "outputs": outputs_text(answer),
            "cost": "" if cost["amount"] is None else f"{cost['amount']:.4f} {cost['currency']}",
            "submitted": f"{answer['created_at'][:19]} by {answer['submitted_by'] or 'nobody'}",
            "ended": (answer["ended_at"] or "")[:19],
            "page": answer["url"],
        }
    )
    for warning in answer["warnings"]:
        session.printer.line(f"Warning: {warning}", style="yellow")
    if answer["failure"]:
        print_failure(session.printer, answer["failure"])


@click.command("watch")
@click.argument("job", type=JobId())
@click.option("--exit-status", is_flag=True, help="3 if it failed, 4 if it was stopped.")
@click.option("--timeout", type=float, metavar="SECONDS", help="Stop waiting, and exit with 5.")
@command
def watch_job(session: Session, job: str, exit_status: bool, timeout: float | None) -> None:
    """Wait until a job has ended."""
    raise click.exceptions.Exit(watch(session, job, timeout=timeout, exit_status=exit_status))


@click.command()
@click.argument("job", type=JobId())
@click.option("--follow", is_flag=True, help="Go on until the job has ended.")
@click.option("--stream", default="all", show_default=True, help="One stream of the log.")
@click.option("--search", default="", help="Only lines with exactly this text.")
@click.option("--errors", is_flag=True, help="Only errors, with their tracebacks.")
@command
def logs(session: Session, job: str, follow: bool, stream: str, search: str, errors: bool) -> None:
    """Print a job's log."""
    printer, jobs = session.printer, session.client.jobs
    if not follow and printer.format == "text":
        for text in jobs.log_text(
            job, stream="" if stream == "all" else stream, search=search, errors=errors
        ):
            printer.line(text)
        return
    try:
        lines = jobs.follow_log(job, stream=stream, search=search, errors=errors) if follow else iter(())
        if not follow:
            lines = iter(jobs.logs(job, stream=stream, search=search, errors=errors)["results"])
        for line in lines:
            if not printer.result(line):
                printer.line(f"{line['at']} {line['stream']} {line['text']}")
    except KeyboardInterrupt:
        printer.note(f"The job goes on. Follow it again: {program()} logs {job} --follow.")
        raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None


@click.command()
@click.argument("job", type=JobId())
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@command
def stop(session: Session, job: str, yes: bool) -> None:
    """Stop a job, or cancel it while it waits."""
    answer = session.client.jobs.get(job)
    owner = answer["submitted_by"] or "nobody here"
    session.confirm(
        f"Stop {cell(answer['name'])} ({answer['state']}, {outputs_text(answer) or 'no'} outputs, "
        f"submitted by {cell(owner)})? Outputs that are not complete are lost.",
        yes=yes,
    )
    stopped = session.client.jobs.stop(job)
    if not session.printer.result(stopped):
        session.printer.facts({"id": stopped["id"], "state": stopped["state"]})


@click.command("finish-missing")
@click.argument("job", type=JobId())
@click.option("--name", help="The name of the next attempt.")
@_REPLACE
@KEY
@watch_options
@command
def finish_missing(
    session: Session,
    job: str,
    name: str | None,
    replace_outputs: bool,
    key: str | None,
    watched: bool,
    exit_status: bool,
    timeout: float | None,
) -> None:
    """Run a job again over the inputs that have no output."""
    attempt = session.client.jobs.finish_missing(job, name=name, replace_outputs=replace_outputs, key=key)
    end_submission(session, attempt, watched, exit_status, timeout)


@click.command()
@click.argument("job", type=JobId())
@click.option("--name", help="The name of the next attempt.")
@click.option("--output-path", help="Write there instead, as a job of its own.")
@_REPLACE
@KEY
@watch_options
@command
def retry(
    session: Session,
    job: str,
    name: str | None,
    output_path: str | None,
    replace_outputs: bool,
    key: str | None,
    watched: bool,
    exit_status: bool,
    timeout: float | None,
) -> None:
    """Submit a job's request again."""
    attempt = session.client.jobs.retry(
        job, name=name, output_path=output_path, replace_outputs=replace_outputs, key=key
    )
    end_submission(session, attempt, watched, exit_status, timeout)


@click.command()
@click.argument("job", type=JobId())
@click.argument("more_jobs", type=JobId(), nargs=-1, required=True)
@click.option("--key", default="", help="Match rows by this column of the input, not by position.")
@command
def compare(session: Session, job: str, more_jobs: tuple[str, ...], key: str) -> None:
    """Compare the settings and predictions of two to four jobs."""
    answer = session.client.jobs.compare(job, more_jobs, key=key)
    printer = session.printer
    if printer.result(answer):
        return
    ids = [row["id"] for row in answer["jobs"]]
    columns: dict[str, Any] = {"FIELD": lambda row: row["field"]}
    for number, name in enumerate(ids):
        columns[name] = lambda row, number=number: row["values"][number]
    printer.rows(answer["settings"], columns)
    for diff in answer["predictions"]:
        _print_diff(printer, ids[0], diff)


def _print_diff(printer: Printer, first: str, diff: PredictionDiffAnswer) -> None:
    """How many predictions of two jobs differ, and the rows that moved most."""
    complete = "" if diff["complete"] else " (a part was read)"
    printer.line(
        f"{first} and {diff['with']}: {diff['changed']:,} of {diff['rows']:,} rows differ{complete}."
    )
    for job, count in ((first, diff["only_first"]), (diff["with"], diff["only_second"])):
        if count:
            printer.line(f"  {count:,} rows are in {job} alone.")
    for note in diff["notes"]:
        printer.line(f"  {note}")
    for row in diff["movers"][:_MOVERS]:
        place = row["key"] or f"row {row['row']}"
        printer.line(f"  {row['file']}, {place}: {row['first'] or 'nothing'} -> {row['second'] or 'nothing'}")


@click.command()
@command
def whoami(session: Session) -> None:
    """Say who the token acts as, in which team and role."""
    me = session.client.me()
    if session.printer.result({**me, "url": session.client.url}):
        return
    token = me["token"] or {"name": "", "prefix": "", "expires_at": None}
    session.printer.facts(
        {
            "server": session.client.url,
            "person": me["username"],
            "team": f"{me['team_name']} ({me['team']})",
            "role": me["role"],
            "token": f"{token['name']} ({token['prefix']}…)",
            "valid until": token["expires_at"] or "without end",
        }
    )
