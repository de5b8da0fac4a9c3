"""A person's keys to the engine, with the exports that point AWS clients at it."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from jobs.models import Connection, EngineKey
from jobs.pages.connections import find_connection
from jobs.services.connections import member_keys
from jobs.services.connections.member_keys import NewEngineKey
from jobs.services.errors import InvalidFields, NotPossible
from teams import confirming
from teams.access import MemberRequest, member_required, require
from teams.confirming import Question, whose
from teams.models import Role

_PAGE_SIZE = 200


@never_cache
@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def engine_keys(request: MemberRequest, slug: str) -> HttpResponse:
    """List the person's keys, or the team's for an admin; a POST makes a key and shows its secret."""
    connection = find_connection(request.team, slug)
    if request.method == "GET":
        return _page(request, connection)
    name = request.POST.get("name", "").strip()
    try:
        new_key = member_keys.make(
            connection, name=name, reads_only=request.POST.get("may") == "read", by=request.user
        )
    except InvalidFields as error:
        return _page(request, connection, problem=" ".join(error.fields["name"]), name=name, status=400)
    except NotPossible as error:
        return _page(request, connection, problem=str(error), name=name, status=409)
    return _page(request, connection, new_key=new_key)


def _page(
    request: MemberRequest,
    connection: Connection,
    *,
    status: int = 200,
    new_key: NewEngineKey | None = None,
    problem: str = "",
    name: str = "",
) -> HttpResponse:
    keys = member_keys.keys_of(request.member, connection)
    context = {
        "connection": connection,
        "keys": keys.order_by(F("revoked_at").desc(nulls_first=True), "-pk")[:_PAGE_SIZE],
        "new_key": new_key,
        "problem": problem,
        "name": name,
    }
    return render(request, "jobs/engine_keys.html", context, status=status)


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def revoke(request: MemberRequest, slug: str, engine_key: str) -> HttpResponse:
    """Ask, then revoke a key: the person's own, or for an admin any of the team's."""
    connection = find_connection(request.team, slug)
    rows = EngineKey.objects.for_team(request.team).filter(connection=connection, key=engine_key)
    row = rows.select_related("user", "connection", "team").first()
    if row is None:
        raise Http404("There is no such key in this team.")
    if row.user_id != request.user.pk:
        require(request.member, Role.ADMIN)
    if request.method == "GET":
        return confirming.ask(request, _revoke_question(request, row))
    try:
        member_keys.revoke(row, by=request.user)
    except NotPossible as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"The key {row.name} is revoked.")
    return redirect("engine-keys", slug=slug)


def _revoke_question(request: MemberRequest, row: EngineKey) -> Question:
    return Question(
        title=f"Revoke the key {row.name}, made by {whose(row.user, request.user)}?",
        says="Programs that use it are refused from now on. It cannot be brought back.",
        button="Revoke the key",
        action=reverse("engine-key-revoke", args=[row.connection.slug, row.key]),
        back=reverse("engine-keys", args=[row.connection.slug]),
        facts=(("Access key", row.access_key_id),),
    )
