"""`token`: print a new API token."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from teams import tokens
from teams.models import Membership


class Command(BaseCommand):
    """Prints a new API token for a member of a team."""

    help = "Print a new API token for a member of a team (default: the sample team's admin)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose token, for which team, and under what name."""
        parser.add_argument("--user", default="admin", help="user name (default: admin)")
        parser.add_argument("--team", default="sample-team", help="team slug (default: sample-team)")
        parser.add_argument("--name", help="what the token is for (default: command line, and the day)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the secret alone, so that scripts can read it."""
        member = (
            Membership.objects.select_related("team", "user")
            .filter(team__slug=options["team"], user__username=options["user"])
            .first()
        )
        if member is None:
            raise CommandError(
                f"{options['user']} is no member of {options['team']}. `bootstrap` makes the first of each."
            )
        name = options["name"] or f"command line, {timezone.localdate():%d %b %Y}"
        _, secret = tokens.create(team=member.team, user=member.user, name=name)
        self.stdout.write(secret)
