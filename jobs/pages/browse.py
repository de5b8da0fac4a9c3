"""Choose an input or output in S3: a panel beside the new-job form, or a page that keeps the form's values."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from jobs import queries
from jobs.models import Connection
from jobs.services.connections import browsing
from jobs.services.errors import InvalidFields, NotPossible, Unavailable
from teams.access import MemberRequest, member_required
from teams.models import Role
from teams.whole_numbers import parse_whole_number

_FIELD = re.compile(r"[\w.-]{1,80}")
#: The form of the new-job page; other pages name theirs.
_FORM = "job-form"
#: The panel's own fields; all other fields belong to the form that opened it.
_OWN = {
    "csrfmiddlewaretoken",
    "field",
    "form",
    "on",
    "path",
    "typed",
    "after",
    "peek",
    "part",
    "fix",
    "check",
}


@member_required(Role.OPERATOR)
@require_http_methods(["GET", "POST"])
def browse(request: MemberRequest) -> HttpResponse:
    """One level of a bucket and what its URI matches as a prefix; `peek` previews an object.

    A POST carries the new-job form's values, which go back to the form with the chosen URI.
    """
    data = request.POST if request.method == "POST" else request.GET
    field = data.get("field", "")
    if not (_FIELD.fullmatch(field) and browsing.path_kind(field)):
        field = "data"
    form = data.get("form", "") if _FIELD.fullmatch(data.get("form", "")) else _FORM
    kind = browsing.path_kind(field)
    connections = list(queries.connections(request.team))
    connection = _connection(request, connections, data)
    path = data["path"] if "path" in data else data.get("typed", data.get(field, "")).strip()
    dialog = bool(getattr(request, "htmx", False))
    location = {"field": field, "on": connection.slug if connection else ""}
    location |= {"form": form} if form != _FORM else {}
    context: dict[str, Any] = {
        "field": field,
        "what": kind,
        "form_id": form,
        "takes_folder": kind not in browsing.FILE_KINDS,
        "takes_object": kind != "output",
        "connections": connections,
        "connection": connection,
        "path": path,
        "dialog": dialog,
        "here": f"{reverse('browse')}?{urlencode(location)}",
        "there": f"{reverse('browse')}?{urlencode({**location, 'path': path})}",
        "carried": _carried(data) if request.method == "POST" else [],
        "way_back": f"{reverse('new-job')}?{_way(request.GET)}".rstrip("?"),
        "way_on": f"{reverse('browse')}?{_way(request.GET)}".rstrip("?"),
    }
    if connection:
        context |= _look(connection, path, data, matches=not dialog or data.get("part") == "matches")
    if dialog and data.get("part") == "matches":
        return render(request, "jobs/browse_matches.html", context)
    return render(request, "jobs/browse_panel.html" if dialog else "jobs/browse.html", context)


def _look(connection: Connection, path: str, data: QueryDict, *, matches: bool) -> dict[str, Any]:
    """The panel's content, or an error sentence in its place."""
    try:
        if peeked := str(data.get("peek", "")):
            return {"peeked": peeked, "preview": browsing.peek(connection, peeked)}
        if data.get("part") == "matches":
            return {"matches": browsing.matches(connection, path)}
        listing = browsing.browse(connection, path, data.get("after", ""))
        matches_of_prefix = (
            browsing.matches(connection, listing.path) if matches and not listing.buckets else None
        )
    except InvalidFields as error:
        return {"trouble": " ".join(error.fields["path"])}
    except (NotPossible, Unavailable) as error:
        return {"trouble": str(error)}
    return {"listing": listing, "matches": matches_of_prefix, "folder": browsing.folder_of(listing.path)}


def _connection(request: MemberRequest, connections: list[Connection], data: QueryDict) -> Connection | None:
    """The chosen connection, else that of the form or of its model, else the first."""
    by_name = {
        name: connection for connection in connections for name in (connection.slug, str(connection.pk))
    }
    chosen = by_name.get(data.get("on", "")) or by_name.get(data.get("connection", ""))
    model_id = parse_whole_number(data.get("model", ""))
    if chosen is None and model_id is not None:
        model_row = queries.models(request.team).filter(pk=model_id).first()
        chosen = model_row.connection if model_row else None
    return chosen or next(iter(connections), None)


def _carried(data: QueryDict) -> list[tuple[str, str]]:
    return [(name, value) for name, values in data.lists() if name not in _OWN for value in values]


def _way(query: QueryDict) -> str:
    """The query of the new-job page, such as the job to clone."""
    form_query = query.copy()
    for name in _OWN | {"model", "connection", *browsing.PATH_KINDS}:
        form_query.pop(name, None)
    return form_query.urlencode()
