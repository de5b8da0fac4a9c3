"""The menu of saved views above the list of jobs, and its actions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from jobs import queries
from jobs.models import SavedView
from jobs.services.errors import InvalidFields
from jobs.services.listing import saved_views
from jobs.services.listing.job_list import Listing
from teams import confirming
from teams.access import MemberRequest, member_required
from teams.confirming import Question

#: Views that have a tab above the list.
_TABS = 5


def menu(request: MemberRequest, listing: Listing, views: Iterable[SavedView]) -> dict[str, Any]:
    """The context of the menu: own views, shared views, and the view that the address names."""
    views = list(views)
    named_view = next((view for view in views if view.slug == request.GET.get("view")), None)
    return {
        "tabs": [(view, None) for view in shown_as_tabs(views, request)],
        "here": "" if named_view is None else named_view.slug,
        "own_views": [view for view in views if view.owner_id == request.user.pk],
        "shared_views": [view for view in views if view.owner_id != request.user.pk],
        "view": named_view,
        "view_changed": named_view is not None and named_view.state != listing.parts(),
        "may_change_view": named_view is not None and saved_views.may_change(named_view, request.member),
    }


@require_GET
@member_required()
def tabs(request: MemberRequest) -> HttpResponse:
    """The saved views as tabs with their numbers of jobs. The list loads them after its rows: a count may take long."""
    views = shown_as_tabs(saved_views.visible(request.team, request.user), request)
    counted = [(view, saved_views.count(view, request.user)) for view in views]
    open_view = request.GET.get("view", "")
    return render(
        request, "jobs/view_tabs.html", {"tabs": counted, "here": open_view, "counted": queries.COUNTED}
    )


def shown_as_tabs(views: Iterable[SavedView], request: MemberRequest) -> list[SavedView]:
    """The views that have a tab: the person's own ones first; the menu has all."""
    return sorted(views, key=lambda view: view.owner_id != request.user.pk)[:_TABS]


@require_POST
@member_required()
def save(request: MemberRequest) -> HttpResponse:
    """Save the present list under a new name."""
    query = request.POST.get("query", "")[:4000]
    try:
        shared = request.POST.get("shared") == "1"
        view = saved_views.save(request.member, request.POST.get("name", ""), _parts(query), shared=shared)
    except InvalidFields as error:
        return _back(request, query, error)
    if request.POST.get("default"):
        saved_views.set_default(view, request.member, on=True)
    messages.success(request, f"Saved as “{view}”{', and shared with the team' if view.shared else ''}.")
    return redirect(view.address)


@require_POST
@member_required()
def change(request: MemberRequest, slug: str) -> HttpResponse:
    """Update, rename, share or delete a view that the person sees, or make it the person's default."""
    view = get_object_or_404(saved_views.visible(request.team, request.user), slug=slug)
    member, action, query = (
        request.member,
        request.POST.get("action", ""),
        request.POST.get("query", "")[:4000],
    )
    try:
        if action == "update":
            saved_views.update(view, member, _parts(query))
        elif action == "rename":
            saved_views.rename(view, member, request.POST.get("name", ""))
        elif action in ("share", "unshare"):
            saved_views.share(view, member, shared=action == "share")
        elif action in ("default", "no-default"):
            saved_views.set_default(view, member, on=action == "default")
        elif action == "delete" and "sure" not in request.POST:
            saved_views.check_change(view, member)
            return confirming.ask(request, _delete_question(request, view))
        elif action == "delete":
            saved_views.delete(view, member)
            messages.success(request, f"“{view}” is deleted.")
            return redirect(f"{reverse('jobs')}?view=all")
    except InvalidFields as error:
        return _back(request, query, error)
    return redirect(view.address)


def _delete_question(request: MemberRequest, view: SavedView) -> Question:
    shared = "The whole team loses it" if view.shared else "You lose it"
    return Question(
        title=f"Delete the view {view}, made by {confirming.whose(view.owner, request.user)}?",
        says=f"{shared}, and it cannot be brought back. Jobs stay as they are.",
        button="Delete the view",
        action=reverse("change-view", args=[view.slug]),
        back=view.address,
        fields=(("action", "delete"), (confirming.SURE, 1)),
    )


def _back(request: MemberRequest, query: str, error: InvalidFields) -> HttpResponse:
    for name, texts in error.fields.items():
        messages.error(request, f"{name}: {' '.join(texts)}")
    return redirect(f"{reverse('jobs')}?{urlencode(parse_qsl(query))}")


def _parts(query: str) -> dict[str, object]:
    return {name: value for name, value in parse_qsl(query) if name != "view"}
