"""Parquet converted to text: the question that says what is read and written, and how far it is.

Both are pages of their own, and panels of the dialog beside the new-job form, whose input then is what was written.
"""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jobs.models import Connection, Conversion
from jobs.models.conversion import TextFormat
from jobs.pages.connections import find_connection
from jobs.services.connections import browsing
from jobs.services.data import converting
from jobs.services.errors import InvalidFields, NotPossible, ObjectExists, Unavailable
from teams.access import MemberRequest, member_required
from teams.models import Role


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def convert(request: MemberRequest, slug: str) -> HttpResponse:
    """Say what a conversion of `path` reads and writes; a POST begins it."""
    connection = find_connection(request.team, slug)
    data = request.POST if request.method == "POST" else request.GET
    context = _context(request, connection, data)
    if request.method == "GET" and not context["path"]:
        return _question(request, context)
    try:
        if request.method == "POST":
            conversion = converting.begin(
                connection,
                context["path"],
                text_format=context["format"],
                header=context["format"] == TextFormat.CSV and context["header"],
                output=context["output"],
                replace=data.get("replace") == "on",
                by=request.user,
            )
            return _begun(request, conversion)
        context["plan"] = _plan(connection, context)
    except ObjectExists:
        # The question names them all.
        context["plan"] = _plan(connection, context)
        context["problem"] = "Tick that they are replaced, or write to another place."
        return _question(request, context, 409)
    except InvalidFields as error:
        context["problem"] = " ".join(text for texts in error.fields.values() for text in texts)
        return _question(request, context, 400)
    except (NotPossible, Unavailable) as error:
        context["problem"] = str(error)
        return _question(request, context, 409)
    return _question(request, context)


def _context(request: MemberRequest, connection: Connection, data: QueryDict) -> dict[str, Any]:
    path = data.get("path", "")
    chosen = data.get("format", TextFormat.JSON_LINES)
    return {
        "connection": connection,
        "path": path,
        "format": chosen,
        "formats": TextFormat.choices,
        "header": data.get("header") == "on",
        "output": data.get("output", "").strip(),
        "dialog": bool(getattr(request, "htmx", False)),
        "back": browsing.folder_of(path) or "s3://",
    }


def _plan(connection: Connection, context: dict[str, Any]) -> converting.ConversionPlan:
    return converting.plan(connection, context["path"], context["format"], context["output"])


def _question(request: MemberRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    if context["dialog"]:
        # htmx shows no answer that is an error.
        return render(request, "jobs/convert_panel.html", context)
    return render(request, "jobs/convert.html", context, status=status)


def _begun(request: MemberRequest, conversion: Conversion) -> HttpResponse:
    if getattr(request, "htmx", False):
        return render(request, "jobs/conversion_panel.html", _state_of(request, conversion))
    return redirect("conversion", slug=conversion.connection.slug, conversion=conversion.key)


@require_GET
@member_required(Role.OPERATOR)
def conversion(request: MemberRequest, slug: str, conversion: str) -> HttpResponse:
    """How far a conversion is; for a poll that part of the page only."""
    row = _find(request, slug, conversion)
    if getattr(request, "htmx", False):
        return render(request, "jobs/conversion_live.html", _state_of(request, row))
    return render(request, "jobs/conversion.html", _state_of(request, row))


def _state_of(request: MemberRequest, row: Conversion) -> dict[str, Any]:
    return {
        "conversion": row,
        "connection": row.connection,
        "percent": int(row.share * 100),
        "as_input": json.dumps(row.as_input),
        "dialog": bool(getattr(request, "htmx", False)) and "page" not in request.GET,
        "back": browsing.folder_of(row.source) or "s3://",
    }


@require_POST
@member_required(Role.OPERATOR)
def stop(request: MemberRequest, slug: str, conversion: str) -> HttpResponse:
    """Stop a conversion."""
    row = _find(request, slug, conversion)
    try:
        converting.stop(row, by=request.user)
    except NotPossible as error:
        if not getattr(request, "htmx", False):
            messages.error(request, str(error))
    if getattr(request, "htmx", False):
        return render(request, "jobs/conversion_live.html", _state_of(request, row))
    return redirect("conversion", slug=slug, conversion=conversion)


def _find(request: MemberRequest, slug: str, key: str) -> Conversion:
    connection = find_connection(request.team, slug)
    rows = Conversion.objects.for_team(request.team).select_related("user", "connection", "team")
    row = rows.filter(connection=connection, key=key).first()
    if row is None:
        raise Http404("There is no such conversion in this team.")
    return row
