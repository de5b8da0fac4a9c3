"""A search, step by step: submit the job of a round, read what came of it, and divide the parts that failed.

Each step ends with an UPDATE that repeats state and round, so a worker that dies has lost one step, which is repeated:
objects are written to the same keys again, and a job is written in the transaction of that UPDATE.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.db import transaction
from django.utils import timezone

from aws import GatewayError, Target, Throttled, Unreachable, objects
from jobs import queries
from jobs.clock import due as due_at
from jobs.lifecycle.aws_session import asking
from jobs.lifecycle.creating import Lineage, create_job
from jobs.lifecycle.queue.planning import input_bucket
from jobs.lifecycle.trying import cutting, parts, splicing
from jobs.lifecycle.trying.parts import Part
from jobs.lifecycle.trying.splicing import Unspliceable
from jobs.models import Lease, PlannedObject, RecordSearch, TransformJob
from jobs.models.record_search import SEARCH_UNDER_WAY, BadRecord, SearchState
from jobs.states import JobState, Origin
from teams.rights import find_lost_right
from transform.decompression import NotGzip
from transform.framed import CorruptRecord
from transform.keys import parse_s3_uri
from transform.record_places import RecordPlace
from transform.records import PayloadTooLarge

#: Bytes of a record, and the most records that a search finds.
LARGEST_RECORD, MOST_BAD = 64 * 1024 * 1024, 20
#: Longer than a task may run.
LEASE = timedelta(seconds=60)
#: The pause until a job is looked at again, and after the service could not be reached.
LOOK_AGAIN, PAUSE = timedelta(seconds=2), timedelta(seconds=30)
GIVE_UP = timedelta(days=7)
#: Steps in a row that may end without having written anything, as of a worker that the system ended.
MOST_TRIES = 3
_IN_MEMORY = 8 * 1024 * 1024
_REASON_LENGTH = 300


class SearchFailed(Exception):
    """The search cannot go on; the message is a sentence for a person."""


def due_searches(limit: int = 10) -> list[int]:
    """Ids of the searches whose next step is due."""
    rows = RecordSearch.objects.filter(due_at("try_at", PAUSE), state__in=SEARCH_UNDER_WAY)
    return list(rows.order_by("try_at").values_list("pk", flat=True)[:limit])


def take_step(search_id: int) -> int | None:
    """Do the search's next step if it is due; the id of the job that it wrote, which is to be started."""
    lease = Lease.claim(f"search-{search_id}", LEASE)
    if lease is None:
        return None
    try:
        rows = RecordSearch.objects.select_related("job__connection", "step", "user", "team")
        search = rows.filter(pk=search_id, state__in=SEARCH_UNDER_WAY).first()
        return _try(search) if search else None
    finally:
        lease.release()


def _try(search: RecordSearch) -> int | None:
    if search.step is not None and _is_active(search.step):
        _look_again(search)
        return None
    if search.tries >= MOST_TRIES:
        _fail(search, f"A worker ended {MOST_TRIES} times in the middle of a step.")
        return None
    if trouble := find_lost_right(search.team, search.user):
        _fail(search, trouble.sentence(search.user))
        return None
    # Written first: if this worker dies, the next one knows.
    RecordSearch.objects.filter(pk=search.pk).update(try_at=timezone.now() + PAUSE, tries=search.tries + 1)
    try:
        with asking(search.job.connection) as target:
            return _step(search, target)
    except (Throttled, Unreachable) as error:
        RecordSearch.objects.filter(pk=search.pk).update(tries=0)
        if timezone.now() - search.created_at > GIVE_UP:
            _fail(search, f"It could not go on for days. {error.sentence}")
    except (SearchFailed, Unspliceable, PayloadTooLarge, CorruptRecord, NotGzip) as error:
        _fail(search, f"{str(error).rstrip('.')}.")
    except GatewayError as error:
        _fail(search, error.sentence)
    return None


def _step(search: RecordSearch, target: Target) -> int | None:
    is_rest = search.state == SearchState.RUNNING_REST
    if search.step is None:
        return _run_rest(search, target) if is_rest else _begin_round(search, target)
    (_write_output if is_rest else _end_round)(search, target)
    return None


def _fail(search: RecordSearch, problem: str) -> None:
    """End the search; where its bad records are known, they stay so, and only the output is missing."""
    is_rest = search.state == SearchState.RUNNING_REST
    search.move(
        search.state,
        search.round,
        state=SearchState.RECORDS_FOUND if is_rest else SearchState.FAILED,
        problem=problem,
        ended_at=timezone.now(),
        tries=0,
    )


def _look_again(search: RecordSearch) -> None:
    RecordSearch.objects.filter(pk=search.pk).update(try_at=timezone.now() + LOOK_AGAIN, tries=0)


