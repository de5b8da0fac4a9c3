"""The team's page: its name, its members and their roles."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from teams import confirming, mailing, members
from teams.access import MemberRequest, member_required
from teams.confirming import Question
from teams.members import Invited, Refused
from teams.models import ApiToken, Invitation, Membership, Role

#: What happens when somebody is no longer an admin.
_OFFERS_END = "Open invitations and unused sign-in links of the team end."


@require_GET
@member_required()
def team(request: MemberRequest) -> HttpResponse:
    """The team's members; admins see what they may change."""
    return _page(request)


@require_POST
@member_required(Role.ADMIN)
def rename(request: MemberRequest) -> HttpResponse:
    """Rename the team."""
    try:
        name = members.rename(request.team, request.POST.get("name", ""), by=request.user)
        messages.success(request, f"The team is called {name}.")
    except Refused as error:
        messages.error(request, str(error))
    return redirect("team")


@never_cache
@require_POST
@member_required(Role.ADMIN)
def invite(request: MemberRequest) -> HttpResponse:
    """Add or invite a person, and show their link once."""
    try:
        days = _days(request)
        invited = members.invite(
            request.team, request.POST.get("username", ""), _role(request), by=request.user, days=days
        )
    except Refused as error:
        return _page(
            request,
            invite_error=str(error),
            username=request.POST.get("username", ""),
            role=request.POST.get("role"),
            days=request.POST.get("days"),
        )
    return _with_link(request, invited)


@require_POST
@member_required(Role.ADMIN)
def change_role(request: MemberRequest, member_pk: int) -> HttpResponse:
    """Change a member's role; ask first if an admin loses the admin's rights."""
    member = _member(request, member_pk)
    try:
        role = _role(request)
        if member.can_admin and role != Role.ADMIN and not confirming.is_sure(request):
            members.check_not_last_admin(member)
            return confirming.ask(request, _demote_question(request, member, role))
        members.change_role(member, role, by=request.user)
        note = f" {_OFFERS_END}" if member.can_admin and role != Role.ADMIN else ""
        messages.success(request, f"{member.user.label} has the role {role.label.lower()} now.{note}")
    except Refused as error:
        messages.error(request, str(error))
    return redirect("team")


@require_http_methods(["GET", "POST"])
@member_required(Role.ADMIN)
def remove(request: MemberRequest, member_pk: int) -> HttpResponse:
    """Ask, then remove a person from the team."""
    member = _member(request, member_pk)
    if request.method == "GET":
        return confirming.ask(request, _remove_question(member))
    try:
        members.remove(member, by=request.user)
        messages.success(request, f"{member.user.label} is out of the team, and their tokens ended.")
    except Refused as error:
        messages.error(request, str(error))
        return redirect("team")
    return redirect("home" if member.user_id == request.user.pk else "team")


@never_cache
@require_POST
@member_required(Role.ADMIN)
def link(request: MemberRequest, member_pk: int) -> HttpResponse:
    """Show a new sign-in link for a member once."""
    member = _member(request, member_pk)
    try:
        link_path = members.new_link(member, by=request.user)
        return _with_link(request, Invited(member.user.label, link_path, joined=True))
    except Refused as error:
        messages.error(request, str(error))
        return redirect("team")


@require_http_methods(["GET", "POST"])
@member_required(Role.ADMIN)
def end_codes(request: MemberRequest, member_pk: int) -> HttpResponse:
    """Ask, then let a member sign in without a code."""
    member = _member(request, member_pk)
    if request.method == "GET":
        return confirming.ask(request, _codes_question(member))
    try:
        members.end_codes(member, by=request.user)
        messages.success(request, f"{member.user.label} signs in without a code now.")
    except Refused as error:
        messages.error(request, str(error))
    return redirect("team")


@require_POST
@member_required(Role.ADMIN)
def need_codes(request: MemberRequest) -> HttpResponse:
    """Ask all members for a code at sign-in, or no more."""
    needed = request.POST.get("needed") == "1"
    try:
        members.need_codes(request.team, needed, by=request.user)
        sentence = (
            "Members without codes are asked to set them up." if needed else "Codes are up to each member."
        )
        messages.success(request, sentence)
    except Refused as error:
        messages.error(request, str(error))
    return redirect("team")


