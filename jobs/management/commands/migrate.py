"""Django's `migrate`, which refuses a database that this version must not migrate."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate

from jobs.services.newer_database import database_problem


class Command(migrate.Command):
    """Migrates the database to this version, unless it is of a newer or a too old one."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Check the database before anything is changed."""
        if problem := database_problem():
            raise CommandError(problem)
        super().handle(*args, **options)
