"""Finding the records of an object that a model does not take, and running the object without them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from aws import objects
from jobs import queries, tasks
from jobs.costs import amount
from jobs.lifecycle.queue.planning import input_bucket
from jobs.lifecycle.trying import cutting
from jobs.lifecycle.trying.parts import rounds_for
from jobs.lifecycle.trying.places import place_beside
from jobs.lifecycle.trying.search_steps import MOST_BAD as MOST_BAD
from jobs.models import PlannedObject, RecordSearch, TransformJob
from jobs.models.job_values import new_key
from jobs.models.record_search import SEARCH_UNDER_WAY, SearchState
from jobs.services.attempts import stopping
from jobs.services.calling import calls_for_person
from jobs.services.errors import NoSuchObject, NotPossible
from jobs.states import ACTIVE
from teams import activity
from teams.models import ApiToken, User

#: Bytes of the largest object that is searched: each round reads it.
MOST_BYTES = 128 * 1024 * 1024
#: Rounds beyond those that dividing takes: an error may lead to records before the one that it names.
_FURTHER_ROUNDS = 2
#: The least bytes of a record with its line end, for the most records that an object may have.
_LEAST_RECORD = 2


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """What a search in an object would do: at most so many small jobs, each about as long as the job was at most.

    `cost` is in US dollars for all of them together, None without a price.
    """

    row: PlannedObject
    place: str
    size: int
    etag: str
    jobs: int
    seconds: int
    cost: Decimal | None


def plan(job: TransformJob, key: str) -> SearchPlan:
    """What a search in the object `key` would do. Raises NotPossible with the reason, NoSuchObject and Unavailable."""
    row = _failed_object(job, key)
    with calls_for_person(job.connection) as target:
        try:
            bucket = input_bucket(job, target)
        except ValueError as error:
            raise NotPossible(f"{str(error).rstrip('.')}.") from error
        head = objects.head(target, bucket, key) if bucket else None
        if head is None:
            raise NotPossible("The object is gone.")
        if row.etag and row.etag != head.etag:
            raise NotPossible("The object was replaced since the job read it. Run the job again first.")
        if head.size > MOST_BYTES:
            raise NotPossible(
                f"It has more than {MOST_BYTES // 1024**2} MB; cut it into smaller objects first."
            )
        is_manifest = job.spec.get("data_type") == "ManifestFile"
        place = place_beside(
            job.data, job.output_path, new_key(), target.scope, is_manifest=is_manifest, kind="trials"
        )
        if place is None:
            raise NotPossible("The parts would be written beside the output path, and all of that is input.")
        if not objects.may_put(target, *place):
            raise NotPossible(f"s3://{'/'.join(place)} cannot be written: the credentials lack s3:PutObject.")
    rounds = rounds_for(max(2, head.size // _LEAST_RECORD)) + _FURTHER_ROUNDS
    seconds = math.ceil(job.ran_seconds) or 1
    price = job.price_now
    cost = None if price is None else amount(rounds * seconds, price)
    return SearchPlan(row, f"s3://{'/'.join(place)}", head.size, head.etag, rounds, seconds, cost)


def _failed_object(job: TransformJob, key: str) -> PlannedObject:
    merged = queries.merged(job)
    if merged.is_active or not merged.ran:
        raise NotPossible("Only an object of a job that ran and has ended can be searched.")
    if not cutting.is_split(job.spec):
        raise NotPossible("Its objects are not split into records, so there are no records to tell apart.")
    row = merged.planned_by.planned.filter(key=key).first()
    if row is None:
        raise NoSuchObject("The job has no such object.")
    if row.done:
        raise NotPossible("The object has an output: the model took all of its records.")
    return row


def can_search(job: TransformJob, merged: queries.Merged) -> bool:
    """Whether an object of the job without an output can be searched."""
    return not merged.is_active and merged.ran and cutting.is_split(job.spec)


def begin(job: TransformJob, key: str, *, by: User, token: ApiToken | None = None) -> RecordSearch:
    """Begin the search, which workers go on with. Raises as `plan`, and NotPossible while another one is under way."""
    search_plan = plan(job, key)
    planned_by = queries.merged(job).planned_by
    try:
        with transaction.atomic():
            search = RecordSearch.objects.create(
                team=job.team,
                job=planned_by,
                user=by,
                object_key=key,
                output_key=search_plan.row.output_key,
                etag=search_plan.etag,
                bytes=search_plan.size,
                place=search_plan.place,
                most_rounds=search_plan.jobs,
            )
            activity.record(job.team, by, "job.search_begun", job, detail={"object": key}, token=token)
            tasks.enqueue(tasks.search_records, search.pk)
    except IntegrityError as error:
        raise NotPossible("A search in this object is under way already.") from error
    return search


def searches_of(job: TransformJob) -> QuerySet[RecordSearch]:
    """All searches in objects of the job, newest first."""
    rows = RecordSearch.objects.for_team(job.team).filter(job__in=queries.attempts(job).order_by())
    return rows.select_related("job__connection", "step", "user", "team").order_by("-pk")


def latest_searches(job: TransformJob) -> dict[str, RecordSearch]:
    """The latest search in each object of the job, by the object's key."""
    return {search.object_key: search for search in reversed(searches_of(job))}


