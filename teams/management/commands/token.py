"""`token`: print a new API token."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from teams import tokens
from teams.models import Membership, Role
from teams.token_lifetimes import LifetimeRefused, default_days

#: Days.
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
            "--role", choices=Role.values, help="the most that it may do (default: what the person may)"
        )
        parser.add_argument(
            "--days",
            type=int,
            help="for how many days it is good, 1 to 3650, or 0 for no end (default: that of the team, mostly 30)",
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
        days = default_days(member.team) if options["days"] is None else options["days"]
        if not 0 <= days <= LONGEST:
            raise CommandError(f"--days must be 1 to {LONGEST}, or 0 for a token without end.")
        name = options["name"] or f"command line, {timezone.localdate():%d %b %Y}"
        end = timezone.now() + timedelta(days=days) if days else None
        role = Role(options["role"]) if options["role"] else None
        try:
            _, secret = tokens.create(
                team=member.team, user=member.user, name=name, role=role, expires_at=end
            )
        except LifetimeRefused as error:
            raise CommandError(f"--days {days}: {error}") from error
        self.stdout.write(secret)
