"""Whether workers may still do for a person what the person asked for."""

from __future__ import annotations

from enum import StrEnum

from teams.models import Membership, Team, User


class LostRight(StrEnum):
    """Why a person may not run jobs or write data in a team any more: the predicate of a sentence about them."""

    DELETED = "is gone"
    LEFT_TEAM = "has left the team"
    SWITCHED_OFF = "may no longer sign in"
    VIEWER = "is viewer now and may not submit jobs"

    def sentence(self, person: User | None) -> str:
        """It as a sentence with the person's name."""
        return f"{person.label if person else 'Whoever began it'} {self}."


def find_operator(team: Team, person: User | None) -> Membership | LostRight:
    """The membership by which the person may run jobs and write data in the team now, or why they may not."""
    if person is None:
        return LostRight.DELETED
    member = Membership.objects.select_related("team", "user").filter(team=team, user=person).first()
    if member is None:
        return LostRight.LEFT_TEAM
    if not member.user.is_active:
        return LostRight.SWITCHED_OFF
    return member if member.can_operate else LostRight.VIEWER


def find_lost_right(team: Team, person: User | None) -> LostRight | None:
    """Why the person may not run jobs and write data in the team any more; None while they may."""
    member = find_operator(team, person)
    return member if isinstance(member, LostRight) else None
