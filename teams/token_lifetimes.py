"""How long an API token may be good: by settings of the installation, and of a team that wants less."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from teams import activity
from teams.announcing import Announcement, announce
from teams.members import Refused, check_admin
from teams.models import ApiToken, Team, User
from teams.whole_numbers import parse_whole_number

#: Days that the form offers where they are allowed; 0 is without end.
OFFERED = (7, 30, 90, 365, 0)
#: More days than any token needs.
MOST_DAYS = 3650
#: So long before its end a token's owner is warned.
WARNED_BEFORE = timedelta(days=7)
#: Tokens that one round warns of.
_AT_ONCE = 500
#: The check of an end allows for the time between the form and the check.
_LEEWAY = timedelta(minutes=5)
_NAMES = {365: "a year", 0: "no end"}


class LifetimeRefused(Refused):
    """The token would be good for longer than the installation or the team allows."""


def longest_days(team: Team) -> int:
    """The most days for which a token of the team may be good; 0 without a limit."""
    limits = [days for days in (settings.TOKEN_MAX_DAYS, team.token_max_days or 0) if days]
    return min(limits, default=0)


def default_days(team: Team) -> int:
    """The days that a new token is good for if nobody chooses; 0 is without end."""
    longest, days = longest_days(team), settings.TOKEN_DAYS
    return longest if longest and not 0 < days <= longest else days


def choices(team: Team) -> list[tuple[str, str]]:
    """The lifetimes that may be chosen, as days and words, the shortest first."""
    longest = longest_days(team)
    days = {*(days for days in OFFERED if not longest or 0 < days <= longest), default_days(team), longest}
    allowed = sorted(days - {0}) + ([] if longest else [0])
    return [
        (str(number), _NAMES.get(number, f"{number} day{'' if number == 1 else 's'}")) for number in allowed
    ]


def parse_days(team: Team, text: str) -> int:
    """The days of a form or request. Raises LifetimeRefused for what is no number of days or too long."""
    days = parse_whole_number(text)
    if days is None or days > MOST_DAYS:
        raise LifetimeRefused(f"It must be a whole number of days from 1 to {MOST_DAYS:,}, or 0 for no end.")
    check(team, timezone.now() + timedelta(days=days) if days else None)
    return days


def check(team: Team, end: datetime | None) -> None:
    """Raises LifetimeRefused if a token of the team may not be good until then; None is without end."""
    longest = longest_days(team)
    if longest and (end is None or end > timezone.now() + timedelta(days=longest) + _LEEWAY):
        whose = f"the team {team}" if longest == team.token_max_days else "this installation"
        raise LifetimeRefused(
            f"A token of {whose} is good for {longest} day{'' if longest == 1 else 's'} at most."
        )


def set_longest(team: Team, text: str, *, by: User) -> None:
    """Set the team's own limit in days, or none for an empty text. Tokens that there are stay as they are.

    Raises Refused for what is no number of days, and for more than the installation allows.
    """
    days = parse_whole_number(text) if text.strip() else 0
    most = settings.TOKEN_MAX_DAYS or MOST_DAYS
    if days is None or days > most or (text.strip() and not days):
        raise Refused(
            f"It must be a whole number of days from 1 to {most:,}, or empty for no limit of the team."
        )
    with transaction.atomic():
        check_admin(team, by)
        before = activity.values_of(team)
        team.token_max_days = days or None
        team.save(update_fields=["token_max_days"])
        activity.record(team, by, "team.token_limit_set", team, label=team.name, before=before)


def is_ending(token: ApiToken) -> bool:
    """Whether the token can still be used and ends soon."""
    return token.usable and token.expires_at is not None and token.expires_at - timezone.now() < WARNED_BEFORE


def announce_endings() -> int:
    """Announce each token that ends soon, once; returns how many."""
    now = timezone.now()
    rows = ApiToken.objects.filter(
        revoked_at=None, warned_at=None, expires_at__gt=now, expires_at__lt=now + WARNED_BEFORE
    )
    count = 0
    for token in rows.select_related("team", "user").order_by("expires_at")[:_AT_ONCE]:
        with transaction.atomic():
            # One that was made for a few days is on the page alone.
            if ApiToken.objects.filter(pk=token.pk, warned_at=None).update(warned_at=now):
                count += _announce(token)
    return count


def _announce(token: ApiToken) -> int:
    assert token.expires_at is not None
    if token.expires_at - token.created_at <= WARNED_BEFORE:
        return 0
    name = token.name or f"{token.prefix}…"
    announce(
        Announcement(
            team=token.team,
            kind="token.ending",
            key=f"token-{token.pk}-ending",
            title=f"The API token {name} ends on {token.expires_at:%d %b %Y}",
            reason="Make a new one and change the scripts that use it; what is signed with it is refused after that.",
            path="/team/tokens/",
            person=None if token.user.is_service else token.user,
            facts={"token": name, "expires_at": token.expires_at.isoformat(timespec="seconds")},
        )
    )
    return 1
