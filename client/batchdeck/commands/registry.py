"""Commands about versions of model package groups."""

from __future__ import annotations

import click

from batchdeck.session import Session, command

_CONNECTION = click.option("--connection", help="Its slug; may be left out if the team has one only.")
_NOTE = click.option("--note", default="", help="Why, for the history of the version.")


@click.group()
def versions() -> None:
    """Versions of a model package group: list, approve and reject them."""


@versions.command("list")
@click.argument("group")
@_CONNECTION
@command
def list_versions(session: Session, group: str, connection: str | None) -> None:
    """List the versions of a group, newest first."""
    session.printer.rows(
        session.client.registry.versions(session.connection(connection), group),
        {
            "VERSION": lambda row: row["number"],
            "APPROVAL": lambda row: row["approval"],
            "STATUS": lambda row: row["status"],
            "CREATED": lambda row: row["created_at"][:19],
        },
    )


@versions.command("approve")
@click.argument("group")
@click.argument("version", type=int)
@_CONNECTION
@_NOTE
@command
def approve_version(session: Session, group: str, version: int, connection: str | None, note: str) -> None:
    """Approve a version."""
    _decide(session, group, version, connection, "Approved", note)


@versions.command("reject")
@click.argument("group")
@click.argument("version", type=int)
@_CONNECTION
@_NOTE
@click.option(
    "--in-use", is_flag=True, help="Also if something uses the version, or somebody else approved it."
)
@command
def reject_version(
    session: Session, group: str, version: int, connection: str | None, note: str, in_use: bool
) -> None:
    """Reject a version."""
    _decide(session, group, version, connection, "Rejected", note, in_use=in_use)


def _decide(
    session: Session,
    group: str,
    version: int,
    connection: str | None,
    status: str,
    note: str,
    *,
    in_use: bool = False,
) -> None:
    answer = session.client.registry.set_approval(
        session.connection(connection), group, version, status, note=note, reject_in_use=in_use
    )
    if not session.printer.result(answer):
        session.printer.line(f"Version {answer['number']} of {answer['group']}: {answer['approval']}.")
