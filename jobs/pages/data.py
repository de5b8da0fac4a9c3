"""The Data page: the buckets of a connection, their folders and objects, and what people do with them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jobs.models import Connection, Upload
from jobs.pages.connections import find_connection
from jobs.services.connections import browsing
from jobs.services.data import converting, deleting, downloading, folders, reading_rights, uploading
from jobs.services.data.deleting import Loss
from jobs.services.data.download_response import download_response
from jobs.services.errors import InvalidFields, NoSuchObject, NotPossible, Unavailable
from jobs.services.texts import filesize
from teams import confirming
from teams.access import MemberRequest, member_required
from teams.confirming import Question
from teams.models import Role

#: The person's unfinished uploads that the page shows.
_UNFINISHED = 20
_ROOT = "s3://"


@require_GET
@member_required()
def first(request: MemberRequest) -> HttpResponse:
    """The buckets of the first connection that the person may read; a page that says so without one."""
    if not reading_rights.reads_any(request.member):
        raise PermissionDenied(
            "Viewers may not read data here. An admin can allow it in the settings of a connection."
        )
    connection = reading_rights.readable_connections(request.member).first()
    return _listing(request, connection) if connection else render(request, "jobs/data.html", {})


@require_GET
@member_required()
def listing(request: MemberRequest, slug: str) -> HttpResponse:
    """One level of a bucket, 200 names at a time; `find` narrows it to a beginning, `peek` previews an object.

    With `part=sum` only the number and bytes of all objects below.
    """
    return _listing(request, _find_readable(request, slug))


def _find_readable(request: MemberRequest, slug: str) -> Connection:
    """The team's connection, if the person may read its data."""
    connection = find_connection(request.team, slug)
    reading_rights.check_reading(request.member, connection)
    return connection


def _listing(request: MemberRequest, connection: Connection) -> HttpResponse:
    path, find = request.GET.get("path", _ROOT), request.GET.get("find", "")
    context: dict[str, Any] = {
        "connection": connection,
        "connections": list(reading_rights.readable_connections(request.member)),
        "path": path,
        "find": find,
        "may_write": request.member.can_operate,
        "may_delete": request.member.can_operate and deleting.may_delete(connection),
    }
    try:
        if request.GET.get("part") == "sum":
            return render(request, "jobs/data_sum.html", {"matches": browsing.matches(connection, path)})
        if peeked := request.GET.get("peek", ""):
            context |= {"peeked": peeked, "preview": browsing.peek(connection, peeked)}
        page = browsing.browse(connection, path + find, request.GET.get("after", ""))
    except InvalidFields as error:
        return _page(request, {**context, "trouble": " ".join(error.fields["path"])}, 400)
    except (NotPossible, Unavailable) as error:
        return _page(request, {**context, "trouble": str(error)})
    return _page(request, {**context, "listing": page, "folder": browsing.folder_of(page.path)})


