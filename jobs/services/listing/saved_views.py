"""Saved views of the list of jobs: private unless their owner shares them with the team."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from jobs import queries
from jobs.filtering import FilterError
from jobs.models import DefaultView, SavedView
from jobs.services.errors import InvalidFields
from jobs.services.listing.job_list import Listing
from jobs.services.slugs import free_slug
from teams import activity
from teams.access import require
from teams.models import ApiToken, Membership, Role, Team, User
from teams.names import trouble_with_name

#: Views that one person may keep in a team.
MOST = 100
#: Characters of a view's name.
NAME_LENGTH = 60
#: Slugs that addresses use for the list without a view.
_RESERVED = ("all",)


def visible(team: Team, user: User) -> QuerySet[SavedView]:
    """The person's own views and the team's shared ones, by name. `is_default` marks the view that opens the list."""
    mine = DefaultView.objects.filter(view=OuterRef("pk"), user=user)
    rows = SavedView.objects.for_team(team).filter(Q(owner=user) | Q(shared=True))
    named = rows.select_related("owner").order_by("name", "id")
    return named.annotate(is_default=Exists(mine))  # type: ignore[no-redef]  # it says so itself


def count(view: SavedView, user: User) -> int:
    """The number of jobs that the view shows to the person, at most `queries.COUNTED` + 1."""
    job_filter = Listing.read_usable(view.state)[0].job_filter
    return queries.count(queries.jobs(view.team, job_filter.for_user(user)))


def may_change(view: SavedView, member: Membership) -> bool:
    """Whether the member may rename, change or delete the view: its owner, and admins if it is shared."""
    return view.owner_id == member.user_id or (view.shared and member.can_admin)


def save(
    member: Membership,
    name: str,
    state: Mapping[str, object],
    *,
    shared: bool = False,
    token: ApiToken | None = None,
) -> SavedView:
    """Save a state of the list under a new name.

    Raises InvalidFields for a wrong name or state, PermissionDenied if a viewer shares it.
    """
    if shared:
        require(member, Role.OPERATOR)
    name, parts = _name(name), _state(state)
    with transaction.atomic():
        if SavedView.objects.filter(team=member.team, owner=member.user).count() >= MOST:
            raise InvalidFields({"name": [f"There are {MOST} views of yours already; delete one first."]})
        view = SavedView.objects.create(
            team=member.team,
            owner=member.user,
            name=name,
            slug=free_slug(
                SavedView.objects.for_team(member.team), name, length=70, default="view", reserved=_RESERVED
            ),
            state=parts,
            shared=shared,
        )
        _tell(view, member, "view.shared" if shared else "view.saved", token)
    return view


def update(view: SavedView, member: Membership, state: Mapping[str, object]) -> None:
    """Replace the view's state. Raises InvalidFields, or PermissionDenied if the member may not change it."""
    _change(view, member, "view.updated", state=_state(state))


def rename(view: SavedView, member: Membership, name: str) -> None:
    """Rename the view; its address stays. Raises InvalidFields, PermissionDenied."""
    _change(view, member, "view.renamed", name=_name(name))


def share(view: SavedView, member: Membership, *, shared: bool) -> None:
    """Share the view with the whole team, or with nobody. Raises PermissionDenied."""
    if shared:
        require(member, Role.OPERATOR)
    _change(view, member, "view.shared" if shared else "view.unshared", shared=shared)
    if not shared:
        DefaultView.objects.filter(view=view).exclude(user=view.owner).delete()


def delete(view: SavedView, member: Membership, token: ApiToken | None = None) -> None:
    """Delete the view; it is nobody's default any more. Raises PermissionDenied."""
    check_change(view, member)
    with transaction.atomic():
        _tell(view, member, "view.deleted", token)
        view.delete()


def set_default(view: SavedView, member: Membership, *, on: bool) -> None:
    """Let the list open with this view for the member, or no longer. The member must see the view."""
    if on:
        DefaultView.objects.update_or_create(team=member.team, user=member.user, defaults={"view": view})
    else:
        DefaultView.objects.filter(view=view, user=member.user).delete()


def _change(view: SavedView, member: Membership, verb: str, **values: object) -> None:
    check_change(view, member)
    with transaction.atomic():
        SavedView.objects.filter(pk=view.pk).update(**values, changed_at=timezone.now())
        view.refresh_from_db()
        _tell(view, member, verb, None)


def check_change(view: SavedView, member: Membership) -> None:
    """Raise PermissionDenied where the member may not change the view."""
    if not may_change(view, member):
        raise PermissionDenied(
            f"“{view}” is {view.owner.label}'s; save it as a view of your own to change it."
        )


def _name(name: object) -> str:
    text = " ".join(name.split()) if isinstance(name, str) else ""
    if trouble := trouble_with_name(text, NAME_LENGTH):
        raise InvalidFields({"name": [trouble]})
    return text


def _state(state: Mapping[str, object]) -> dict[str, str]:
    try:
        return Listing.read(state).parts()
    except FilterError as error:
        raise InvalidFields(error.fields) from error


def _tell(view: SavedView, member: Membership, verb: str, token: ApiToken | None) -> None:
    activity.record(view.team, member.user, verb, view, token=token)