def _is_active(step: TransformJob) -> bool:
    """Whether the job of a round has not ended, or will be tried again, or its log is still to be read."""
    latest = queries.attempts(step).last()
    if latest is None or latest.is_active:
        return latest is not None
    if latest.state != JobState.FAILED:
        return False
    return latest.next_attempt_at is not None or (
        latest.explain_at is not None and not latest.failure.get("log_read")
    )


# The object, and its parts.


def _pieces(search: RecordSearch, target: Target) -> Iterator[tuple[int, int, bytes]]:
    """The object's records, each with its number and that of its line, which is 0 for a format without lines.

    Raises SearchFailed if the object has changed.
    """
    bucket = input_bucket(search.job, target)
    head = objects.head(target, bucket, search.object_key) if bucket else None
    if bucket is None or head is None or head.etag != search.etag:
        raise SearchFailed(f"{search.object_key} was replaced or deleted since the search was begun.")
    chunks = objects.stream(target, bucket, search.object_key)
    record = 0
    request = search.job.spec
    has_lines = request["split_type"] == "Line"
    for line, piece in enumerate(cutting.records_of(request, chunks or (), LARGEST_RECORD), start=1):
        if cutting.is_record(request, piece):
            record += 1
            yield record, line if has_lines else 0, piece


def _begin_round(search: RecordSearch, target: Target) -> int | None:
    if search.records is None:
        records = sum(1 for _ in _pieces(search, target))
        if not records:
            raise SearchFailed("The object has no records.")
        first_parts = parts.around(1, records, _error_of(search.job, search.object_key)[1])
        if not search.move(SearchState.SEARCHING, 0, records=records, parts=first_parts, round=1):
            return None
    _write_parts(search, target)
    spec = _small_request(search, f"round-{search.round}/")
    return _submit(
        search, spec, f"Submitted to find bad records of {search.object_key}, round {search.round}."
    )


def _write_parts(search: RecordSearch, target: Target) -> None:
    bucket, folder = parse_s3_uri(search.place)
    waiting: Iterator[Part] = iter([(first, last) for first, last in search.parts])
    part = next(waiting, None)
    pieces: list[bytes] = []
    for record, _, piece in _pieces(search, target):
        if part is None:
            return
        if part[0] <= record:
            pieces.append(_with_end(search.job.spec, piece))
        if record == part[1]:
            key = f"{folder}round-{search.round}/input/{parts.name_of(part)}"
            objects.put(target, bucket, key, cutting.body_of(search.job.spec, pieces))
            pieces, part = [], next(waiting, None)


def _with_end(request: Mapping[str, Any], piece: bytes) -> bytes:
    """The record; the last line of an object may lack its line end."""
    return piece if request["split_type"] != "Line" or piece.endswith(b"\n") else piece + b"\n"


def _small_request(search: RecordSearch, folder: str) -> dict[str, Any]:
    request = {
        name: value for name, value in search.job.spec.items() if name not in ("name", "data_capture_config")
    }
    return {
        **request,
        "data": f"{search.place}{folder}input/",
        "data_type": "S3Prefix",
        "output_path": f"{search.place}{folder}output/",
        "instance_count": 1,
    }


def _submit(search: RecordSearch, spec: dict[str, Any], reason: str) -> int | None:
    """Write the job of this step; None if the search was stopped meanwhile."""
    job = search.job
    columns = {name: value for name, value in job.request_columns().items() if name != "spec"}
    # It is no run of a deployment, and no use of a preset.
    columns |= {"deployment": "", "preset_id": None, "preset_used": {}, "instance_count": 1}
    columns |= {"submitted_by_id": search.user_id}
    with transaction.atomic():
        step = create_job(job.connection, spec, reason=reason, lineage=Lineage(job, Origin.SEARCH), **columns)
        if not search.move(
            search.state, search.round, step=step, tries=0, try_at=timezone.now() + LOOK_AGAIN
        ):
            transaction.set_rollback(True)
            return None
    return step.pk


# What came of a round.


def _end_round(search: RecordSearch, target: Target) -> None:
    assert search.step is not None, "the round has a job"
    _check_ran(search.step)
    written = _written_parts(search, search.step, target)
    failed = [(first, last) for first, last in search.parts if (first, last) not in written]
    if not written and not search.step.planned.exclude(error="").exists():
        raise SearchFailed(
            f"Its small job {search.step.name} failed as a whole, not for a record. {search.step.state_reason}"
        )
    single = [first for first, last in failed if first == last]
    larger = [(first, last) for first, last in failed if first != last]
    bad = [*search.bad, *_described(search, single, target)]
    if len(bad) + len(larger) > MOST_BAD:
        _finish(
            search,
            bad[:MOST_BAD],
            target,
            f"More than {MOST_BAD} parts of the object fail; it is not a few records.",
        )
    elif not larger:
        _finish(search, bad, target, "")
    elif search.round >= search.most_rounds:
        _finish(
            search, bad, target, f"After {search.round} small jobs some records are still not told apart."
        )
    else:
        children = [child for part in larger for child in _children(search, part)]
        search.move(
            SearchState.SEARCHING,
            search.round,
            bad_records=[list(record) for record in sorted(bad)],
            parts=children,
            round=search.round + 1,
            step=None,
            tries=0,
            try_at=timezone.now(),
        )


