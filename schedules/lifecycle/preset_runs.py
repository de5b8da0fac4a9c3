"""Starts the runs of schedules that run a preset: a run is a transform job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count, Sum
from django.urls import reverse

from aws import objects
from jobs.costs import exact
from jobs.models import Preset, TransformJob
from jobs.services.calling import calls_for_person
from jobs.services.errors import NotPossible, Unavailable
from jobs.services.submitting import replacing, submission
from jobs.services.submitting.manifest_places import place_of_manifest
from jobs.states import ACTIVE, JobState
from results.holding import use_of
from schedules.lifecycle.new_objects import NewObjects, find_new_objects, fingerprint_of
from schedules.lifecycle.preset_requests import RunRequest, no_manifest, request_at
from schedules.models import InputObject, Schedule, ScheduledRun
from schedules.models.schedule import PRESET
from schedules.run_handlers import NothingToDo, PastCosts, RunOutcome, RunTarget
from schedules.states import RunState
from teams.models import Membership
from transform.keys import parse_s3_uri
from transform.manifest import manifest_of

#: The started runs among which one that has not ended is looked for, the newest first.
_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """What a run submits. `new_objects` are those of its manifest, if it takes new objects only."""

    request: RunRequest
    fingerprint: str = ""
    new_objects: NewObjects | None = None


class PresetRuns:
    """The handler of the kind "preset"."""

    kind = PRESET

    def targets(self, schedules: Sequence[Schedule]) -> Mapping[int, RunTarget]:
        """Each schedule's preset."""
        targets = {}
        for schedule in schedules:
            preset = schedule.preset
            if preset is None:
                problem = "Its preset was deleted. Edit the schedule and choose another."
                targets[schedule.pk] = RunTarget("no preset", "", problem)
            else:
                targets[schedule.pk] = RunTarget(
                    preset.name, reverse("preset", args=[preset.slug]), preset.gone
                )
        return targets

    def running(self, schedule: Schedule) -> str:
        """The name of a job of the schedule that has not ended, or whose outputs are checked or held."""
        started = schedule.runs.filter(state=RunState.STARTED, job__isnull=False).order_by("-id")
        jobs = TransformJob.objects.filter(pk__in=list(started.values_list("job_id", flat=True)[:_LOOKED_AT]))
        active = jobs.filter(overall_state__in=ACTIVE).order_by("-id").first()
        if active is not None:
            return active.name
        completed = jobs.filter(overall_state=JobState.COMPLETED).select_related("hold_by").order_by("-id")
        waiting = next((job for job in completed if use_of(job).must_wait), None)
        return f"{waiting.name}, whose outputs are held or being checked," if waiting else ""

    def prepare(self, run: ScheduledRun, member: Membership) -> PreparedRun:
        """Check the request, look for outputs that are there, and write the manifest of new objects."""
        request = request_at(run.schedule, run.at, run.name, member)
        prepared = _only_new_objects(run, request) if run.schedule.incremental else PreparedRun(request)
        if not run.schedule.replace_outputs and not request.has_own_folder:
            _check_outputs(prepared.request)
        return prepared

    def create(self, run: ScheduledRun, member: Membership, prepared: object) -> TransformJob:
        """Write the job, and the objects that its manifest lists."""
        assert isinstance(prepared, PreparedRun)
        request = prepared.request
        wish = f", as {run.asked_by.label} asked" if run.asked_by else ""
        job = submission.submit(
            request.connection,
            request.spec,
            request.options,
            by=member.user,
            preset=request.preset,
            reason=f"Submitted by the schedule {run.schedule.name}{wish}.",
        )
        if prepared.new_objects is not None:
            _record(run, prepared.fingerprint, prepared.new_objects)
        return job

    def outcomes(self, runs: Sequence[ScheduledRun]) -> Mapping[int, RunOutcome]:
        """The job of each run that has one."""
        jobs = TransformJob.objects.in_bulk([run.job_id for run in runs if run.job_id is not None])
        return {
            run.pk: RunOutcome(job.name, job.get_absolute_url(), job.overall_state, job.hold)
            for run in runs
            if (job := jobs.get(run.job_id or 0))
        }

    def past_costs(
        self, schedules: Sequence[Schedule], first: datetime, end: datetime
    ) -> Mapping[int, PastCosts]:
        """What the jobs of these runs cost; further attempts at a job are not part of it."""
        runs = ScheduledRun.objects.filter(schedule__in=schedules, due_at__gte=first, due_at__lt=end)
        priced_runs = runs.order_by().filter(job__cost_usd__isnull=False).values_list("schedule_id")
        sums = priced_runs.annotate(Count("id"), Sum("job__cost_usd"))
        return {pk: PastCosts(count, exact(amount)) for pk, count, amount in sums}


