"""One action on many jobs: on those with given keys, or on all that match a filter. Each outcome is reported."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q

from jobs import queries
from jobs.filtering import JobFilter
from jobs.models import TransformJob
from jobs.models.job import JobQuerySet
from jobs.models.standing import whole
from jobs.services.attempts import archiving, attempts, stopping, tagging
from jobs.services.attempts.tagging import TagChanges
from jobs.services.errors import InvalidFields, JobsOfOthers, NotPossible, OutputsExist, Unavailable
from jobs.services.submitting import cloning
from jobs.services.submitting.replacing import Outputs
from jobs.states import ACTIVE, TERMINAL, JobState
from teams.confirming import sum_of
from teams.models import ApiToken, Team, User

#: Jobs that a page or an answer has side by side.
MOST_COMPARED = 4
#: Jobs that one request acts on; the rest is left for the next request.
MOST = 500
TOO_MANY_IDS = f"It must name at most {MOST} jobs; send the rest in another request."
#: Seconds after which a request stops acting on further jobs.
WITHIN = 15.0


@dataclass(frozen=True, slots=True)
class _Verb:
    """An action: the function for one job, the jobs on which it is possible, and the words for the outcomes."""

    act: Callable[..., TransformJob]
    possible: Q
    #: The predicate of a sentence about one job on which it was done, and about several.
    predicates: tuple[str, str]
    #: The predicate of a sentence about a job on which it is not possible.
    why_not: Callable[[TransformJob], str]
    #: Whether another request may go on with the rest: the action is no longer possible on jobs on which it was done.
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
    "finish": _Verb(
        attempts.finish_missing,
        Q(overall_state__in=[JobState.FAILED, JobState.STOPPED]),
        ("writes what is missing", "write what is missing"),
        lambda job: "had not failed or been stopped",
    ),
    "clone": _Verb(
        cloning.clone_with,
        Q(),
        ("is cloned", "are cloned"),
        lambda job: "was not cloned",
        repeats=False,
    ),
    "tag": _Verb(
        tagging.change_tags,
        Q(),
        ("has the tags", "have the tags"),
        lambda job: "was not tagged",
        repeats=False,
    ),
}
ACTIONS = tuple(_VERBS)
#: Actions that a job refuses for a reason of its own, which follows these words.
_REFUSALS = {
    "retry": "was not run again",
    "finish": "was not finished",
    "clone": "was not cloned",
    "tag": "was not tagged",
}


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose beside the action.

    `outputs` says whether running again may replace objects; clones have the `changes`; tags are changed by `tags`.
    """

    outputs: Outputs = Outputs.REFUSE
    changes: Mapping[str, Any] = field(default_factory=dict)
    tags: TagChanges = field(default_factory=TagChanges)

    def options(self, action: str) -> dict[str, Any]:
        """The arguments that only this action's function takes. InvalidFields for wrong changes."""
        if action == "clone":
            cloning.check_changes(self.changes)
            return {"changes": self.changes}
        if action == "tag":
            self.tags.check()
            return {"changes": self.tags}
        return {"outputs": self.outputs} if action == "retry" else {}


_NO_CHOICES = Choices()


@dataclass(slots=True)
class Outcome:
    """The keys of the jobs on which the action was done, and why each of the others was passed over, by key."""

    action: str
    done_keys: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    #: Whether some jobs are left for the next request.
    more: bool = False

    @property
    def sentence(self) -> str:
        """The outcome in words, as in "12 jobs are stopped. 2 jobs had already ended." """
        singular, plural = _VERBS[self.action].predicates
        parts = (
            [_count_sentence(len(self.done_keys), singular, plural)]
            if self.done_keys or not self.refused
            else []
        )
        for reason, count in Counter(self.refused.values()).most_common():
            parts.append(_count_sentence(count, reason, re.sub("^was ", "were ", reason)))
        return " ".join([*parts, *(["More of them are left."] if self.more else [])])


def _count_sentence(count: int, singular: str, plural: str) -> str:
    return f"1 job {singular}." if count == 1 else f"{count:,} jobs {plural}."


def act_on_keys(
    team: Team,
    action: str,
    keys: Iterable[str],
    *,
    by: User,
    token: ApiToken | None = None,
    choices: Choices = _NO_CHOICES,
) -> Outcome:
    """Do `action` on the team's jobs with these keys, at most MOST; InvalidFields for a wrong request."""
    options = choices.options(action)
    return _do(action, jobs_of_keys(team, action, keys), by, token, options)


