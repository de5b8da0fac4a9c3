"""`signin_link`: print a one-time sign-in link."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from teams import links, second_factor
from teams.models import User


class Command(BaseCommand):
    """Prints a link that signs one person in once, within fifteen minutes."""

    help = "Print a one-time sign-in link, good for fifteen minutes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose link, and what to put before its path."""
        parser.add_argument("--user", default="admin", help="user name (default: admin)")
        parser.add_argument(
            "--without-code",
            action="store_true",
            help="end the codes of the account's authenticator app and its recovery codes",
        )
        parser.add_argument("--base", default="", help="for example http://localhost:8000")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the link alone, so that scripts can read it."""
        user = User.objects.filter(username=options["user"], is_active=True, is_service=False).first()
        if user is None:
            raise CommandError(f"There is no active user {options['user']}. `bootstrap` makes the first one.")
        if options["without_code"]:
            second_factor.remove(user, by=None)
        self.stdout.write(options["base"].rstrip("/") + links.create(user))