def count_schedules(preset: Preset) -> tuple[str, int]:
    """The schedules that cannot run without the preset, for the question before it is deleted."""
    return "Schedules that run it, and pause", Schedule.objects.filter(preset=preset).count()


def _only_new_objects(run: ScheduledRun, request: RunRequest) -> PreparedRun:
    """The request with a manifest of the new objects as its input. Raises NothingToDo if there are none."""
    spec, schedule = request.spec, run.schedule
    fingerprint = fingerprint_of(request.connection, spec, request.output_template)
    with calls_for_person(request.connection) as target:
        try:
            new_objects = find_new_objects(target, schedule, fingerprint, spec)
        except ValueError as error:
            raise NotPossible(str(error)) from error
        if not new_objects.rows:
            raise NothingToDo(_nothing_new(spec.data, new_objects.before))
        _, output_prefix = parse_s3_uri(spec.output_path)
        pairs = [(row.key, row.output_key) for row in new_objects.rows]
        listed = manifest_of(new_objects.bucket, pairs, output_prefix)
        place = place_of_manifest(spec.data, spec.output_path, run.key, is_manifest=False)
        if listed is None or place is None:
            raise no_manifest(spec)
        objects.put(target, *place, listed.body())
    with_manifest = replace(spec, data=f"s3://{place[0]}/{place[1]}", data_type="ManifestFile")
    return PreparedRun(replace(request, spec=with_manifest), fingerprint, new_objects)


def _nothing_new(data: str, before: int) -> str:
    if before:
        return f"Nothing is new: all {before:,} objects at {data} were covered by earlier runs."
    return f"Nothing is new: there is no object at {data}."


def _check_outputs(request: RunRequest) -> None:
    """Raise NotPossible if the job would replace objects; one that cannot be told is left to the job."""
    try:
        replaced = replacing.find_for(request.connection, request.spec)
    except Unavailable:
        return
    if replaced is not None:
        raise NotPossible(
            f"{replaced.counted} below {request.spec.output_path} would be replaced, such as {replaced.example}. Put "
            "{run} into the schedule's output path, or let it replace outputs."
        )


def _record(run: ScheduledRun, fingerprint: str, new_objects: NewObjects) -> None:
    """Note the run's objects, and say in a sentence which part of the input they are."""
    rows = []
    for row in new_objects.inputs_of(run.schedule, fingerprint):
        row.run = run
        rows.append(row)
    InputObject.objects.bulk_create(rows, batch_size=1000)
    run.fingerprint, run.objects_before = fingerprint, new_objects.before
    run.objects_new = len(rows)
    run.reason = _which_objects(run, new_objects)


def _which_objects(run: ScheduledRun, new_objects: NewObjects) -> str:
    count = f"{len(new_objects.rows):,} object{'' if len(new_objects.rows) == 1 else 's'}"
    if new_objects.more:
        return f"The first {count} of those that are new; the next run takes the others."
    earlier = run.schedule.runs.filter(state=RunState.STARTED, pk__lt=run.pk).exclude(fingerprint="")
    last = earlier.order_by("-id").values_list("fingerprint", flat=True).first()
    if last is not None and last != run.fingerprint:
        return f"{count}: the model, its settings or the output path have changed, so nothing counts as covered yet."
    if new_objects.before:
        return f"{count} new; {new_objects.before:,} were covered by earlier runs."
    return f"{count}, none of which a completed run had covered."
