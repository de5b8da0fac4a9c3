"""`./deck seed_history --jobs 1000000 --teams 50`: a made-up history, to try the pages at size."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.services import seeding
from teams.models import Membership, Role, User

#: Jobs between two lines of progress.
_STEP = 100_000


class Command(BaseCommand):
    """Writes made-up jobs into teams of their own; refuses a database that has real ones."""

    help = "Write a made-up history of jobs, spread over a year and over teams of its own."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("--jobs", type=int, default=10_000, help="jobs to write (%(default)s)")
        parser.add_argument("--teams", type=int, default=5, help="teams to spread them over (%(default)s)")
        parser.add_argument("--join", metavar="USER", help="make this person an admin of the largest team")
        parser.add_argument(
            "--beside-real-jobs", action="store_true", help="write them although there are real jobs too"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check the arguments, write the jobs, and print the time that it took."""
        jobs, teams = options["jobs"], options["teams"]
        if not (jobs > 0 and 0 < teams <= 1000):
            raise CommandError("--jobs must be 1 or more, and --teams 1 to 1000.")
        if seeding.real_jobs() and not options["beside_real_jobs"]:
            raise CommandError(
                "This database has real jobs, and made-up ones among them cannot be taken out again by a command. "
                "Use another database, or say --beside-real-jobs."
            )
        person = self._person(options["join"])
        began = time.monotonic()
        team = seeding.seed(jobs, teams, tell=self._tell)
        if person is not None:
            Membership.objects.create(team=team, user=person, role=Role.ADMIN)
        self.stdout.write(f"{jobs:,} jobs in {teams} teams, in {time.monotonic() - began:.0f} s.")

    def _person(self, name: str | None) -> User | None:
        if not name:
            return None
        person = User.objects.filter(username=name).first()
        if person is None:
            raise CommandError(f"There is nobody with the user name {name}.")
        return person

    def _tell(self, count: int) -> None:
        if count % _STEP == 0:
            self.stdout.write(f"{count:,} written")
