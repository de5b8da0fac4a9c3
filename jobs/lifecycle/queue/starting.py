"""Starts a job: claims it, lists its input, creates it in SageMaker, and decides what follows from an error."""

from __future__ import annotations

import random
from datetime import timedelta
from enum import Enum
from typing import Any

from django.db import transaction
from django.utils import timezone

from aws import GatewayError, NoCapacity, Paced, Rejected, Target, Throttled, Unreachable, transforms
from failures import read_refusal
from jobs.clock import passed
from jobs.lifecycle import budgets
from jobs.lifecycle.after import explaining
from jobs.lifecycle.aws_session import asking
from jobs.lifecycle.queue import capacity, pacing, queueing
from jobs.lifecycle.queue.pacing import Pace
from jobs.lifecycle.queue.planning import make_plan
from jobs.models import TransformJob
from jobs.models.job_values import JOB_TAG, MAX_TAGS, TEAM_TAG, attempt_name, has_own_name, searchable
from jobs.states import JobState, WaitsFor
from transform.request import write_request

#: A job that is SUBMITTING for longer has lost its worker.
SUBMIT_LEASE = timedelta(seconds=58)
#: The first and the longest pause before the next try, in seconds.
_PAUSES: dict[type[GatewayError], tuple[float, float]] = {
    Throttled: (5, 300),
    Paced: (1, 10),
    Unreachable: (5, 60),
    NoCapacity: (60, queueing.LONGEST_PAUSE / timedelta(seconds=1.2)),
}


class Started(Enum):
    """The outcome of a try to start a job."""

    NOT_OURS = "another task has it, or it is no longer waiting"
    ITS_TURN = "it waits for its turn"
    PACED = "it waits for its turn to call SageMaker"
    HELD = "it waits for its team's budget"
    LATER = "it is tried again later"
    REJECTED = "SageMaker refused it"
    NEXT_TYPE = "there was no instance; it asks for its next instance type"
    RUNNING = "SageMaker has it"
    TO_STOP = "SageMaker has it, and a stop was asked for meanwhile"


def start(job_id: int) -> Started:
    """Try once to create the job in SageMaker."""
    job = TransformJob.objects.select_related("connection", "team").filter(pk=job_id).first()
    if job is None:
        return Started.NOT_OURS
    if job.state == JobState.WAITING and (spent_budget := budgets.find_spent_budget(job)):
        _write_wait(job, WaitsFor.BUDGET, spent_budget.reason)
        return Started.HELD
    if job.state == JobState.WAITING and not pacing.has_room(job.connection):
        # It keeps its place in line; reconcile tries it again.
        _write_wait(job, WaitsFor.CALLS, pacing.sentence(job.connection))
        return Started.PACED
    claimed = claim(job)
    if claimed is not None:
        return claimed
    try:
        with asking(job.connection, Pace.FIRST) as target:
            make_plan(job, target)
            arn = _create_or_adopt(job, target)
    except Rejected as error:
        return _reject(job, error.sentence)
    except NoCapacity as error:
        return _without_capacity(job, error)
    except (Throttled, Unreachable) as error:
        return _put_off(job, error)
    return _accept(job, arn)


def claim(job: TransformJob) -> Started | None:
    """Move the job to SUBMITTING. Returns None if it may be created now, else the outcome of the try."""
    with transaction.atomic():
        # Without the lock two workers could both take the last free place.
        capacity.lock(job.connection)
        if job.state == JobState.WAITING and not queueing.is_turn(job, job.connection):
            # reconcile starts a job that was tried before. A reason that SageMaker gave stays.
            if job.waits_for in {"", WaitsFor.CALLS}:
                _write_wait(job, WaitsFor.TURN, queueing.ITS_TURN)
            return Started.ITS_TURN
        if job.move(JobState.SUBMITTING, from_={JobState.WAITING}, next_attempt_at=None):
            # Tags may have been changed since it was read; from now on they are not, until SageMaker has it.
            job.refresh_from_db(fields=["spec"])
            return None
        lost = TransformJob.objects.filter(
            passed("changed_at", SUBMIT_LEASE), pk=job.pk, state=JobState.SUBMITTING
        )
        if lost.update(changed_at=timezone.now()) == 1:
            job.refresh_from_db()
            return None
    return Started.NOT_OURS


def _write_wait(job: TransformJob, waits_for: WaitsFor, reason: str) -> None:
    """Write what a WAITING job waits for, unless its row has changed meanwhile."""
    if reason != job.state_reason:
        rows = TransformJob.objects.filter(
            pk=job.pk, state=JobState.WAITING, waits_for=job.waits_for, state_reason=job.state_reason
        )
        rows.update(waits_for=waits_for, state_reason=reason, changed_at=timezone.now())


def _create_or_adopt(job: TransformJob, target: Target) -> str:
    """Create the job and return its ARN. An earlier try may have created it and then been killed."""
    try:
        return transforms.create(target, creation_request(job))
    except transforms.JobNameTaken as error:
        remote = transforms.describe(target, job.name)
        if remote is not None and _is_ours(job, remote.arn, target):
            return remote.arn
        if _take_own_name(job):
            return _create_or_adopt(job, target)
        raise Rejected(
            f'The name "{job.name}" is taken by another transform job in this account and region, where '
            "names are used once and never freed. Choose another name and submit again.",
            error.code,
        ) from error


