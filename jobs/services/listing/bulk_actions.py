"""One verb for many jobs at once: for those named, or for all that a filter finds. Each outcome is told."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.db.models import Count, Q

from jobs import queries
from jobs.filtering import JobFilter
from jobs.models import TransformJob
from jobs.models.job import JobQuerySet
from jobs.models.standing import whole
from jobs.services.attempts import archiving, attempts, stopping
from jobs.services.errors import InvalidFields, NotPossible, OutputsExist
from jobs.services.submitting.replacing import Outputs
from jobs.states import ACTIVE, TERMINAL
from teams.models import ApiToken, Team, User

#: Jobs that one request acts on; of more, the rest is left for the next request.
MOST = 500
TOO_MANY_IDS = f"It must name at most {MOST} jobs; send the rest in another request."
#: Seconds after which a request stops with what it has done.
WITHIN = 15.0


@dataclass(frozen=True, slots=True)
class _Verb:
    """What is done to each job, to which jobs it can be done, and the words for both."""

    act: Callable[..., TransformJob]
    able: Q
    #: What is said of one job to which it was done, and of several.
    done: tuple[str, str]
    #: What is said of a job to which it cannot be done.
    passed: Callable[[TransformJob], str]
    #: Whether it may go on with the rest when asked again: what it was done to is no longer able.
    repeats: bool = True


def _not_archived(job: TransformJob) -> str:
    return "had not ended" if job.is_active else "was archived already"


_VERBS = {
    "stop": _Verb(
        stopping.stop,
        Q(overall_state__in=ACTIVE, stop_requested_at=None),
        ("is stopped", "are stopped"),
        lambda job: "was stopping already" if job.is_active else "had already ended",
    ),
    "archive": _Verb(
        archiving.archive,
        Q(overall_state__in=TERMINAL, archived_at=None),
        ("is archived", "are archived"),
        _not_archived,
    ),
    "restore": _Verb(
        archiving.restore,
        Q(archived_at__isnull=False),
        ("is back in the list", "are back in the list"),
        lambda job: "was not archived",
    ),
    "retry": _Verb(
        attempts.retry,
        Q(overall_state__in=TERMINAL),
        ("runs again", "run again"),
        lambda job: "had not ended",
        repeats=False,
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
        """All of it, as in "12 jobs are stopped. 2 jobs had already ended." """
        one, several = _VERBS[self.action].done
        parts = [_counted(len(self.done), one, several)] if self.done or not self.refused else []
        for reason, count in Counter(self.refused.values()).most_common():
            parts.append(_counted(count, reason, re.sub("^was ", "were ", reason)))
        return " ".join([*parts, *(["More of them are left."] if self.more else [])])


def _counted(count: int, one: str, several: str) -> str:
    return f"1 job {one}." if count == 1 else f"{count:,} jobs {several}."


def on_these(
    team: Team,
    action: str,
    keys: Iterable[str],
    *,
    by: User,
    token: ApiToken | None = None,
    outputs: Outputs = Outputs.REFUSE,
) -> Outcome:
    """Do `action` to the team's jobs with these keys, as many as MOST; InvalidFields for a wrong request.

    `outputs` is what running again does where objects would be replaced.
    """
    return _do(action, named(team, action, keys), by, token, outputs)


def named(team: Team, action: str, keys: Iterable[str]) -> list[TransformJob]:
    """The team's jobs with these keys, as many as MOST; InvalidFields for a wrong request."""
    wanted = list(dict.fromkeys(keys))
    _check(action)
    if not wanted:
        raise InvalidFields({"ids": ["It must name at least one job."]})
    if len(wanted) > MOST:
        raise InvalidFields({"ids": [TOO_MANY_IDS]})
    rows = {job.key: job for job in queries.jobs(team).filter(key__in=wanted)}
    unknown = [key for key in wanted if key not in rows]
    if unknown:
        raise InvalidFields({"ids": [f"{unknown[0][:40]} is no job of this team."]})
    return [rows[key] for key in wanted]


def on_matching(
    team: Team,
    action: str,
    job_filter: JobFilter,
    *,
    by: User,
    token: ApiToken | None = None,
    up_to: int | None = None,
    outputs: Outputs = Outputs.REFUSE,
) -> Outcome:
    """Do `action` to the jobs that match and to which it can be done, newest first, as many as MOST.

    `outputs` is what running again does where objects would be replaced.

    `up_to` is a row id: jobs submitted after it are left alone. Running again is not repeated for the rest, so
    with more than MOST jobs it raises NotPossible and does nothing.
    """
    rows = matching(team, action, job_filter.for_user(by), up_to=up_to)
    found = list(rows[: MOST + 1])
    check_number(action, len(found))
    outcome = _do(action, found[:MOST], by, token, outputs)
    outcome.more = outcome.more or len(found) > MOST
    return outcome


def check_number(action: str, count: int) -> None:
    """Raise NotPossible where `action` is refused for so many jobs, rather than done to some of them."""
    if count > MOST and not _VERBS[action].repeats:
        raise NotPossible(f"More than {MOST} jobs match; narrow the filter to run fewer again at once.")


def matching(team: Team, action: str, job_filter: JobFilter, *, up_to: int | None = None) -> JobQuerySet:
    """The jobs that match and to which `action` can be done; InvalidFields for a word that is no action."""
    _check(action)
    rows = able(action, queries.jobs(team, job_filter))
    return rows if up_to is None else rows.filter(id__lte=up_to)


def able(action: str, rows: JobQuerySet) -> JobQuerySet:
    """Those of `rows` to which `action` can be done."""
    return rows.filter(_VERBS[action].able)


def owners(rows: JobQuerySet, asker: User) -> list[tuple[str, int]]:
    """How many of `rows` are whose, for the person who asks: "you", a user name, or who is no member."""
    whose = rows.order_by().values_list("submitted_by", "submitted_by__username", "external")
    counts: Counter[str] = Counter()
    for pk, name, external, count in whose.annotate(Count("id")):
        who = "somebody outside Batchdeck" if external else name or "someone who left"
        counts["you" if pk == asker.pk else who] += count
    return counts.most_common()


def written(rows: JobQuerySet) -> int:
    """How many outputs the newest MOST of `rows` have written, as last counted."""
    return sum(whole(job).objects_done or 0 for job in rows[:MOST])


def _check(action: str) -> None:
    if action not in _VERBS:
        raise InvalidFields({"action": [f"It must be one of {', '.join(ACTIONS)}."]})


def _do(action: str, jobs: list[TransformJob], by: User, token: ApiToken | None, outputs: Outputs) -> Outcome:
    verb, outcome = _VERBS[action], Outcome(action)
    beside = {"outputs": outputs} if action == "retry" else {}
    until = time.monotonic() + WITHIN
    for job in jobs:
        if time.monotonic() > until:
            outcome.more = True
            break
        if action == "stop" and job.is_active and not job.can_stop:
            outcome.refused[job.key] = verb.passed(job)
            continue
        try:
            verb.act(job, by=by, token=token, **beside)
        except NotPossible as error:
            job.refresh_from_db()
            outcome.refused[job.key] = _why(action, job, error)
        else:
            outcome.done.append(job.key)
    return outcome


def _why(action: str, job: TransformJob, error: NotPossible) -> str:
    if isinstance(error, OutputsExist):
        return f"would replace {error.counted}"
    if action == "retry" and job.is_terminal:
        return f"was not run again ({str(error).rstrip('.')})"
    return _VERBS[action].passed(job)
