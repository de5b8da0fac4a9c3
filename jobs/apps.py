from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = "Jobs"

    def ready(self) -> None:
        """Keep the triggers of sums by day across migrations."""
        pre_migrate.connect(_before_migrations, sender=self)
        post_migrate.connect(_after_migrations, sender=self)


def _before_migrations(plan: list[Any], **kwargs: Any) -> None:
    from jobs.lifecycle import summing  # it imports models

    if plan:
        summing.remove_triggers()


def _after_migrations(**kwargs: Any) -> None:
    from jobs.lifecycle import summing  # it imports models

    summing.make_triggers()
