"""Which attempt at a job the Logs and Metrics tabs show, and the links to the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404

from jobs import queries
from jobs.models import TransformJob
from teams.access import MemberRequest
from teams.whole_numbers import parse_whole_number


@dataclass(frozen=True, slots=True)
class ShownAttempt:
    """The attempt that is shown. `words` are the query words that name it in links; empty if there is no choice."""

    job: TransformJob
    words: dict[str, str]

    @property
    def query(self) -> str:
        """The words at the end of a query string."""
        return f"&{urlencode(self.words)}" if self.words else ""


def shown_attempt(request: MemberRequest, job: TransformJob) -> ShownAttempt:
    """The attempt that `attempt` in the query names; without it the one whose state is the job's.

    A further attempt's own page shows that attempt. Raises Http404 for a number that no attempt has.
    """
    if job.joint_state is None:
        return ShownAttempt(job, {})
    merged = queries.merged(job)
    word = request.GET.get("attempt", "")
    attempt = merged.decisive
    if word:
        number = parse_whole_number(word)
        named = next((row for row in merged.attempts if row.attempt == number), None)
        if named is None:
            raise Http404("This job has no such attempt.")
        attempt = named
    return ShownAttempt(attempt, {"attempt": str(attempt.attempt)})


def context_of(attempt: ShownAttempt) -> dict[str, Any]:
    """What the templates need: the attempt, and the end of the links' query strings."""
    return {"shown": attempt.job, "has_choice": bool(attempt.words), "attempt_query": attempt.query}
