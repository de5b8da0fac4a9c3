"""What a part of the product has to tell people, announced without knowing who listens.

The end of a job is not announced here: `jobs.models.job_end` and the jobs' timelines have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.dispatch import Signal

from teams.models import Team, User

#: Sent by `announce` with `announcement`, inside the caller's transaction; the sender is Announcement.
announced = Signal()


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something that happened in a team.

    `kind` is a word such as "stage.waiting". `key`, at most 100 characters, names what happened: each key is told
    once. `title` and `reason` are sentences; the reason may be empty. `path` is the address of its page, from the
    slash on. `person` is whose it is, and `facts` are values of JSON for programs.
    """

    team: Team
    kind: str
    key: str
    title: str
    reason: str = ""
    path: str = ""
    person: User | None = None
    facts: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


def announce(announcement: Announcement) -> None:
    """Tell whoever listens. Call it in the transaction that makes it true: what listeners write is part of it."""
    announced.send(Announcement, announcement=announcement)