def jobs_of_keys(team: Team, action: str, keys: Iterable[str]) -> list[TransformJob]:
    """The team's jobs with these keys, at most MOST; InvalidFields for a wrong request."""
    unique_keys = list(dict.fromkeys(keys))
    _check(action)
    if not unique_keys:
        raise InvalidFields({"ids": ["It must name at least one job."]})
    if len(unique_keys) > MOST:
        raise InvalidFields({"ids": [TOO_MANY_IDS]})
    rows = {job.key: job for job in queries.jobs(team).filter(key__in=unique_keys)}
    unknown = [key for key in unique_keys if key not in rows]
    if unknown:
        raise InvalidFields({"ids": [f"{unknown[0][:40]} is no job of this team."]})
    return [rows[key] for key in unique_keys]


def act_on_matching(
    team: Team,
    action: str,
    job_filter: JobFilter,
    *,
    by: User,
    token: ApiToken | None = None,
    up_to: int | None = None,
    choices: Choices = _NO_CHOICES,
    stop_others: bool = False,
) -> Outcome:
    """Do `action` on the matching jobs on which it is possible, newest first, at most MOST.

    Jobs of other people are stopped only with `stop_others`; else raises JobsOfOthers. `up_to` is a row id: jobs
    submitted after that row are left alone. Running again, cloning and tagging cannot go on with the rest later: for
    more than MOST jobs they raise NotPossible.
    """
    options = choices.options(action)
    rows = matching_jobs(team, action, job_filter.for_user(by), up_to=up_to)
    jobs = list(rows[: MOST + 1])
    check_number(action, len(jobs))
    if action == "stop" and not stop_others:
        _check_owners(rows, by)
    outcome = _do(action, jobs[:MOST], by, token, options)
    outcome.more = outcome.more or len(jobs) > MOST
    return outcome


def _check_owners(rows: JobQuerySet, by: User) -> None:
    """Raise JobsOfOthers if other people submitted some of the rows."""
    counts = count_by_owner(rows, by)
    count = sum(number for owner, number in counts if owner != "you")
    if count:
        raise JobsOfOthers(count, sum_of(counts))


def check_number(action: str, count: int) -> None:
    """Raise NotPossible if `action` is refused for this number of jobs."""
    if count > MOST and not _VERBS[action].repeats:
        raise NotPossible(f"More than {MOST} jobs match, and one request takes no more; narrow the filter.")


def matching_jobs(team: Team, action: str, job_filter: JobFilter, *, up_to: int | None = None) -> JobQuerySet:
    """The matching jobs on which `action` is possible; InvalidFields for an unknown action."""
    _check(action)
    rows = possible_rows(action, queries.jobs(team, job_filter))
    return rows if up_to is None else rows.filter(id__lte=up_to)


def possible_rows(action: str, rows: JobQuerySet) -> JobQuerySet:
    """The rows on which `action` is possible."""
    return rows.filter(_VERBS[action].possible)


def count_by_owner(rows: JobQuerySet, asker: User) -> list[tuple[str, int]]:
    """Who submitted the rows, and how many each: "you" for the asker, a user name, or words for nobody in the team."""
    owners = rows.order_by().values_list("submitted_by", "submitted_by__username", "external")
    counts: Counter[str] = Counter()
    for pk, name, external, count in owners.annotate(Count("id")):
        who = "somebody outside Batchdeck" if external else name or "someone who left"
        counts["you" if pk == asker.pk else who] += count
    return counts.most_common()


def count_outputs(rows: JobQuerySet) -> int:
    """The number of outputs that the newest MOST rows have written, by their last counts."""
    return sum(whole(job).objects_done or 0 for job in rows[:MOST])


def _check(action: str) -> None:
    if action not in _VERBS:
        raise InvalidFields({"action": [f"It must be one of {', '.join(ACTIONS)}."]})


def _do(
    action: str, jobs: list[TransformJob], by: User, token: ApiToken | None, options: Mapping[str, Any]
) -> Outcome:
    verb, outcome = _VERBS[action], Outcome(action)
    until = time.monotonic() + WITHIN
    for job in jobs:
        if time.monotonic() > until:
            outcome.more = True
            break
        if action == "stop" and job.is_active and not job.can_stop:
            outcome.refused[job.key] = verb.why_not(job)
            continue
        try:
            verb.act(job, by=by, token=token, **options)
        except (NotPossible, Unavailable) as error:
            job.refresh_from_db()
            outcome.refused[job.key] = _why(action, job, error)
        else:
            outcome.done_keys.append(job.key)
    return outcome


def _why(action: str, job: TransformJob, error: Exception) -> str:
    if isinstance(error, OutputsExist):
        return f"would replace {error.counted}"
    verb = _REFUSALS.get(action)
    # Without a condition on the job, the reason is never its state.
    if verb and (job.is_terminal or not _VERBS[action].possible):
        return f"{verb} ({str(error).rstrip('.')})"
    return _VERBS[action].why_not(job)