def _check_ran(step: TransformJob) -> None:
    """Raise SearchFailed for a job that says nothing about its records."""
    latest = queries.attempts(step).last() or step
    if latest.state not in (JobState.COMPLETED, JobState.FAILED):
        raise SearchFailed(
            f"Its small job {latest.name} is {latest.get_state_display().lower()}. {latest.state_reason}"
        )
    if latest.objects_total is None or not latest.started_at:
        raise SearchFailed(f"Its small job {latest.name} did not run. {latest.state_reason}")


def _written_parts(search: RecordSearch, step: TransformJob, target: Target) -> set[Part]:
    bucket, folder = parse_s3_uri(step.output_path)
    output_keys = {item.key.removeprefix(folder) for item in objects.iterate(target, bucket, folder)}
    return {
        (first, last) for first, last in search.parts if f"{parts.name_of((first, last))}.out" in output_keys
    }


def _children(search: RecordSearch, part: Part) -> list[Part]:
    assert search.step is not None, "the round has a job"
    place = _error_of(search.step, _key_of(search.step, part))[1]
    if place is not None:
        place = RecordPlace(place.first + part[0] - 1, place.last + part[0] - 1)
    return parts.around(*part, place)


def _key_of(step: TransformJob, part: Part) -> str:
    return parse_s3_uri(step.data)[1] + parts.name_of(part)


def _error_of(job: TransformJob, key: str) -> tuple[str, RecordPlace | None]:
    """The error of an object in the job's data log and the place that it names; an empty text without one."""
    rows = PlannedObject.objects.filter(job__in=queries.attempts(job).order_by(), key=key).exclude(error="")
    row = rows.order_by("-job__attempt").first()
    return (row.error_text, row.error_place) if row else ("", None)


def _described(search: RecordSearch, numbers: list[int], target: Target) -> list[BadRecord]:
    if not numbers:
        return []
    assert search.step is not None, "the round has a job"
    lines = {record: line for record, line, _ in _pieces(search, target) if record in numbers}
    reason = "The job names no error for it; look at the container's log."
    return [
        BadRecord(
            number,
            lines[number],
            (_error_of(search.step, _key_of(search.step, (number, number)))[0] or reason)[:_REASON_LENGTH],
        )
        for number in numbers
    ]


def _finish(search: RecordSearch, bad: list[BadRecord], target: Target, problem: str) -> None:
    bad = sorted(bad)
    uri = ""
    if bad:
        numbers = {record.record: record for record in bad}
        pieces = (
            (numbers[record], piece) for record, _, piece in _pieces(search, target) if record in numbers
        )
        uri = splicing.write_bad_records(search, target, pieces)
    state = SearchState.RECORDS_FOUND if bad else SearchState.NOT_FOUND
    search.move(
        SearchState.SEARCHING,
        search.round,
        state=SearchState.FAILED if problem else state,
        problem=problem,
        bad_records=[list(record) for record in bad],
        bad_records_uri=uri,
        ended_at=timezone.now(),
        tries=0,
    )


# The object without its bad records.


def _run_rest(search: RecordSearch, target: Target) -> int | None:
    bucket, folder = parse_s3_uri(search.place)
    bad = {record.record for record in search.bad}
    request = search.job.spec
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        copy: IO[bytes] = file
        with cutting.writer(request, copy) as write:
            for record, _, piece in _pieces(search, target):
                if record not in bad:
                    write(_with_end(request, piece))
        copy.seek(0)
        objects.put(target, bucket, f"{folder}rest-{search.round}/input/rest", copy)  # type: ignore[arg-type]
    spec = _small_request(search, f"rest-{search.round}/")
    text = (
        f"Submitted to run {search.object_key} without {len(bad)} bad record{'' if len(bad) == 1 else 's'}."
    )
    return _submit(search, spec, text)


def _write_output(search: RecordSearch, target: Target) -> None:
    """Put the marks of the bad records into the outputs of the others, and that to the place of the job's output."""
    assert search.step is not None, "the object runs"
    latest = queries.attempts(search.step).last() or search.step
    if latest.state != JobState.COMPLETED:
        raise SearchFailed(
            f"The job on the other records, {latest.name}, is {latest.get_state_display().lower()}. "
            f"{latest.state_reason}"
        )
    splicing.write_output(search, target, f"{search.step.output_path}rest.out")
    now = timezone.now()
    with transaction.atomic():
        if search.move(
            SearchState.RUNNING_REST,
            search.round,
            state=SearchState.COMPLETED,
            problem="",
            ended_at=now,
            tries=0,
        ):
            splicing.count_output(search)