def stop(search: RecordSearch, *, by: User, token: ApiToken | None = None) -> None:
    """Stop the search, and its job that is under way. Raises NotPossible if it has ended."""
    state = SearchState.STOPPED if search.state == SearchState.SEARCHING else SearchState.RECORDS_FOUND
    with transaction.atomic():
        rows = RecordSearch.objects.filter(pk=search.pk, state__in=SEARCH_UNDER_WAY)
        problem = "" if state == SearchState.STOPPED else "Stopped before the output was written."
        if rows.update(state=state, problem=problem, ended_at=timezone.now()) != 1:
            raise NotPossible("The search has ended already.")
        detail: dict[str, object] = {"object": search.object_key}
        activity.record(search.team, by, "job.search_stopped", search.job, detail=detail, token=token)
    search.refresh_from_db()
    if search.step is not None and search.step.overall_state in ACTIVE:
        stopping.stop(search.step, by=by, token=token)


def why_no_output(search: RecordSearch) -> str:
    """Why the object cannot be run without its bad records; empty if it can."""
    if search.state != SearchState.RECORDS_FOUND:
        return "Its bad records are not all known."
    if search.job.spec.get("assemble_with") != "Line":
        return (
            "The job puts no line end after each answer (Assemble with: Line), so nobody can say which part of an "
            "output is which record's."
        )
    if search.records is not None and len(search.bad_records) >= search.records:
        return "All of its records are bad."
    return ""


def run_without(search: RecordSearch, *, by: User, token: ApiToken | None = None) -> None:
    """Run the object without its bad records, and write its output. Raises NotPossible with the reason."""
    if reason := why_no_output(search):
        raise NotPossible(reason)
    if PlannedObject.objects.filter(job=search.job, key=search.object_key, done=True).exists():
        raise NotPossible("The object has an output by now.")
    now = timezone.now()
    try:
        with transaction.atomic():
            values = {
                "state": SearchState.RUNNING_REST,
                "round": search.round + 1,
                "step": None,
                "problem": "",
            }
            if not search.move(SearchState.RECORDS_FOUND, search.round, **values, try_at=now, ended_at=None):
                raise NotPossible("It is run without them already.")
            detail: dict[str, object] = {"object": search.object_key}
            activity.record(search.team, by, "job.run_without_bad", search.job, detail=detail, token=token)
            tasks.enqueue(tasks.search_records, search.pk)
    except IntegrityError as error:
        raise NotPossible("A search in this object is under way.") from error
