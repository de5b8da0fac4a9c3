"""Approve or reject a version."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_POST

from deployments.models.approval_change import Approval
from deployments.registry.forms.forms import ApprovalForm
from deployments.registry.pages.finding import find_version
from deployments.registry.pages.unreachable import says_what_failed
from deployments.registry.services import versions
from deployments.registry.services.versions import PackageVersion, VersionInUse
from jobs.services.errors import InvalidFields, NotPossible, Unavailable
from teams import confirming
from teams.access import MemberRequest, member_required
from teams.confirming import Question
from teams.models import Role


@require_POST
@member_required(Role.OPERATOR)
@says_what_failed
def approve(request: MemberRequest, slug: str, group: str, number: int) -> HttpResponse:
    """Approve or reject a version with a note. Asks first about one that is used or that a colleague approved."""
    connection, _, version = find_version(request.team, slug, group, number)
    form = ApprovalForm(request.POST)
    back = redirect("registry-version", slug=slug, group=group, number=number)
    if not form.is_valid():
        messages.error(request, " ".join(f"{name}: {texts[0]}" for name, texts in form.errors.items()))
        return back
    status, note = form.cleaned_data["status"], form.cleaned_data["note"]
    try:
        versions.set_approval(
            connection,
            version,
            status,
            note=note,
            before=form.cleaned_data["before"],
            sure=confirming.is_sure(request),
            by=request.user,
        )
    except VersionInUse as error:
        return confirming.ask(request, _question(request, slug, version, Approval(status), note, error))
    except InvalidFields as error:
        messages.error(request, " ".join(text for texts in error.fields.values() for text in texts))
    except (NotPossible, Unavailable) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{group} version {number} is {_WORDS[Approval(status)]}.")
    return back


_WORDS = {
    Approval.APPROVED: "approved",
    Approval.REJECTED: "rejected",
    Approval.PENDING: "waiting for approval again",
}


def _question(
    request: MemberRequest,
    slug: str,
    version: PackageVersion,
    status: Approval,
    note: str,
    error: VersionInUse,
) -> Question:
    facts: list[tuple[str, object]] = []
    if error.approver:
        facts.append(("Approved by", error.approver))
    facts += [("Runs in", stage.label) for stage in error.use.stages]
    facts += [("On its way into", stage.label) for stage in error.use.arriving]
    if error.use.models:
        facts.append(("Models made from it", ", ".join(model.name for model in error.use.models)))
    verb = "Reject" if status == Approval.REJECTED else "Withdraw the approval of"
    says = (
        f"{capfirst(error.use.words)}. These go on as they are, but nothing new is promoted from it."
        if error.use.is_used
        else "No model and no stage uses it."
    )
    return Question(
        title=f"{verb} {version.group} version {version.number}?",
        says=f"{says} Everybody who looks for approved versions no longer finds it.",
        button="Reject it" if status == Approval.REJECTED else "Withdraw the approval",
        action=reverse("registry-approval", args=[slug, version.group, version.number]),
        back=reverse("registry-version", args=[slug, version.group, version.number]),
        facts=tuple(facts),
        fields=((confirming.SURE, 1), ("status", status.value), ("note", note), ("before", version.approval)),
    )
