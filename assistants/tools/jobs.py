"""Tools about jobs: list, show, explain a failure, count causes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404

from assistants.tool import UNTRUSTED, Caller, Tool, number, text
from jobs import queries, search_query
from jobs.api import serializers
from jobs.filtering import FILTERS, JobFilter
from jobs.models import TransformJob
from jobs.services.listing.display import for_display

#: What a list says of each job.
_BRIEF = (
    "id", "name", "state", "model", "connection", "submitted_by", "created_at", "ended_at", "objects_done",
    "objects_total", "url",
)  # fmt: skip
#: What is left out of a job's answer: `timeline` has the events too, and addresses of the API help no assistant.
_LEFT_OUT = ("api_url", "events", "arn")
#: Members of a job's answer and of its failure with texts that containers and data have written.
_OF_STRANGERS, _OF_FAILURES = ("state_reason", "warnings", "timeline"), ("quoted", "object")
ID = text("The job's id, as in a list or in the address of its page.", 40)
_JOB = {"type": "object", "additionalProperties": True}


def find_job(caller: Caller, key: str) -> TransformJob:
    """The team's job with this id. Raises Http404."""
    job = queries.jobs(caller.member.team).filter(key=key).first()
    if job is None:
        raise Http404
    return job


def _list(
    caller: Caller, *, q: str = "", sort: str = "", limit: int = 20, **filters: str
) -> Mapping[str, Any]:
    words = {**search_query.parse(q), **filters}
    job_filter = JobFilter.read(words).for_user(caller.member.user)
    rows = queries.jobs_after(queries.jobs(caller.member.team, job_filter), queries.sort_of(sort), None)
    page = for_display(list(rows[: limit + 1]))
    answers = serializers.JobAnswer(page[:limit], many=True, context={"request": caller.request}).data
    jobs = [_brief(answer) for answer in answers]
    return {"jobs": jobs, "more": len(page) > limit, "notice": UNTRUSTED}


def _brief(answer: Mapping[str, Any]) -> dict[str, Any]:
    cause = answer["failure"] and answer["failure"]["cause"]
    return {
        **{name: answer[name] for name in _BRIEF},
        "cause": cause,
        "cost_usd": answer["cost"]["amount"],
        "untrusted": {"state_reason": answer["state_reason"][:500], "warnings": answer["warnings"]},
    }


def _take_untrusted(answer: dict[str, Any]) -> dict[str, Any]:
    """Take the texts that strangers wrote out of a job's answer, and return them."""
    untrusted = {name: answer.pop(name) for name in _OF_STRANGERS if name in answer}
    untrusted["state_reason"] = untrusted["state_reason"][:2000]
    if answer["failure"]:
        failure = dict(answer["failure"])
        untrusted |= {name: failure.pop(name)[:4000] for name in _OF_FAILURES}
        answer["failure"] = failure
    return untrusted


def _get(caller: Caller, *, job: str) -> Mapping[str, Any]:
    answer = dict(
        serializers.JobDetailAnswer(find_job(caller, job), context={"request": caller.request}).data
    )
    for name in _LEFT_OUT:
        answer.pop(name, None)
    # The newest entries tell what became of it.
    answer["timeline"] = answer["timeline"][-50:]
    untrusted = _take_untrusted(answer)
    return {"job": answer, "untrusted": untrusted, "notice": UNTRUSTED}


def _explain(caller: Caller, *, job: str) -> Mapping[str, Any]:
    row = find_job(caller, job)
    answer = dict(serializers.JobAnswer(row, context={"request": caller.request}).data)
    untrusted = {"quoted": "", **_take_untrusted(answer)}
    return {
        "job": row.key,
        "state": answer["state"],
        "failure": answer["failure"],
        "untrusted": untrusted,
        "notice": UNTRUSTED,
    }


def _causes(caller: Caller, *, q: str = "", **filters: str) -> Mapping[str, Any]:
    job_filter = JobFilter.read({**search_query.parse(q), **filters}).for_user(caller.member.user)
    failures = queries.failures_matching(caller.member.team, job_filter)
    return {"causes": serializers.CauseAnswer(failures, many=True).data[:50]}


_FILTERS = {declared.name: text(declared.help_text, 300) for declared in FILTERS}
_QUERY = text('All filters as the search box takes them, such as "status:failed model:churn owner:me".', 500)

TOOLS = (
    Tool(
        name="list_jobs",
        title="List jobs",
        description="Transform jobs of the team, newest first. `more` is true if others match too.",
        act=_list,
        arguments={
            **_FILTERS,
            "q": _QUERY,
            "sort": text("submitted, duration or name, with a minus for descending order.", 20),
            "limit": number("How many jobs.", most=50, default=20),
        },
        result={
            "jobs": {"type": "array", "items": _JOB},
            "more": {"type": "boolean"},
            "notice": {"type": "string"},
        },
    ),
    Tool(
        name="get_job",
        title="Show a job",
        description="One job: state, request as CreateTransformJob JSON, attempts, progress, cost and rows; its "
        "timeline is under `untrusted`.",
        act=_get,
        arguments={"job": ID},
        required=("job",),
        result={"job": _JOB, "untrusted": {"type": "object"}, "notice": {"type": "string"}},
    ),
    Tool(
        name="explain_failure",
        title="Explain a failure",
        description="Why a job failed or was rejected: the cause, the quoted lines that show it, advice, and a change "
        "of the request that is worth a try. `failure` is null for a job that did not fail.",
        act=_explain,
        arguments={"job": ID},
        required=("job",),
        result={
            "job": {"type": "string"},
            "state": {"type": "string"},
            "failure": {"type": ["object", "null"]},
            "untrusted": {"type": "object"},
            "notice": {"type": "string"},
        },
    ),
    Tool(
        name="count_failures",
        title="Count failures by cause",
        description="The failed and rejected jobs that match, counted by cause, the most frequent first.",
        act=_causes,
        arguments={**_FILTERS, "q": _QUERY},
        result={"causes": {"type": "array", "items": {"type": "object"}}},
    ),
)
