"""Register a version of a group."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from deployments.registry.forms.forms import VersionForm
from deployments.registry.pages.finding import find_group
from deployments.registry.pages.unreachable import says_what_failed
from deployments.registry.services import versions
from jobs.pages.image_choices import image_choices
from jobs.services.errors import InvalidFields, NotPossible, Unavailable
from teams.access import MemberRequest, member_required
from teams.models import Role


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
@says_what_failed
def new_version(request: MemberRequest, slug: str, group: str) -> HttpResponse:
    """Register a version. Its image and archive are checked before anything is created."""
    connection, package_group = find_group(request.team, slug, group)
    form = VersionForm(_filled_in(request))
    if request.method == "POST" and form.is_valid():
        try:
            version = versions.register_version(connection, group, **form.values(), by=request.user)
        except InvalidFields as error:
            for name, texts in error.fields.items():
                form.add_error(name if name in form.fields else None, texts)
        except (Unavailable, NotPossible) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{group} version {version.number} is registered.")
            return redirect("registry-version", slug=slug, group=group, number=version.number)
    context = {
        "form": form,
        "connection": connection,
        "group": package_group,
        "images": image_choices([connection]),
        "has_engine": connection.is_engine,
    }
    return render(request, "registry/new_version.html", context, status=400 if form.errors else 200)


def _filled_in(request: MemberRequest) -> QueryDict | None:
    """The submitted fields; without scripts an empty image is filled in from the chosen framework."""
    if request.method != "POST":
        return None
    sent = request.POST.copy()
    if not sent.get("image") and not sent.get("containers", "").strip():
        sent["image"] = sent.get("framework", "")
    return sent
