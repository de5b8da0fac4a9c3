"""Forms that act once: each form carries a key, and a second submit gets the first one's answer."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from teams import once
from teams.models import Activity, Membership

#: The hidden field with the key.
FIELD = "form_key"
#: The hidden field with the slug of the team that the form was opened in.
TEAM_FIELD = "form_team"
#: Seconds that a second submit waits for the first one's answer.
PATIENCE = 15.0
_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
_REDIRECTS = frozenset({301, 302, 303})
#: Fields of every form that say nothing of what is asked.
_BESIDE = frozenset({FIELD, TEAM_FIELD, "csrfmiddlewaretoken"})


def new_key() -> str:
    """A key for one form."""
    return secrets.token_urlsafe(16)


def has_key(request: HttpRequest) -> bool:
    """Whether the request is a form with a key."""
    if request.method != "POST":
        return False
    return _KEY.fullmatch(request.POST.get(FIELD, "")) is not None


def respond_once(
    request: HttpRequest, member: Membership, respond: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """The response of the form's first submit: made now by `respond`, or the stored one."""
    contents = _contents(request)
    text = json.dumps([request.get_full_path(), sorted(contents.items())])
    fingerprint = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    sent = once.Sent(member.team, member.user, request.POST[FIELD], fingerprint)
    try:
        response = once.perform(sent, respond, lambda fresh: _stored(request, fresh), patience=PATIENCE)
    except once.KeyReused as error:
        return _page(request, "changed", contents, (error.earlier.answer or {}).get("location", ""))
    except once.CutOff as error:
        return _page(request, "cut_off", {}, act=error.act)
    except once.InProgress:
        return _page(request, "in_progress", contents)
    return _repeated(request, response.answer) if isinstance(response, once.Repeated) else response


def _contents(request: HttpRequest) -> dict[str, list[str]]:
    return {name: list(values) for name, values in request.POST.lists() if name not in _BESIDE}


def _stored(request: HttpRequest, response: HttpResponseBase) -> once.Answer:
    """The response's redirect and notices to store; nothing of a page, which may show a secret."""
    if response.status_code not in _REDIRECTS:
        return {}
    storage = messages.get_messages(request)
    notices = [[notice.level, str(notice.message), notice.extra_tags or ""] for notice in storage]
    # Read here, but not yet shown.
    storage.used = False  # type: ignore[union-attr]
    return {"location": response["Location"], "notices": notices}


def _repeated(request: HttpRequest, answer: once.Answer) -> HttpResponse:
    if not answer:
        return _page(request, "done", {})
    for level, text, tags in answer["notices"]:
        messages.add_message(request, level, text, tags)
    return redirect(answer["location"])


def _page(
    request: HttpRequest,
    reason: str,
    contents: dict[str, list[str]],
    location: str = "",
    act: Activity | None = None,
) -> HttpResponse:
    """The page that says why nothing was done; the form can be sent again there, with a new key if it was changed."""
    # A password is not written into a page.
    resend = bool(contents) and not any("password" in name for name in contents)
    context: dict[str, Any] = {
        "reason": reason,
        "action": request.get_full_path(),
        "fields": [(name, value) for name, values in contents.items() for value in values] if resend else [],
        "resend": resend,
        "act": act,
        "location": location,
        "same_key": request.POST[FIELD] if reason == "in_progress" else "",
    }
    response = render(request, "teams/sent_already.html", context, status=409)
    if reason == "in_progress":
        response["Retry-After"] = "2"
    return response
