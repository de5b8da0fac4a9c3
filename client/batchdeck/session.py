"""What all commands share: the server, the form of the output, and how errors end a command."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import Any

import click

from batchdeck.client import Client
from batchdeck.errors import ApiError, BatchdeckError, NotFound
from batchdeck.exit_codes import ExitCode, code_of_error
from batchdeck.printing import Format, Printer

#: How the command is called where another program starts it, such as `./deck job`.
PROGRAM = "_BATCHDECK_PROGRAM"


class Session:
    """One run of a command."""

    def __init__(self, profile: str | None, output: Format, *, no_color: bool) -> None:
        self.profile = profile
        self.printer = Printer(output, no_color=no_color)
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        """The client of the chosen server, made on first use. Raises ProfileError."""
        if self._client is None:
            self._client = Client.from_environment(self.profile)
        return self._client

    def connection(self, slug: str | None) -> str:
        """The connection, or the only one that the team has. Raises BatchdeckError where there are several."""
        if slug:
            return slug
        slugs = [row["slug"] for row in self.client.connections.list()]
        if len(slugs) != 1:
            raise click.UsageError(
                f"Name the connection with --connection: {', '.join(slugs) or 'there is none'}."
            )
        return slugs[0]

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask; ends the command unless the answer is yes. Without a terminal --yes is needed."""
        if yes:
            return
        if not sys.stdin.isatty():
            raise click.UsageError(f"{question} Say so with --yes; there is no terminal to ask.")
        if not click.confirm(question, default=False, err=True):
            raise click.exceptions.Exit(ExitCode.ERROR)


def program() -> str:
    """How the command line is called."""
    return os.environ.get(PROGRAM) or "batchdeck"


def command(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command: it gets a Session first, and the options that all commands have."""

    @click.option(
        "--profile", metavar="NAME", help="The profile of `login`; else BATCHDECK_PROFILE, else default."
    )
    @click.option("--json", "output", flag_value="json", help="Print JSON.")
    @click.option("--jsonl", "output", flag_value="jsonl", help="Print lines of JSON.")
    @click.option("--no-color", is_flag=True, help="Print no colours; so does the variable NO_COLOR.")
    @functools.wraps(function)
    def run(*args: Any, profile: str | None, output: Format | None, no_color: bool, **options: Any) -> Any:
        session = Session(profile, output or "text", no_color=no_color)
        try:
            return function(session, *args, **options)
        except BatchdeckError as error:
            print_error(session.printer, error)
            raise click.exceptions.Exit(code_of_error(error)) from error

    return run


def print_error(printer: Printer, error: BatchdeckError) -> None:
    """The sentence of an error, and a line for each field."""
    printer.note(f"{program()}: {error}", style="red")
    if isinstance(error, ApiError):
        for field, texts in error.fields.items():
            printer.note(f"  {field}: {' '.join(map(str, texts))}")
        if isinstance(error, NotFound):
            printer.note(f"  address {error.address}")
        if number := error.details.get("request_id"):
            printer.note(f"  request {number}")
