"""One verb for the jobs that were ticked in the list, or for all that match its filters."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from jobs import queries, tokens
from jobs.filtering import FilterError, JobFilter
from jobs.services import many as services
from jobs.services.errors import InvalidFields, NotPossible
from teams.access import MemberRequest, member_required
from teams.models import Role

_ASKED = {
    "stop": "Stop {} jobs?",
    "archive": "Archive {} jobs?",
    "restore": "Bring {} jobs back from the archive?",
    "retry": "Run {} jobs again?",
}


@require_POST
@member_required(Role.OPERATOR)
def many(request: MemberRequest) -> HttpResponse:
    """Act on the jobs ticked, or on all that match; for all, ask first how many that are."""
    query = QueryDict(request.POST.get("query", "")[:4000])
    kept = {name: value for name, value in query.items() if "\0" not in value}
    back = redirect(f"{reverse('jobs')}?{urlencode(kept)}")
    try:
        if request.POST.get("all"):
            return _all(request, JobFilter.read(_filters(query)), query) or back
        _tell(request, _these(request))
    except (FilterError, InvalidFields, NotPossible) as error:
        messages.error(request, _sentence(error))
    return back


def _these(request: MemberRequest) -> services.Outcome:
    keys = request.POST.getlist("job")
    if not keys:
        raise NotPossible("No job was chosen: tick some, or choose all that match.")
    keys = [key for key in keys if key.isalnum() and key.isascii()]
    return services.on_these(request.team, request.POST.get("action", ""), keys, by=request.user)


def _all(request: MemberRequest, wanted: JobFilter, query: QueryDict) -> HttpResponse | None:
    action, text = request.POST.get("action", ""), request.POST.get("up_to", "")
    up_to = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    if up_to is not None:
        outcome = services.on_matching(request.team, action, wanted, by=request.user, up_to=up_to)
        _tell(request, outcome)
        return None
    rows = services.matching(request.team, action, wanted.seen_by(request.user))
    count = queries.count(rows)
    if not count:
        raise NotPossible("None of the jobs that match is in a state for this.")
    services.check_number(action, count)
    newest = rows.order_by().aggregate(newest=Max("id"))["newest"]
    said = f"{queries.COUNTED:,}+" if count > queries.COUNTED else f"{count:,}"
    context = {
        "action": action,
        "query": query.urlencode(),
        "filters": {tokens.WRITTEN.get(name, name): value for name, value in wanted.given().items()},
        "question": (_ASKED[action] if count > 1 else _ASKED[action].replace("jobs", "job")).format(said),
        "up_to": newest,
        "most": services.MOST if count > services.MOST else 0,
    }
    return render(request, "jobs/many.html", context)


def _filters(query: QueryDict) -> dict[str, object]:
    return {name: query.get(name, "") for name in JobFilter.names()}


def _tell(request: HttpRequest, outcome: services.Outcome) -> None:
    say = messages.success if outcome.done else messages.info
    say(request, outcome.sentence[0].upper() + outcome.sentence[1:])


def _sentence(error: Exception) -> str:
    fields = getattr(error, "fields", None)
    if fields is None:
        return str(error)
    return " ".join(f"{name} {text}" for name, texts in fields.items() for text in texts)
