"""The pages about connections."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jobs import queries
from jobs.forms.connection import ConnectionForm
from jobs.services import connections as service
from jobs.services.errors import Unavailable
from teams.access import MemberRequest, member_required
from teams.models import Role


@require_GET
@member_required()
def connections(request: MemberRequest) -> HttpResponse:
    """Where the team's jobs run."""
    context = {
        "connections": queries.connections(request.team),
        "can_admin": request.member.allows(Role.ADMIN),
    }
    return render(request, "jobs/connections.html", context)


@require_http_methods(["GET", "POST"])
@member_required(Role.ADMIN)
def new_connection(request: MemberRequest) -> HttpResponse:
    """Add an AWS connection."""
    form = ConnectionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = form.create(request.team, request.user)
        if made is not None:
            messages.success(request, f"{made.name} is added. Test it before its first job.")
            return redirect("connections")
    return render(request, "jobs/new_connection.html", {"form": form}, status=400 if form.errors else 200)


@require_POST
@member_required()
def test_connection(request: MemberRequest, slug: str) -> HttpResponse:
    """Ask the other side who we are, and say what it said."""
    connection = queries.connections(request.team).filter(slug=slug).first()
    if connection is None:
        raise Http404("There is no such connection in this team.")
    try:
        account = service.test(connection)
    except Unavailable as error:
        messages.error(request, f"{connection.name}: {error}")
    else:
        messages.success(request, f"{connection.name} answers as account {account}.")
    return redirect("connections")