def _page(request: MemberRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    if request.GET.get("part") == "sum":
        return render(request, "jobs/data_sum.html", context)
    if request.member.can_operate:
        context |= _work_under_way(request, context["connection"])
    return render(request, "jobs/data.html", context, status=status)


def _work_under_way(request: MemberRequest, connection: Connection) -> dict[str, Any]:
    """The person's unfinished uploads and the latest conversions."""
    unfinished = Upload.objects.for_team(request.team).filter(user=request.user, connection=connection)
    return {
        "unfinished": unfinished.order_by("-pk")[:_UNFINISHED],
        "conversions": converting.recent(connection),
    }


@require_GET
@member_required()
def download(request: MemberRequest, slug: str) -> HttpResponseBase:
    """The bytes of an object, as a file."""
    connection = _find_readable(request, slug)
    try:
        remainder = downloading.Remainder.of(request.headers)
        return download_response(downloading.download(connection, request.GET.get("path", ""), remainder))
    except InvalidFields as error:
        raise Http404(" ".join(error.fields["path"])) from error
    except NoSuchObject as error:
        raise Http404(str(error)) from error
    except (NotPossible, Unavailable) as error:
        messages.error(request, str(error))
        return redirect(_address(connection, _ROOT))


@require_POST
@member_required(Role.OPERATOR)
def make_bucket(request: MemberRequest, slug: str) -> HttpResponse:
    """Create a bucket on an engine."""
    connection = find_connection(request.team, slug)
    try:
        new_uri = folders.make_bucket(connection, request.POST.get("name", "").strip(), by=request.user)
    except (InvalidFields, NotPossible, Unavailable) as error:
        return _refused(request, connection, _ROOT, error)
    return redirect(_address(connection, new_uri))


@require_POST
@member_required(Role.OPERATOR)
def make_folder(request: MemberRequest, slug: str) -> HttpResponse:
    """Create a folder below the one that is shown."""
    connection, path = find_connection(request.team, slug), request.POST.get("path", "")
    try:
        new_uri = folders.make_folder(connection, path, request.POST.get("name", "").strip(), by=request.user)
    except (InvalidFields, NotPossible, Unavailable) as error:
        return _refused(request, connection, path, error)
    return redirect(_address(connection, new_uri))


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def delete(request: MemberRequest, slug: str) -> HttpResponse:
    """Ask, then delete an object or all that is below a folder."""
    connection = find_connection(request.team, slug)
    path = (request.POST if request.method == "POST" else request.GET).get("path", "")
    back = _parent_of(path)
    try:
        if request.method == "GET":
            return confirming.ask(request, _delete_question(connection, deleting.count(connection, path)))
        until = _moment(request.POST.get("counted_at", ""))
        loss = deleting.delete(connection, path, until=until, by=request.user)
    except (InvalidFields, NotPossible, Unavailable) as error:
        return _refused(request, connection, back, error)
    text = f"{_counted(loss)} deleted from {loss.uri}."
    messages.success(request, f"{text} More is left: delete it again to go on." if loss.more else text)
    return redirect(_address(connection, back))


def _moment(text: str) -> datetime:
    """The time of the question. Raises InvalidFields for a form without one: nobody has seen what would be lost."""
    moment = parse_datetime(text) if len(text) < 40 else None
    if moment is None or moment.tzinfo is None:
        raise InvalidFields({"counted_at": ["Open the question again, which names what is lost."]})
    return moment


def _delete_question(connection: Connection, loss: Loss) -> Question:
    at_least = "at least " if loss.more else ""
    return Question(
        title=f"Delete {loss.uri}?",
        says="What is deleted cannot be brought back, and jobs that read it will fail. What is written after this "
        "question stays.",
        button="Delete",
        action=reverse("data-delete", args=[connection.slug]),
        back=_address(connection, _parent_of(loss.uri)),
        facts=(
            ("Connection", connection.name),
            ("Objects", f"{at_least}{loss.objects:,}"),
            ("Size", f"{at_least}{filesize(loss.bytes)}"),
        ),
        fields=(("path", loss.uri), ("counted_at", loss.counted_at.isoformat())),
    )


def _counted(loss: Loss) -> str:
    objects = "1 object" if loss.objects == 1 else f"{loss.objects:,} objects"
    return f"{objects} ({filesize(loss.bytes)}) {'is' if loss.objects == 1 else 'are'}"


@require_POST
@member_required(Role.OPERATOR)
def cancel_upload(request: MemberRequest, slug: str, upload: str) -> HttpResponse:
    """Cancel an unfinished upload of the person."""
    connection = find_connection(request.team, slug)
    mine = Upload.objects.for_team(request.team).filter(user=request.user, connection=connection, key=upload)
    row = mine.select_related("connection").first()
    if row is None:
        raise Http404("There is no such upload of yours.")
    try:
        uploading.abort(row)
    except (NotPossible, Unavailable) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"The upload of {row.uri} is cancelled.")
    return redirect(_address(connection, browsing.folder_of(row.uri)))


def _refused(request: MemberRequest, connection: Connection, path: str, error: Exception) -> HttpResponse:
    texts = (
        [text for texts in error.fields.values() for text in texts]
        if isinstance(error, InvalidFields)
        else []
    )
    messages.error(request, " ".join(texts) or str(error))
    return redirect(_address(connection, path))


def _parent_of(uri: str) -> str:
    """The folder that an object or folder lies in."""
    return browsing.folder_of(uri.removesuffix("/")) or _ROOT


def _address(connection: Connection, path: str) -> str:
    query = f"?{urlencode({'path': path})}" if path != _ROOT else ""
    return f"{reverse('data-listing', args=[connection.slug])}{query}"
