"""`migrate`: Django's, but for a database that a newer version has migrated."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate

from jobs.services.newer_database import newer_migrations, sentence


class Command(migrate.Command):
    """Brings the database up to this version; refuses one that is beyond it."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Look before anything is changed."""
        if newer := newer_migrations():
            raise CommandError(sentence(newer))
        super().handle(*args, **options)
