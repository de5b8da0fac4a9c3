"""The schedule that an address names."""

from __future__ import annotations

from django.http import Http404

from schedules.models import Schedule
from schedules.services.listing import schedules_of
from teams.models import Team


def find_schedule(team: Team, slug: str) -> Schedule:
    """The team's schedule of this slug; Http404 for any other team's."""
    schedule = schedules_of(team).filter(slug=slug).first()
    if schedule is None:
        raise Http404("There is no such schedule in this team.")
    return schedule