def _is_ours(job: TransformJob, arn: str, target: Target) -> bool:
    """Whether SageMaker's job of this name is ours: no other job has a name with our key, or our tag."""
    if job.spec.get("name") is None and has_own_name(job.name, job.key):
        return True
    return transforms.tags(target, arn).get(JOB_TAG) == job.key


def _take_own_name(job: TransformJob) -> bool:
    """Give a further attempt a name that no other job can have. False for a first attempt, or a chosen name."""
    if job.root is None or job.spec.get("name") is not None or has_own_name(job.name, job.key):
        return False
    name = attempt_name(job.root.name, job.attempt, job.key)
    rows = TransformJob.objects.filter(pk=job.pk, state=JobState.SUBMITTING, name=job.name)
    if rows.update(name=name, search_text=searchable(name, job.spec), changed_at=timezone.now()) != 1:
        return False
    job.name = name
    return True


def submitted_request(job: TransformJob) -> dict[str, Any]:
    """The CreateTransformJob request of the person who submitted the job, with the job's final name.

    Its instance type is the fallback that the job asks for now.
    """
    # It is not checked again: rules may have become stricter since the job was submitted.
    spec = {**job.spec, "instance_type": job.instance_type or job.spec.get("instance_type")}
    return {"TransformJobName": job.name, **write_request({**spec, "name": None})}


def creation_request(job: TransformJob) -> dict[str, Any]:
    """The CreateTransformJob request that is sent: with tags that mark the job as ours and name its team."""
    request = submitted_request(job)
    if job.external:
        return request
    tags = [*request.get("Tags", []), {"Key": JOB_TAG, "Value": job.key}]
    # Without room for the team's tag, the engine counts the job to no team.
    if job.connection.is_engine and len(tags) <= MAX_TAGS:
        tags.append({"Key": TEAM_TAG, "Value": job.team.slug})
    return {**request, "Tags": tags}


def _accept(job: TransformJob, arn: str) -> Started:
    moved = job.move(
        JobState.IN_PROGRESS,
        from_={JobState.SUBMITTING},
        arn=arn,
        accepted_at=timezone.now(),
        tries=0,
        lacks_capacity=False,
    )
    if not moved:
        return Started.NOT_OURS
    job.refresh_from_db(fields=["stop_requested_at"])
    return Started.TO_STOP if job.stop_requested_at else Started.RUNNING


def _reject(job: TransformJob, sentence: str) -> Started:
    cause_columns = {**explaining.columns_at_end(job, sentence), "explain_at": None}
    has_moved = job.move(
        JobState.REJECTED,
        from_={JobState.SUBMITTING},
        reason=sentence,
        ended_at=timezone.now(),
        **cause_columns,
    )
    return Started.REJECTED if has_moved else Started.NOT_OURS


def _without_capacity(job: TransformJob, error: NoCapacity) -> Started:
    """Ask for the next fallback type at once. After the last type, wait and begin with the first again."""
    refusal = read_refusal(error.sentence)
    types = list(dict.fromkeys([job.spec["instance_type"], *job.fallback_instance_types]))
    following = types[types.index(job.instance_type) + 1 :] if job.instance_type in types else []
    if following and (refusal is None or refusal.is_of_one_type):
        reason = f"{error.sentence.rstrip('.')}. Tried next: {following[0]}."
        values = {
            "instance_type": following[0],
            "next_attempt_at": None,
            "lacks_capacity": False,
            "waits_for": WaitsFor.NEXT_TRY,
        }
        moved = job.move(JobState.WAITING, from_={JobState.SUBMITTING}, reason=reason, **values)
        return _cancel_if_asked(job, Started.NEXT_TYPE) if moved else Started.NOT_OURS
    # A job that asks for more than the whole quota would hold up its type for ever.
    holds = refusal is None or not refusal.is_hopeless
    return _put_off(job, error, instance_type=types[0], lacks_capacity=holds)


def _put_off(job: TransformJob, error: Throttled | Unreachable | NoCapacity, **values: Any) -> Started:
    first, longest = _PAUSES[type(error)]
    pause = min(longest, first * 2 ** min(job.tries, 10))
    # Jobs that were put off together are not tried again together.
    due = timezone.now() + timedelta(seconds=pause * random.uniform(0.8, 1.2))  # noqa: S311
    moved = job.move(
        JobState.WAITING,
        from_={JobState.SUBMITTING},
        reason=error.sentence,
        tries=job.tries + 1,
        next_attempt_at=due,
        waits_for=WaitsFor.NEXT_TRY,
        **{"lacks_capacity": False, **values},
    )
    return _cancel_if_asked(job, Started.LATER) if moved else Started.NOT_OURS


def _cancel_if_asked(job: TransformJob, outcome: Started) -> Started:
    job.refresh_from_db(fields=["stop_requested_at"])
    if job.stop_requested_at is not None:
        job.move(
            JobState.CANCELLED, from_={JobState.WAITING}, reason=job.stop_reason, ended_at=timezone.now()
        )
        return Started.LATER
    return outcome
