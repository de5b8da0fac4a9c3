"""`./deck check_sums`: compares the sums by day with the jobs that they are made of."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.lifecycle import summing
from teams.models import Team

#: Differences that are printed for a team.
_PRINTED = 10


class Command(BaseCommand):
    """Compares the sums of every team with its jobs; `--repair` writes those that differ again."""

    help = "Compare the sums by day, which costs and trends are read from, with the jobs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("--repair", action="store_true", help="write the sums of teams that differ again")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what differs; an error if something does and is not repaired."""
        wrong = 0
        for team in Team.objects.order_by("slug"):
            differing = summing.differences(team.pk)
            if not differing:
                continue
            wrong += 1
            self.stdout.write(f"{team.slug}: {len(differing):,} sums differ from its jobs.")
            for line in differing[:_PRINTED]:
                self.stdout.write(f"  {line}")
            if options["repair"]:
                summing.fill(team.pk)
                self.stdout.write("  written again")
        if wrong and not options["repair"]:
            raise CommandError("Say --repair to write these sums again.")
        if not wrong:
            self.stdout.write("All sums are those of the jobs.")
