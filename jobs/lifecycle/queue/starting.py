"""From WAITING to SageMaker: claim, plan, create, and what an error leads to."""

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
from jobs.lifecycle.after import explaining
from jobs.lifecycle.aws_session import asking
from jobs.lifecycle.queue import capacity, pacing, queueing
from jobs.lifecycle.queue.pacing import Pace
from jobs.lifecycle.queue.planning import make_plan
from jobs.models import TransformJob
from jobs.models.job_values import JOB_TAG, MAX_TAGS, TEAM_TAG, attempt_name, has_own_name, searchable
from jobs.states import JobState, WaitsFor
from transform.request import write_request

#: After this a job still SUBMITTING is taken to have lost its worker.
SUBMIT_LEASE = timedelta(seconds=58)
#: First and longest pause before the next try, in seconds.
_PAUSES: dict[type[GatewayError], tuple[float, float]] = {
    Throttled: (5, 300),
    Paced: (1, 10),
    Unreachable: (5, 60),
    NoCapacity: (60, queueing.LONGEST_PAUSE / timedelta(seconds=1.2)),
}


class Started(Enum):
    """What came of a try to start a job."""

    NOT_OURS = "someone else has it, or it is no longer waiting"
    ITS_TURN = "it waits for its turn"
    PACED = "it waits for its turn to call SageMaker"
    LATER = "it is tried again later"
    REJECTED = "SageMaker refused it"
    NEXT_TYPE = "there was no instance; it asks for its next instance type"
    RUNNING = "SageMaker has it"
    TO_STOP = "SageMaker has it, and a stop was asked for meanwhile"


def start(job_id: int) -> Started:
    """Try once to bring the job to SageMaker."""
    job = TransformJob.objects.select_related("connection", "team").filter(pk=job_id).first()
    if job is None:
        return Started.NOT_OURS
    if job.state == JobState.WAITING and not pacing.has_room(job.connection):
        # It keeps its place in line, and reconcile comes for it.
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
    """Take the job into SUBMITTING; None if it is ours now, else why it is not."""
    with transaction.atomic():
        # The lock keeps two workers from both seeing the last free place.
        capacity.lock(job.connection)
        if job.state == JobState.WAITING and not queueing.is_turn(job, job.connection):
            # So that the next free place finds it: a job that nobody has tried yet has a message on its way.
            # What SageMaker answered to an earlier try stays.
            if job.waits_for in {"", WaitsFor.CALLS}:
                _write_wait(job, WaitsFor.TURN, queueing.ITS_TURN)
            return Started.ITS_TURN
        if job.move(JobState.SUBMITTING, from_={JobState.WAITING}, next_attempt_at=None):
            return None
        lost = TransformJob.objects.filter(
            passed("changed_at", SUBMIT_LEASE), pk=job.pk, state=JobState.SUBMITTING
        )
        if lost.update(changed_at=timezone.now()) == 1:
            job.refresh_from_db()
            return None
    return Started.NOT_OURS


def _write_wait(job: TransformJob, waits_for: WaitsFor, reason: str) -> None:
    """Write on the row of a job that stays WAITING what it waits for, unless the row has changed meanwhile."""
    if reason != job.state_reason:
        rows = TransformJob.objects.filter(
            pk=job.pk, state=JobState.WAITING, waits_for=job.waits_for, state_reason=job.state_reason
        )
        rows.update(waits_for=waits_for, state_reason=reason, changed_at=timezone.now())


def _create_or_adopt(job: TransformJob, target: Target) -> str:
    """The ARN of this job in SageMaker, created now or by an earlier try that did not live to say so."""
    try:
        return transforms.create(target, creation_request(job))
    except transforms.JobNameTaken as taken:
        remote = transforms.describe(target, job.name)
        if remote is not None and _is_ours(job, remote.arn, target):
            return remote.arn
        if _take_own_name(job):
            return _create_or_adopt(job, target)
        raise Rejected(
            f'The name "{job.name}" is taken by another transform job in this account and region, where '
            "names are used once and never freed. Choose another name and submit again.",
            taken.code,
        ) from taken


def _is_ours(job: TransformJob, arn: str, target: Target) -> bool:
    """Whether the job of our name is the one we made: a name with our key in it can be nobody else's."""
    if job.spec.get("name") is None and has_own_name(job.name, job.key):
        return True
    return transforms.tags(target, arn).get(JOB_TAG) == job.key


def _take_own_name(job: TransformJob) -> bool:
    """Give a further attempt, whose name nobody chose, a name that no other job can have; False for any other job."""
    if job.root is None or job.spec.get("name") is not None or has_own_name(job.name, job.key):
        return False
    name = attempt_name(job.root.name, job.attempt, job.key)
    rows = TransformJob.objects.filter(pk=job.pk, state=JobState.SUBMITTING, name=job.name)
    if rows.update(name=name, search_text=searchable(name, job.spec), changed_at=timezone.now()) != 1:
        return False
    job.name = name
    return True


def asked_for(job: TransformJob) -> dict[str, Any]:
    """The CreateTransformJob request that the person made, under the job's final name.

    A fallback instance type stands in the place of the one that was not to be had.
    """
    # Written without checking again: rules may have grown stricter since the job was submitted.
    spec = {**job.spec, "instance_type": job.instance_type or job.spec.get("instance_type")}
    return {"TransformJobName": job.name, **write_request({**spec, "name": None})}


def creation_request(job: TransformJob) -> dict[str, Any]:
    """The CreateTransformJob request of this job, with the tags that make it recognisable as ours and as the team's."""
    request = asked_for(job)
    if job.external:
        return request
    tags = [*request.get("Tags", []), {"Key": JOB_TAG, "Value": job.key}]
    # A job that has as many tags as there may be shares the engine's places with all such jobs.
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
    told = {**explaining.at_the_end(job, sentence), "explain_at": None}
    ended = job.move(
        JobState.REJECTED, from_={JobState.SUBMITTING}, reason=sentence, ended_at=timezone.now(), **told
    )
    return Started.REJECTED if ended else Started.NOT_OURS


def _without_capacity(job: TransformJob, error: NoCapacity) -> Started:
    """Ask for the next instance type at once; after the last, begin again with the first, later."""
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
    # One that asks for more than the whole quota would hold up its type for ever.
    holds = refusal is None or not refusal.is_hopeless
    return _put_off(job, error, instance_type=types[0], lacks_capacity=holds)


def _put_off(job: TransformJob, error: Throttled | Unreachable | NoCapacity, **values: Any) -> Started:
    first, longest = _PAUSES[type(error)]
    pause = min(longest, first * 2 ** min(job.tries, 10))
    # Jobs that were put off together should not come back together.
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
