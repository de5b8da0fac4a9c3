"""The groups of a connection, and the page of one group with its versions."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from deployments.models.approval_change import Approval
from deployments.registry.forms.forms import GroupForm
from deployments.registry.pages.finding import find_group
from deployments.registry.pages.unreachable import says_what_failed
from deployments.registry.services import groups as service
from deployments.registry.services import usage, versions
from jobs import queries
from jobs.services.errors import InvalidFields, NotPossible, Unavailable
from teams import confirming
from teams.access import MemberRequest, member_required
from teams.confirming import Question
from teams.models import Role


@require_GET
@member_required()
def groups(request: MemberRequest) -> HttpResponse:
    """The groups of one connection, by default the first, that match the search."""
    connections = list(queries.connections(request.team))
    slug, name = request.GET.get("connection", ""), request.GET.get("q", "").strip()[:63]
    connection = next(
        (row for row in connections if row.slug == slug), connections[0] if connections else None
    )
    context: dict[str, object] = {"connections": connections, "connection": connection, "q": name}
    if connection is not None:
        try:
            listing = service.list_groups(connection, name=name, after=request.GET.get("after", ""))
        except (Unavailable, NotPossible) as error:
            context["says"] = str(error)
        else:
            query = {"connection": connection.slug, "q": name}
            context["rows"] = listing.rows
            context["next"] = urlencode({**query, "after": listing.next}) if listing.next else ""
            context["is_first"] = not request.GET.get("after")
    return render(request, "registry/groups.html", context)


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def new_group(request: MemberRequest) -> HttpResponse:
    """Create a group."""
    posted = request.POST if request.method == "POST" else None
    form = GroupForm(request.team, posted, initial={"connection": request.GET.get("connection")})
    if request.method == "POST" and form.is_valid():
        connection = form.cleaned_data["connection"]
        try:
            name = service.create_group(
                connection,
                name=form.cleaned_data["name"],
                description=form.cleaned_data["description"],
                by=request.user,
            )
        except InvalidFields as error:
            for field, texts in error.fields.items():
                form.add_error(field if field in form.fields else None, texts)
        except (Unavailable, NotPossible) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"The group {name} is created. Register its first version.")
            return redirect("registry-group", slug=connection.slug, group=name)
    return render(request, "registry/new_group.html", {"form": form}, status=400 if form.errors else 200)


@require_GET
@member_required()
@says_what_failed
def group(request: MemberRequest, slug: str, group: str) -> HttpResponse:
    """One group: its versions, newest first, and where each is used."""
    connection, package_group = find_group(request.team, slug, group)
    approval = request.GET.get("approval", "")
    approval = approval if approval in Approval.values else ""
    after = request.GET.get("after", "")
    listing = versions.list_versions(connection, package_group, approval=approval, after=after)
    uses = usage.uses_of(connection, package_group.name)
    numbers = {row.version.number for row in listing.rows}
    page_uses = {number: use for number, use in uses.items() if number in numbers}
    counts = usage.job_counts(connection, page_uses)
    context = {
        "connection": connection,
        "group": package_group,
        "rows": [
            (row, page_uses.get(row.version.number), counts.get(row.version.number, 0))
            for row in listing.rows
        ],
        "counted": usage.COUNTED,
        "approval": approval,
        "approvals": Approval.choices,
        "next": urlencode({"approval": approval, "after": listing.next}) if listing.next else "",
        "is_first": not after,
        "deployments": service.deployments_of(connection, package_group.name),
    }
    return render(request, "registry/group.html", context)


@require_http_methods(["GET", "POST"])
@member_required(Role.ADMIN)
@says_what_failed
def delete_group(request: MemberRequest, slug: str, group: str) -> HttpResponse:
    """Ask, then delete a group without versions."""
    connection, package_group = find_group(request.team, slug, group)
    back = reverse("registry-group", args=[slug, group])
    if request.method == "POST":
        try:
            service.delete_group(connection, package_group, by=request.user)
        except (NotPossible, Unavailable) as error:
            messages.error(request, str(error))
            return redirect(back)
        messages.success(request, f"The group {group} is deleted.")
        return redirect(f"{reverse('registry')}?{urlencode({'connection': slug})}")
    overview = service.overview_of(connection, package_group.name)
    if overview.count:
        more = "at least " if overview.more else ""
        plural = "s" if overview.count > 1 else ""
        messages.error(
            request,
            f"{group} has {more}{overview.count:,} version{plural}. SageMaker deletes a group without versions only: "
            "delete them first.",
        )
        return redirect(back)
    question = Question(
        title=f"Delete the group {group}?",
        says=f"It is deleted in {connection.service} for everybody, with its description and tags. It has no versions.",
        button="Delete the group",
        action=reverse("delete-registry-group", args=[slug, group]),
        back=back,
        facts=(("Connection", connection.name),),
    )
    return confirming.ask(request, question)
