"""Commands about deployments, as `./deck deploy` has them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from batchdeck.commands.completing import DeploymentSlug
from batchdeck.commands.request_files import read_mapping
from batchdeck.downloads import place
from batchdeck.errors import BatchdeckError
from batchdeck.exit_codes import ExitCode
from batchdeck.session import Session, command

#: Seconds between two looks at what is waited for.
_PAUSE = 1.0
_WAIT = click.option(
    "--wait", type=float, default=600, show_default=True, metavar="SECONDS", help="How long to wait."
)
_T = TypeVar("_T")


@click.group()
def deploy() -> None:
    """Deployments as files, promotions and runs of stages."""


@deploy.command("list")
@command
def list_deployments(session: Session) -> None:
    """List deployments."""
    session.printer.rows(
        session.client.deployments.list(),
        {
            "SLUG": lambda row: row["slug"],
            "NAME": lambda row: row["name"],
            "GROUP": lambda row: row["package_group"],
            "NEWEST": lambda row: row["newest_version"],
            "STAGES": lambda row: ", ".join(
                f"{stage['slug']} {stage['version'] or '-'}" for stage in row["stages"]
            ),
        },
    )


@deploy.command()
@click.argument("file")
@command
def apply(session: Session, file: str) -> None:
    """Make or change a deployment from a YAML file; - reads standard input."""
    applied = session.client.deployments.apply(read_mapping(file))
    if session.printer.result(applied):
        return
    _print_changes(session, applied)
    outcome = (
        "made" if applied["is_new"] else "changed" if applied["changes"] else "as the file has it already"
    )
    session.printer.line(f"{applied['slug']} is {outcome}.")


@deploy.command()
@click.argument("file")
@command
def diff(session: Session, file: str) -> None:
    """Show what apply would change; exit code 1 if there is anything."""
    applied = session.client.deployments.apply(read_mapping(file), dry_run=True)
    if not session.printer.result(applied):
        _print_changes(session, applied)
    if applied["is_new"] or applied["changes"]:
        raise click.exceptions.Exit(ExitCode.ERROR)


@deploy.command()
@click.argument("name", type=DeploymentSlug())
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Write a CloudFormation template, configurations and pipeline definitions there.",
)
@command
def export(session: Session, name: str, folder: Path | None) -> None:
    """Print a deployment as YAML."""
    answer = session.client.deployments.export(name)
    if folder is None:
        if not session.printer.result(answer):
            session.printer.line(answer["file"].rstrip("\n"))
        return
    if answer["problem"]:
        raise BatchdeckError(answer["problem"])
    for path, text in answer["folder"].items():
        file = place(folder, path)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise BatchdeckError(f"{file} cannot be written: {error.strerror}.") from error
        session.printer.line(str(file))


@deploy.command()
@click.argument("name", type=DeploymentSlug())
@click.argument("stage")
@click.option("--version", type=int, help="By default the next one.")
@click.option("--note", default="", help="Why.")
@_WAIT
@command
def promote(session: Session, name: str, stage: str, version: int | None, note: str, wait: float) -> None:
    """Promote a version; exit code 5 if it still waits for approval."""
    deployments = session.client.deployments
    began = deployments.promote(name, stage, version=version, note=note)

    def look() -> Any:
        return next((row for row in deployments.promotions(name) if row["id"] == began["id"]), began)

    promotion = _wait(began, look, lambda row: row["state"] == "approved", wait)
    if not session.printer.result(promotion):
        session.printer.line(f"Version {promotion['version']} to {stage}: {promotion['state']}.")
    if promotion["state"] in ("waiting", "approved"):
        raise click.exceptions.Exit(ExitCode.TIMED_OUT)
    if promotion["state"] != "deployed":
        raise BatchdeckError(promotion["problem"] or "It was not deployed.")


@deploy.command()
@click.argument("name", type=DeploymentSlug())
@click.argument("stage")
@_WAIT
@command
def run(session: Session, name: str, stage: str, wait: float) -> None:
    """Run a stage now; exit code 3 if the run failed, 5 if it goes on."""
    deployments = session.client.deployments
    began = deployments.run(name, stage)
    final_states = ("completed", "failed", "stopped", "skipped")
    last = _wait(
        began,
        lambda: deployments.get_run(name, began["id"]),
        lambda row: row["state"] not in final_states,
        wait,
    )
    if not session.printer.result(last):
        session.printer.line(f"{name} {stage} {last['id']}: {last['state']}. {last['reason']}".rstrip())
    if last["state"] not in final_states:
        raise click.exceptions.Exit(ExitCode.TIMED_OUT)
    if last["state"] != "completed":
        raise click.exceptions.Exit(
            ExitCode.JOB_STOPPED if last["state"] == "stopped" else ExitCode.JOB_FAILED
        )


def _wait(first: _T, look: Callable[[], _T], goes_on: Callable[[_T], bool], seconds: float) -> _T:
    until = time.monotonic() + seconds
    row = first
    while goes_on(row) and time.monotonic() < until:
        time.sleep(_PAUSE)
        row = look()
    return row


def _print_changes(session: Session, applied: Any) -> None:
    for change in applied["changes"]:
        session.printer.line(
            f"{change['field']}: {change['before'] or 'nothing'} -> {change['after'] or 'nothing'}"
        )
