"""Who may do what: the current team of a request, and the role a view asks for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from teams import form_keys
from teams.models import Membership, Role, Team, User

SESSION_KEY = "team_id"
_P = ParamSpec("_P")


class MemberRequest(HttpRequest):
    """A request that passed `member_required`: someone is signed in and has a team."""

    user: User
    member: Membership
    team: Team


_View = Callable[Concatenate[MemberRequest, _P], HttpResponseBase]


def find_member(request: HttpRequest) -> Membership | None:
    """The membership for the team chosen in the session, else for the first team the person joined."""
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        return None
    mine = _open_memberships(user).select_related("team", "user").order_by("id")
    chosen = request.session.get(SESSION_KEY)
    return (mine.filter(team_id=chosen).first() if chosen else None) or mine.first()


def _open_memberships(user: User) -> QuerySet[Membership]:
    """The person's memberships, but those of teams that ask for an authenticator app if the person has none."""
    may_open = Q(team__needs_codes=False) | Q(user__second_factor__isnull=False)
    return Membership.objects.filter(may_open, user=user)


def closed_team(user: User, slug: str = "") -> Team | None:
    """A team of the person, by default any, that does not open before they have an authenticator app."""
    teams = Team.objects.filter(needs_codes=True, memberships__user=user)
    teams = teams.filter(memberships__user__second_factor=None)
    return teams.filter(slug=slug).first() if slug else teams.first()


def ask_for_codes(request: HttpRequest) -> HttpResponse:
    """To the page that sets up an authenticator app, saying why."""
    messages.info(request, "Your team asks for a code at sign-in. Set it up to open the team.")
    return redirect("codes")


def choose_team(request: HttpRequest, slug: str) -> bool:
    """Make the team with this slug current for the session; False if the person is not a member."""
    user = request.user
    member = _open_memberships(user).filter(team__slug=slug).first() if isinstance(user, User) else None
    if member is not None:
        request.session[SESSION_KEY] = member.team_id
    return member is not None


def require(member: Membership, needed: Role) -> None:
    """Raise PermissionDenied, with a sentence, unless the member's role allows what asks for `needed`."""
    if not member.allows(needed):
        raise PermissionDenied(
            f"This needs the role {needed.label.lower()}; you are {member.role} in {member.team}."
        )


def member_required(
    needed: Role = Role.VIEWER, *, draws_only: bool = False
) -> Callable[[_View[_P]], Callable[..., HttpResponseBase]]:
    """Decorator for a page that needs a sign-in, a team and a role; sets `request.member` and `request.team`.

    `draws_only` marks a page that only redraws a form and changes nothing, so that the form's key stays unused. Any
    other form with a key is done once, and only in the team in which it was opened. An address with a NUL
    character is a BadRequest: PostgreSQL cannot look for one.
    An object of another of the person's teams is opened in that team.
    """

    def decorate(view: _View[_P]) -> Callable[..., HttpResponseBase]:
        @login_required
        @wraps(view)
        def checked(request: Any, *args: _P.args, **kwargs: _P.kwargs) -> HttpResponseBase:
            if not request.member:
                if closed_team(request.user):
                    return ask_for_codes(request)
                raise PermissionDenied("You belong to no team yet. Ask a team's admin to add you.")
            if _is_of_another_team(request):
                return _refuse_team(request)
            require(request.member, needed)
            if any("\0" in str(value) for value in [*kwargs.values(), *request.GET.values()]):
                raise BadRequest("The address holds a NUL character.")
            request.team = request.member.team
            try:
                respond = partial(view, request, *args, **kwargs)
                if form_keys.has_key(request) and not draws_only:
                    return form_keys.respond_once(request, request.member, respond)
                return respond()
            except Http404:
                elsewhere = _team_with(request, needed, view, *args, **kwargs)
                if elsewhere is None:
                    raise
                choose_team(request, elsewhere.slug)
                messages.info(request, f"This belongs to {elsewhere}: you are in that team now.")
                return redirect(request.get_full_path())

        return checked

    return decorate


def _is_of_another_team(request: MemberRequest) -> bool:
    """Whether the form was opened while another team was the current one."""
    slug = request.POST.get(form_keys.TEAM_FIELD)
    return slug is not None and slug != request.member.team.slug


def _refuse_team(request: MemberRequest) -> HttpResponseBase:
    """A page that names both teams, with a button back to the form's team; a foreign team is not named."""
    slug = request.POST[form_keys.TEAM_FIELD]
    teams = {team.slug: team for team in Team.objects.filter(memberships__user=request.member.user)}
    return render(request, "teams/other_team.html", {"team": teams.get(slug)}, status=409)


def _team_with(
    request: MemberRequest, needed: Role, view: _View[_P], *args: _P.args, **kwargs: _P.kwargs
) -> Team | None:
    """The person's first other team in which this address is a page, or None.

    Only for an address that names something and that a person opens: a press changes no team, nor does a page in
    another tab that refreshes itself, a browser that loads ahead, or another site that nobody has pressed on.
    """
    # A link in web mail or a chat comes from another site; the browser says that a person pressed it.
    followed = (
        request.headers.get("Sec-Fetch-Site") != "cross-site" or request.headers.get("Sec-Fetch-User") == "?1"
    )
    opened = (
        request.headers.get("Sec-Fetch-Dest", "document") == "document"
        and followed
        and "prefetch" not in request.headers.get("Sec-Purpose", "")
        and "HX-Request" not in request.headers
    )
    if not kwargs or request.method != "GET" or not opened:
        return None
    current = request.member
    other_memberships = _open_memberships(request.user).exclude(pk=current.pk).select_related("team", "user")
    for member in other_memberships.order_by("id"):
        request.member, request.team = member, member.team
        try:
            require(member, needed)
            view(request, *args, **kwargs)
        except (Http404, PermissionDenied):
            continue
        return member.team
    request.member, request.team = current, current.team
    return None


__all__ = [
    "MemberRequest",
    "ask_for_codes",
    "choose_team",
    "closed_team",
    "find_member",
    "member_required",
    "require",
]
