"""Rows that belong to a team. Rows are read for a person only through `for_team`."""

from __future__ import annotations

from typing import Self, TypeVar

from django.db import models

from teams.models import Team

_Row = TypeVar("_Row", bound=models.Model)


class TeamQuerySet(models.QuerySet[_Row]):
    """A queryset of rows that have a `team`."""

    def for_team(self, team: Team) -> Self:
        """This team's rows. Every page, API answer and service starts from here."""
        return self.filter(team=team)
