"""One verb for many jobs at once: for those named, or for all that a filter finds. Each outcome is told."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.db.models import Q

from jobs import queries
from jobs.filtering import JobFilter
from jobs.models import TransformJob
from jobs.models.job import JobQuerySet
from jobs.services import archiving, attempts, stopping
from jobs.services.errors import InvalidFields, NotPossible
from jobs.states import ACTIVE, TERMINAL
from teams.models import ApiToken, Team, User

#: Jobs that one request acts on; of more, the rest is left for the next request.
MOST = 500
#: Seconds after which a request stops with what it has done.
WITHIN = 15.0


@dataclass(frozen=True, slots=True)
class _Verb:
    """What is done to each job, to which jobs it can be done, and the words for both."""

    act: Callable[..., TransformJob]
    able: Q
    done: str
    #: What is said of a job to which it cannot be done.
    passed: Callable[[TransformJob], str]
    #: Whether it may go on with the rest when asked again: what it was done to is no longer able.
    repeats: bool = True


def _not_archived(job: TransformJob) -> str:
    return "had not ended" if job.is_active else "archived already"


_VERBS = {
    "stop": _Verb(
        stopping.stop,
        Q(overall_state__in=ACTIVE, stop_requested_at=None),
        "stopped",
        lambda job: "stopping already" if job.is_active else "had already ended",
    ),
    "archive": _Verb(
        archiving.archive, Q(overall_state__in=TERMINAL, archived_at=None), "archived", _not_archived
    ),
    "restore": _Verb(
        archiving.restore, Q(archived_at__isnull=False), "brought back", lambda job: "not archived"
    ),
    "retry": _Verb(
        attempts.retry, Q(overall_state__in=TERMINAL), "run again", lambda job: "had not ended", repeats=False
    ),
}
ACTIONS = tuple(_VERBS)


@dataclass(slots=True)
class Outcome:
    """What became of the jobs: keys of those done, and why each other one was passed over."""

    action: str
    done: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    #: Whether there are more that were not looked at yet.
    more: bool = False

    @property
    def sentence(self) -> str:
        """All of it, as in "12 stopped, 2 had already ended." """
        parts = [f"{len(self.done):,} {_VERBS[self.action].done}"] if self.done or not self.refused else []
        for reason, count in Counter(self.refused.values()).most_common():
            parts.append(f"{count:,} {reason}")
        return ", ".join(parts) + ("; more of them are left." if self.more else ".")


def on_these(
    team: Team, action: str, keys: Iterable[str], *, by: User, token: ApiToken | None = None
) -> Outcome:
    """Do `action` to the team's jobs with these keys, as many as MOST; InvalidFields for a wrong request."""
    wanted = list(dict.fromkeys(keys))
    _check(action)
    if not wanted:
        raise InvalidFields({"ids": ["It must name at least one job."]})
    if len(wanted) > MOST:
        raise InvalidFields({"ids": [f"It must name at most {MOST} jobs; send the rest in another request."]})
    rows = {job.key: job for job in queries.jobs(team).filter(key__in=wanted)}
    unknown = [key for key in wanted if key not in rows]
    if unknown:
        raise InvalidFields({"ids": [f"{unknown[0][:40]} is no job of this team."]})
    return _do(action, [rows[key] for key in wanted], by, token)


def on_matching(
    team: Team,
    action: str,
    wanted: JobFilter,
    *,
    by: User,
    token: ApiToken | None = None,
    up_to: int | None = None,
) -> Outcome:
    """Do `action` to the jobs that match and to which it can be done, newest first, as many as MOST.

    `up_to` is a row id: jobs submitted after it are left alone. Running again is not repeated for the rest, so
    with more than MOST jobs it raises NotPossible and does nothing.
    """
    rows = matching(team, action, wanted.seen_by(by), up_to=up_to)
    found = list(rows[: MOST + 1])
    check_number(action, len(found))
    outcome = _do(action, found[:MOST], by, token)
    outcome.more = outcome.more or len(found) > MOST
    return outcome


def check_number(action: str, count: int) -> None:
    """Raise NotPossible where `action` is refused for so many jobs, rather than done to some of them."""
    if count > MOST and not _VERBS[action].repeats:
        raise NotPossible(f"More than {MOST} jobs match; narrow the filter to run fewer again at once.")


def matching(team: Team, action: str, wanted: JobFilter, *, up_to: int | None = None) -> JobQuerySet:
    """The jobs that match and to which `action` can be done; InvalidFields for a word that is no action."""
    _check(action)
    rows = queries.jobs(team, wanted).filter(_VERBS[action].able)
    return rows if up_to is None else rows.filter(id__lte=up_to)


def _check(action: str) -> None:
    if action not in _VERBS:
        raise InvalidFields({"action": [f"It must be one of {', '.join(ACTIONS)}."]})


def _do(action: str, jobs: list[TransformJob], by: User, token: ApiToken | None) -> Outcome:
    verb, outcome = _VERBS[action], Outcome(action)
    until = time.monotonic() + WITHIN
    for job in jobs:
        if time.monotonic() > until:
            outcome.more = True
            break
        if action == "stop" and job.is_active and not job.can_stop:
            outcome.refused[job.key] = verb.passed(job)
            continue
        try:
            verb.act(job, by=by, token=token)
        except NotPossible as error:
            job.refresh_from_db()
            outcome.refused[job.key] = _why(action, job, error)
        else:
            outcome.done.append(job.key)
    return outcome


def _why(action: str, job: TransformJob, error: NotPossible) -> str:
    if action == "retry" and job.is_terminal:
        return f"not run again ({str(error).rstrip('.')})"
    return _VERBS[action].passed(job)
