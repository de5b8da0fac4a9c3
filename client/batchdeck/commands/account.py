"""Commands about the server, the token and the shell."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

import click
from click.shell_completion import get_completion_class

from batchdeck.client import Client
from batchdeck.errors import ProfileError
from batchdeck.profiles import DEFAULT, remove_profile, save_profile
from batchdeck.session import Session, command

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@click.command()
@click.option("--url", prompt="Address of Batchdeck", help="Such as https://batchdeck.example.com.")
@command
def login(session: Session, url: str) -> None:
    """Keep an address and a token in a file that only you can read.

    The token is asked for without showing it, or read from standard input. It is never an argument, which others on the
    machine could see.
    """
    # What a pipe sends is the token; on a terminal it is asked for without an echo.
    token = click.prompt("Token", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable():
        raise ProfileError("The token is empty or has characters that no token has.")
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        session.printer.note(
            f"Warning: {parts.hostname} is reached without TLS; others can read the token.", "yellow"
        )
    with Client(url, token) as client:
        me = client.me()
    file = save_profile(session.profile or DEFAULT, url, token)
    if not session.printer.result(me):
        session.printer.line(f"You are {me['username']}, {me['role']} in {me['team_name']}. Kept in {file}.")


@click.command()
@command
def logout(session: Session) -> None:
    """Remove the profile from the file. The token stays valid until it is revoked on the page "API tokens"."""
    name = session.profile or DEFAULT
    if not remove_profile(name):
        raise ProfileError(f"There is no profile {name!r}.")
    session.printer.line(f"The profile {name} is removed.")


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion of a shell, to be read by it at its start."""
    kind = get_completion_class(shell)
    assert kind is not None, shell
    root = ctx.find_root().command
    # The name of the program, whichever way it was started now.
    click.echo(kind(root, {}, "batchdeck", "_BATCHDECK_COMPLETE").source())
