"""`connect_team`: give a team a connection to the engine, by a key of its own."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.services.connections import engine_keys
from jobs.services.errors import NotPossible


class Command(BaseCommand):
    """Creates a team's connection to this installation's engine, or gives it another key."""

    help = "Give a team a connection to the engine that uses a key of its own (./deck key makes one)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the arguments."""
        parser.add_argument("team", help="the team's slug")
        parser.add_argument("--key", help="the key's name (default: the team's slug)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Connect the team and print what the connection may use."""
        try:
            connection = engine_keys.connect(options["team"], options["key"] or options["team"])
        except NotPossible as error:
            raise CommandError(str(error)) from error
        may = ", ".join([*connection.allowed_places, *connection.allowed_models])
        self.stdout.write(
            f"{connection.team} runs on {connection.name} ({connection.slug}) and may use {may}."
        )
