"""`token`: print a new API token."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from teams import tokens
from teams.models import Membership

#: Days. Each call makes a token, so without an end they would add up.
GOOD_FOR = 30
LONGEST = 3650


class Command(BaseCommand):
    """Prints a new API token for a member of a team."""

    help = "Print a new API token for a member of a team (default: the sample team's admin)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose token, for which team, and under what name."""
        parser.add_argument("--user", default="admin", help="user name (default: admin)")
        parser.add_argument("--team", default="sample-team", help="team slug (default: sample-team)")
        parser.add_argument("--name", help="what the token is for (default: command line, and the day)")
        parser.add_argument(
            "--days",
            type=int,
            default=GOOD_FOR,
            help="for how many days it is good, 1 to 3650, or 0 for no end (default: %(default)s)",
        )

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
        days = options["days"]
        if not 0 <= days <= LONGEST:
            raise CommandError(f"--days must be 1 to {LONGEST}, or 0 for a token without end.")
        name = options["name"] or f"command line, {timezone.localdate():%d %b %Y}"
        end = timezone.now() + timedelta(days=days) if days else None
        _, secret = tokens.create(team=member.team, user=member.user, name=name, expires_at=end)
        self.stdout.write(secret)
