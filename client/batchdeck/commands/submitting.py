"""What commands that submit a job share: its body, the wait for its end, and their options."""

from __future__ import annotations

from typing import Any

import click

from batchdeck.commands.request_files import body_of
from batchdeck.commands.watching import watch
from batchdeck.session import Session

_WATCH = (
    click.option("--watch", "watched", is_flag=True, help="Wait until it has ended."),
    click.option("--exit-status", is_flag=True, help="With --watch: 3 if it failed, 4 if it was stopped."),
    click.option(
        "--timeout", type=float, metavar="SECONDS", help="With --watch: stop waiting, and exit with 5."
    ),
)
KEY = click.option("--idempotency-key", "key", help="Send the request once under this key; made if left out.")


def watch_options(function: Any) -> Any:
    """Decorate a command with the options of waiting for a job."""
    for option in reversed(_WATCH):
        function = option(function)
    return function


def body_for(
    session: Session, file: str | None, connection: str | None, preset: str | None, fields: Any
) -> dict[str, Any]:
    """The body of a submission; the team's only connection where none is named. Raises UsageError."""
    body = body_of(file, fields)
    if preset:
        body["preset"] = preset
    if connection:
        body["connection"] = connection
    elif "preset" not in body and "connection" not in body:
        body["connection"] = session.connection(None)
    return body


def end_submission(
    session: Session, job: Any, watched: bool, exit_status: bool, timeout: float | None
) -> None:
    """Print a job that was submitted, or wait for its end and end the command with its exit code."""
    if not watched:
        if not session.printer.result(job):
            session.printer.facts(
                {"id": job["id"], "name": job["name"], "state": job["state"], "page": job["url"]}
            )
        return
    session.printer.note(f"Submitted {job['id']}: {job['url']}")
    raise click.exceptions.Exit(watch(session, job["id"], timeout=timeout, exit_status=exit_status))
