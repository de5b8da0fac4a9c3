"""`bootstrap`: a first team, its admin, the engine's connection and the samples."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from jobs.services.bootstrap import bootstrap
from jobs.services.errors import Unavailable


class Command(BaseCommand):
    """Creates what a first start needs, and changes nothing that exists."""

    help = "Make the first team, its admin, the engine's connection and the samples. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the arguments."""
        parser.add_argument("--no-sample", action="store_true", help="leave the sample models and data out")
        parser.add_argument(
            "--link-base", help="also print, last, a one-time sign-in link under this address"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Create what is missing and print the result."""
        try:
            ready = bootstrap(with_sample=not options["no_sample"], progress=self.stdout.write)
        except Unavailable as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"team {ready.team.slug}, admin {ready.admin.username}")
        if ready.connection:
            self.stdout.write(f"connection {ready.connection.slug} at {ready.connection.endpoint_url}")
        for model in ready.models:
            self.stdout.write(f"sample model {model.name}")
        for sentence in ready.left_out:
            self.stderr.write(sentence)
        if options["link_base"]:
            call_command("signin_link", base=options["link_base"], stdout=self.stdout)
