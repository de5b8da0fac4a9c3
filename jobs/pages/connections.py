"""The pages of connections."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jobs import queries
from jobs.forms.connection import ConnectionForm, LimitsForm
from jobs.models import Connection, RegisteredModel
from jobs.services.connections import aws_setup, limits, permissions
from jobs.services.connections import connections as service
from jobs.services.errors import NotPossible, Unavailable
from teams import confirming
from teams.access import MemberRequest, member_required, require
from teams.confirming import Question
from teams.models import Role, Team


@require_GET
@member_required()
def connections(request: MemberRequest) -> HttpResponse:
    """List the team's connections."""
    return render(request, "jobs/connections.html", {"connections": queries.connections(request.team)})


@require_http_methods(["GET", "POST"])
@member_required(Role.ADMIN)
def new_connection(request: MemberRequest) -> HttpResponse:
    """Add an AWS connection."""
    form = ConnectionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        new = form.create(request.team, request.user)
        if new is not None:
            messages.success(request, f"{new.name} is added.")
            return _tested(request, new)
    values = form.cleaned_data if form.is_bound else {}
    context = {"form": form, "setup": aws_setup.setup_of_fields(values)}
    return render(request, "jobs/new_connection.html", context, status=400 if form.errors else 200)


@require_POST
@member_required(Role.ADMIN, draws_only=True)
def connection_setup(request: MemberRequest) -> HttpResponse:
    """The policies to copy for the form as it is typed."""
    form = ConnectionForm(request.POST)
    form.is_valid()
    return render(
        request, "jobs/connection_setup.html", {"setup": aws_setup.setup_of_fields(form.cleaned_data)}
    )


@require_http_methods(["GET", "POST"])
@member_required()
def connection(request: MemberRequest, slug: str) -> HttpResponse:
    """A connection's limits and last test; admins change its name and limits here."""
    connection_row = find_connection(request.team, slug)
    if request.method == "POST":
        require(request.member, Role.ADMIN)
    start = {name: getattr(connection_row, name) for name in service.CHANGEABLE}
    form = LimitsForm(request.POST if request.method == "POST" else None, initial=start)
    form.leave_out(connection_row)
    if request.method == "POST" and form.is_valid() and form.change(connection_row, request.user):
        messages.success(request, f"{connection_row.name} is changed.")
        return _tested(request, connection_row)
    context = {
        "form": form,
        "connection": connection_row,
        "limits": limits.of(connection_row),
        "report": permissions.last(connection_row),
        # It names the external id.
        "setup": aws_setup.setup_of(connection_row)
        if request.member.can_admin and not connection_row.is_engine
        else None,
        "confinement_gaps": service.confinement_gaps(connection_row),
    }
    return render(request, "jobs/connection.html", context, status=400 if form.errors else 200)


@require_POST
@member_required()
def test_connection(request: MemberRequest, slug: str) -> HttpResponse:
    """Test the calls that the connection is needed for, and show the results."""
    return _tested(request, find_connection(request.team, slug))


def _tested(request: MemberRequest, connection: Connection) -> HttpResponse:
    """Test the connection, say how it went, and lead to its page, which has the results. What was saved stays."""
    report = permissions.test(connection)
    if not report.reached:
        messages.error(request, f"{connection.name}: {report.lines[0].says}")
    elif report.denied or report.unreachable:
        messages.error(request, f"{connection.name} answers, but not everything works.")
    else:
        messages.success(request, f"{connection.name} answers as account {report.account}; everything works.")
    return redirect("connection", slug=connection.slug)


@require_http_methods(["GET", "POST"])
@member_required(Role.ADMIN)
def remove_connection(request: MemberRequest, slug: str) -> HttpResponse:
    """Ask, then remove a connection; its jobs stay."""
    connection_row = find_connection(request.team, slug)
    if request.method == "GET":
        return confirming.ask(request, _remove_question(connection_row))
    try:
        service.remove(connection_row, by=request.user)
    except NotPossible as error:
        messages.error(request, str(error))
        return redirect("connection", slug=slug)
    messages.success(request, f"{connection_row.name} is removed. Its jobs stay in the list.")
    return redirect("connections")


def _remove_question(connection: Connection) -> Question:
    jobs, models = connection.jobs.count(), RegisteredModel.objects.filter(connection=connection).count()
    return Question(
        title=f"Remove the connection {connection.name}?",
        says="The team can submit nothing to it any more, and its models leave the lists. Its jobs stay. "
        "Nothing is deleted in AWS.",
        button="Remove the connection",
        action=reverse("remove-connection", args=[connection.slug]),
        back=reverse("connection", args=[connection.slug]),
        facts=(("Jobs", f"{jobs:,}"), ("Models", f"{models:,}")),
    )


@require_POST
@member_required(Role.ADMIN)
def read_quotas(request: MemberRequest, slug: str) -> HttpResponse:
    """Read the account's quotas now."""
    connection_row = find_connection(request.team, slug)
    try:
        limits.read_quotas(connection_row)
    except Unavailable as error:
        messages.error(request, f"The quotas could not be read: {error}")
    else:
        messages.success(request, f"The quotas of {connection_row.name} are read.")
    return redirect("connection", slug=connection_row.slug)


def find_connection(team: Team, slug: str) -> Connection:
    """The team's connection with this slug; raises Http404 if it has none."""
    connection_row = queries.connections(team).filter(slug=slug).first()
    if connection_row is None:
        raise Http404("There is no such connection in this team.")
    return connection_row