def _codes_question(member: Membership) -> Question:
    return Question(
        title=f"Let {member.user.label} sign in without a code?",
        says="Their authenticator app and recovery codes end. Do so only if you are sure who asks you.",
        button="End their codes",
        action=reverse("member-codes", args=[member.pk]),
        back=reverse("team"),
    )


def _demote_question(request: MemberRequest, member: Membership, role: Role) -> Question:
    is_self = member.user_id == request.user.pk
    who = "yourself" if is_self else member.user.label
    become = f"Make {who} {'an operator' if role == Role.OPERATOR else 'a viewer'}"
    invited = [invitation.label for invitation in members.invitations(member.team)]
    return Question(
        title=f"{become}?",
        says=f"{'You' if is_self else 'They'} can no longer change connections, limits and members. {_OFFERS_END}",
        button=become,
        action=reverse("member-role", args=[member.pk]),
        back=reverse("team"),
        facts=(("Role now", Role(member.role).label), ("Open invitations", ", ".join(invited) or "none")),
        fields=(("role", role.value), (confirming.SURE, 1)),
    )


def _remove_question(member: Membership) -> Question:
    tokens = ApiToken.objects.filter(team=member.team, user=member.user, revoked_at=None).count()
    says = "They see nothing of the team any more, and their tokens for it end. Their jobs and what they did stay."
    if member.can_admin:
        says += f" {_OFFERS_END}"
    return Question(
        title=f"Remove {member.user.label} from {member.team}?",
        says=says,
        button=f"Remove {member.user.label}",
        action=reverse("member-remove", args=[member.pk]),
        back=reverse("team"),
        facts=(("Role", Role(member.role).label), ("Tokens", tokens)),
    )


@require_POST
@member_required(Role.ADMIN)
def withdraw(request: MemberRequest, invitation_pk: int) -> HttpResponse:
    """Withdraw an invitation."""
    invitation = _invitation(request, invitation_pk)
    members.withdraw(invitation, by=request.user)
    messages.success(request, f"The invitation of {invitation.label} is withdrawn.")
    return redirect("team")


@never_cache
@require_POST
@member_required(Role.ADMIN)
def renew(request: MemberRequest, invitation_pk: int) -> HttpResponse:
    """Send an invitation again: by mail, or with a new link that is shown once."""
    try:
        return _with_link(request, members.renew(_invitation(request, invitation_pk), by=request.user))
    except Refused as error:
        messages.error(request, str(error))
        return redirect("team")


def _with_link(request: MemberRequest, invited: Invited) -> HttpResponse:
    if not invited.link:
        messages.success(request, f"A mail with the link is on its way to {invited.label}.")
        return redirect("team")
    if invited.joined:
        advice = "It signs them in once, and is shown only now."
    else:
        advice = "They join with the link and the password of their account. It is shown only now."
    return _page(
        request,
        link=request.build_absolute_uri(invited.link),
        link_advice=f"Send this link to {invited.label}. {advice}",
    )


def _page(request: MemberRequest, **context: object) -> HttpResponse:
    lifetimes = [(str(days), label) for days, label in members.LIFETIMES.items()]
    context = {"days": "3", **context, "members": members.of(request.team), "roles": Role.choices}
    context |= {"lifetimes": lifetimes, "can_mail": mailing.can_send_links()}
    if request.member.can_admin:
        context["invitations"] = members.invitations(request.team)
    return render(request, "teams/team.html", context, status=400 if "invite_error" in context else 200)


def _member(request: MemberRequest, pk: int) -> Membership:
    member = Membership.objects.select_related("user", "team").filter(team=request.team, pk=pk).first()
    if member is None:
        raise Http404("There is no such member in this team.")
    return member


def _invitation(request: MemberRequest, pk: int) -> Invitation:
    invitation = members.invitations(request.team).filter(pk=pk).first()
    if invitation is None:
        raise Http404("There is no such invitation in this team.")
    return invitation


def _days(request: MemberRequest) -> int:
    """For how many days the invitation is good. Raises Refused."""
    chosen = {str(days): days for days in members.LIFETIMES}.get(request.POST.get("days", "3"))
    if chosen is None:
        raise Refused("Choose how long the link works.")
    return chosen


def _role(request: MemberRequest) -> Role:
    """The requested role. Raises Refused."""
    try:
        return Role(request.POST.get("role", ""))
    except ValueError as error:
        raise Refused("A role is viewer, operator or admin.") from error
