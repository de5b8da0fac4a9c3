"""One action on the jobs that were ticked in the list, or on all that match its filters."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Max
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from jobs import queries
from jobs.filtering import FilterError, JobFilter, find_filter
from jobs.forms.changes import read_change
from jobs.forms.job_fields import job_fields
from jobs.forms.tags import TagChangesForm, read_tag_changes
from jobs.models import TransformJob
from jobs.models.job import JobQuerySet
from jobs.models.standing import whole
from jobs.services.errors import InvalidFields, NotPossible
from jobs.services.listing import bulk_actions as services
from jobs.services.submitting.cloning import CHANGEABLE
from jobs.services.submitting.replacing import Outputs
from teams import confirming, notices
from teams.access import MemberRequest, member_required
from teams.confirming import Question
from teams.models import Role
from teams.whole_numbers import parse_whole_number

_TITLES = {
    "stop": "Stop {}?",
    "archive": "Archive {}?",
    "restore": "Bring {} back from the archive?",
    "retry": "Run {} again?",
    "clone": "Clone {} with one change?",
    "tag": "Change the tags of {}?",
    "finish": "Write the missing outputs of {}?",
}
_SAYS = {
    "stop": "Outputs that are written stay. A stopped job cannot go on; another attempt can write what is missing.",
    "archive": "Lists leave them out from then on. Nothing is deleted, and they can be brought back.",
    "restore": "Lists show them again.",
    "retry": "",
    "clone": "Each is submitted as a new job with a new name, and to a new folder where outputs would be replaced.",
    "tag": "A tag that is set replaces the value that a job has for the same key; other tags stay. Tags are changed in "
    "SageMaker too.",
    "finish": "Each gets an attempt over the inputs without an output. Outputs that are there stay as they are. A job "
    "that would replace objects from before it ran is passed over.",
}
_BUTTONS = {
    "clone": "Submit the clones",
    "tag": "Change the tags",
    "stop": "Stop them",
    "archive": "Archive them",
    "restore": "Bring them back",
    "retry": "Run them again",
    "finish": "Finish them",
}
#: Jobs that the question names.
_NAMED = 10


@require_POST
@member_required(Role.OPERATOR)
def many(request: MemberRequest) -> HttpResponse:
    """Ask, then act on the ticked jobs, or on all that match. Bringing ticked jobs back needs no question."""
    query = QueryDict(request.POST.get("query", "")[:4000])
    list_query = {name: value for name, value in query.items() if "\0" not in value}
    back = f"{reverse('jobs')}?{urlencode(list_query)}"
    try:
        if request.POST.get("action") == "compare":
            return redirect(_compare_address(request.POST.getlist("job")))
        if request.POST.get("all"):
            return _all(request, JobFilter.read(_filters(query)), query, back)
        return _ticked(request, query, back)
    except (FilterError, InvalidFields, NotPossible) as error:
        messages.error(request, _sentence(error))
    return redirect(back)


def _compare_address(keys: list[str]) -> str:
    """The page that has these jobs side by side. Raises NotPossible."""
    if not 2 <= len(keys) <= services.MOST_COMPARED:
        raise NotPossible(f"Two to {services.MOST_COMPARED} jobs can be compared; {len(keys):,} are ticked.")
    return f"{reverse('jobs-compare')}?{urlencode([('job', key) for key in keys])}"


def _ticked(request: MemberRequest, query: QueryDict, back: str) -> HttpResponse:
    keys, action = request.POST.getlist("job"), request.POST.get("action", "")
    if not keys:
        raise NotPossible("No job was chosen: tick some, or choose all that match.")
    keys = [key for key in keys if key.isalnum() and key.isascii()]
    if action == "restore" or "sure" in request.POST:
        outcome = services.act_on_keys(
            request.team,
            action,
            keys,
            by=request.user,
            choices=_choices(request),
        )
        return _finish(request, outcome, back)
    jobs = services.jobs_of_keys(request.team, action, keys)
    rows = services.possible_rows(action, TransformJob.objects.filter(pk__in=[job.pk for job in jobs]))
    fields: list[tuple[str, object]] = [("job", job.key) for job in jobs]
    return _ask(request, action, rows, [*fields, ("sure", 1)], query, back, ticked=len(jobs))


def _all(request: MemberRequest, job_filter: JobFilter, query: QueryDict, back: str) -> HttpResponse:
    action, up_to = request.POST.get("action", ""), parse_whole_number(request.POST.get("up_to", ""))
    if up_to is not None:
        outcome = services.act_on_matching(
            request.team,
            action,
            job_filter,
            by=request.user,
            up_to=up_to,
            choices=_choices(request),
            # The question has named them.
            stop_others=True,
        )
        return _finish(request, outcome, back)
    rows = services.matching_jobs(request.team, action, job_filter.for_user(request.user))
    newest = rows.order_by().aggregate(newest=Max("id"))["newest"]
    filters = {find_filter(name).word: value for name, value in job_filter.values.items()}
    return _ask(request, action, rows, [("all", 1), ("up_to", newest)], query, back, filters=filters)


def _ask(
    request: MemberRequest,
    action: str,
    rows: JobQuerySet,
    fields: list[tuple[str, object]],
    query: QueryDict,
    back: str,
    *,
    ticked: int | None = None,
    filters: dict[str, str] | None = None,
) -> HttpResponse:
    """Ask whether to act on these rows: of `ticked` jobs, or of all that match `filters`. NotPossible without rows."""
    count = queries.count(rows)
    if not count:
        condition = "that match" if ticked is None else "that are ticked"
        raise NotPossible(f"None of the jobs {condition} is in a state for this.")
    services.check_number(action, count)
    counted = f"{queries.COUNTED:,}+" if count > queries.COUNTED else f"{count:,}"
    title = _TITLES[action].format("1 job" if count == 1 else f"{counted} jobs")
    counts_by_owner = services.count_by_owner(rows, request.user)
    question = Question(
        title=f"{title[:-1]}, submitted by {counts_by_owner[0][0]}?" if len(counts_by_owner) == 1 else title,
        says=_SAYS[action],
        button=_BUTTONS[action],
        action=reverse("jobs-many"),
        back=back,
        facts=(("Submitted", confirming.sum_of(counts_by_owner)), *(filters or {}).items()),
        fields=(*fields, ("action", action), ("query", query.urlencode())),
    )
    context = {
        "jobs": [whole(job) for job in rows.select_related("submitted_by")[:_NAMED]],
        "further": count - _NAMED,
        "passed": (ticked or count) - count,
        "most": services.MOST if count > services.MOST else 0,
        "every": ticked is None and not filters,
        "written": services.count_outputs(rows) if action == "retry" else None,
        "changeable": _changeable() if action == "clone" else (),
        "tag_form": TagChangesForm() if action == "tag" else None,
    }
    return confirming.ask(request, question, "jobs/many.html", **context)


def _changeable() -> list[tuple[str, str]]:
    """Name and label of each field that a clone may change."""
    fields = job_fields()
    return [(name, str(fields[name].label)) for name in CHANGEABLE if name in fields]


def _changes(request: MemberRequest) -> dict[str, Any]:
    """The field and the value that the question about clones has asked for. InvalidFields for a wrong value."""
    name = request.POST.get("set_field", "")
    if name not in CHANGEABLE:
        return {}
    return read_change(name, request.POST.get("set_value", "").strip())


def _choices(request: MemberRequest) -> services.Choices:
    """What the question's fields say. InvalidFields for a wrong value."""
    return services.Choices(_outputs(request), _changes(request), read_tag_changes(request.POST))


def _outputs(request: MemberRequest) -> Outputs:
    choice = request.POST.get("outputs", "")
    return Outputs(choice) if choice in set(Outputs) else Outputs.REFUSE


def _finish(request: MemberRequest, outcome: services.Outcome, back: str) -> HttpResponse:
    if outcome.action == "archive" and outcome.done_keys:
        notices.success_with_undo(request, outcome.sentence, reverse("jobs-many"), outcome.done_keys)
    else:
        say = messages.success if outcome.done_keys else messages.info
        say(request, outcome.sentence)
    return redirect(back)


def _filters(query: QueryDict) -> dict[str, object]:
    return {name: query.get(name, "") for name in JobFilter.names()}


def _sentence(error: Exception) -> str:
    fields = getattr(error, "fields", None)
    if fields is None:
        return str(error)
    return " ".join(f"{name} {text}" for name, texts in fields.items() for text in texts)
