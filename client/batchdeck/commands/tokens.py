"""Commands about API tokens."""

from __future__ import annotations

from typing import Any

import click

from batchdeck.commands.list_first import ListFirst
from batchdeck.errors import BatchdeckError
from batchdeck.session import Session, command


@click.group(cls=ListFirst)
def tokens() -> None:
    """List, make and revoke API tokens; without a command, list them."""


@tokens.command("list")
@command
def list_tokens(session: Session) -> None:
    """List your tokens, or as an admin the team's, newest first."""
    session.printer.rows(
        session.client.tokens.list(),
        {
            "ID": lambda token: token["id"],
            "NAME": lambda token: token["name"],
            "OWNER": lambda token: token["owner"],
            "ROLE": lambda token: token["role"],
            "BEGINS": lambda token: token["prefix"],
            "LAST USED": lambda token: (token["last_used_at"] or "never")[:19],
            "ENDS": lambda token: "revoked" if token["revoked_at"] else (token["expires_at"] or "never")[:19],
        },
    )


@tokens.command("create")
@click.argument("name")
@click.option("--role", type=click.Choice(["viewer", "operator", "admin"]), help="The most it may do.")
@click.option("--days", type=int, help="For how many days it is good, 0 for no end.")
@click.option("--owner", metavar="USERNAME", help="For admins: a service account.")
@command
def create_token(session: Session, name: str, **fields: Any) -> None:
    """Make a token and print it, this once. Standard output has the token alone, so that a script can keep it."""
    body = {field: value for field, value in fields.items() if value is not None}
    token = session.client.tokens.create({"name": name, **body})
    if not token["secret"]:
        raise BatchdeckError(
            f"The token {token['id']} was made, but its answer was lost. Revoke it and make another one."
        )
    if not session.printer.result(token):
        click.echo(token["secret"])


@tokens.command("revoke")
@click.argument("token", type=int)
@click.option("--yes", is_flag=True, help="Do not ask.")
@command
def revoke_token(session: Session, token: int, yes: bool) -> None:
    """Revoke a token by its id."""
    session.confirm(f"Revoke the token {token}? It cannot be brought back.", yes=yes)
    session.client.tokens.revoke(token)
    session.printer.line(f"The token {token} is revoked.")
