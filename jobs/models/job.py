"""A transform job: the request as it was made, and where it stands."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db import models, transaction
from django.db.models.functions import Coalesce, Concat
from django.urls import reverse
from django.utils import timezone

from jobs.costs import Cost, NoAmount, amount, instance_seconds
from jobs.models.job_end import publish_end
from jobs.models.job_indexes import CONSTRAINTS, INDEXES
from jobs.models.job_request import JobRequest
from jobs.models.job_values import KEY_LENGTH, derived, new_key, searchable
from jobs.models.job_warnings import warning_texts
from jobs.models.scoped import TeamQuerySet
from jobs.states import ACTIVE, FAILURES, MOVES, TERMINAL, TRIALS, Hold, JobState, Origin, WaitsFor
from teams.models import User

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from jobs.models.event import EventKind, JobEvent
    from jobs.models.planned import PlannedObject
    from jobs.models.record_search import RecordSearch
    from jobs.models.trial import TrialRun


class JobQuerySet(TeamQuerySet["TransformJob"]):
    """Queries about jobs that several modules make."""

    def active(self) -> Self:
        """Jobs with an attempt that has not ended."""
        return self.filter(overall_state__in=ACTIVE)


class TransformJob(JobRequest):
    """One batch transform job. `key` is its id in addresses and the API; `name` is SageMaker's."""

    key = models.CharField(max_length=KEY_LENGTH, unique=True, default=new_key, editable=False)
    name = models.CharField(max_length=63)

    origin = models.CharField(max_length=8, choices=Origin.choices, default=Origin.NEW)
    parent = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The job that this one finishes, repeats or was cloned from.",
    )
    root = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.RESTRICT,
        related_name="later_attempts",
        help_text="The first attempt; empty for first attempts, such as clones.",
    )
    attempt = models.PositiveIntegerField(default=1)

    lacks_capacity = models.BooleanField(
        default=False, help_text="Waiting because SageMaker had no instance; others of its type wait behind."
    )
    external = models.BooleanField(
        default=False, help_text="Made outside Batchdeck and found in SageMaker; nobody here owns it."
    )

    state = models.CharField(max_length=16, choices=JobState.choices, default=JobState.WAITING)
    state_reason = models.TextField(blank=True)
    waits_for = models.CharField(
        max_length=8,
        choices=WaitsFor.choices,
        blank=True,
        help_text="What a waiting job waits for, once it was tried.",
    )
    warnings = models.JSONField(
        default=list, help_text="Objects with a code and a text about what does not agree."
    )
    arn = models.CharField(max_length=2048, blank=True)
    tries = models.PositiveIntegerField(default=0, help_text="How often its creation was put off.")
    next_attempt_at = models.DateTimeField(
        null=True, help_text="When a waiting job is tried again, or a failed one submitted again."
    )
    stop_requested_at = models.DateTimeField(null=True)
    stop_requested_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    stop_cause = models.TextField(blank=True, help_text="The sentence if a guard rail stops it.")
    progress_at = models.DateTimeField(null=True, help_text="When its last output or log line was seen.")
    deadline_warned = models.BooleanField(default=False)
    idle_warned = models.BooleanField(default=False)
    cost_warned = models.BooleanField(default=False)

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now)
    accepted_at = models.DateTimeField(null=True, help_text="SageMaker's CreationTime.")
    remote_modified_at = models.DateTimeField(null=True, help_text="LastModifiedTime when last described.")
    started_at = models.DateTimeField(null=True, help_text="SageMaker's TransformStartTime.")
    ended_at = models.DateTimeField(null=True, help_text="SageMaker's TransformEndTime.")

    # Written at the job's end, so that a later price does not change them.
    instance_seconds = models.BigIntegerField(
        null=True, help_text="Billed seconds of all instances together."
    )
    price_per_hour = models.DecimalField(
        max_digits=12, decimal_places=6, null=True, help_text="US dollars for an instance for an hour."
    )
    cost_usd = models.DecimalField(max_digits=16, decimal_places=6, null=True)

    cause = models.CharField(
        max_length=40,
        blank=True,
        help_text="The slug of the cause, if it failed or was rejected.",
    )
    failure = models.JSONField(
        default=dict, help_text="The line that names the cause, its source, and a change to try."
    )
    explain_at = models.DateTimeField(
        null=True, help_text="When its log is to be read for the cause of its failure."
    )

    planned_at = models.DateTimeField(null=True, help_text="When the input was listed.")
    objects_total = models.BigIntegerField(null=True)
    bytes_total = models.BigIntegerField(null=True)
    plan_complete = models.BooleanField(
        default=True, help_text="False if the input has more objects than were counted."
    )
    objects_done = models.BigIntegerField(null=True)
    records = models.BigIntegerField(
        null=True, help_text="Rows of the inputs that have outputs, once all of them were counted."
    )
    counted_at = models.DateTimeField(null=True)
    eta = models.DateTimeField(null=True, help_text="When its last output was expected, at the last count.")

    # For the search and the order of lists; made from other columns by `save` and `move`.
    search_text = models.TextField(
        blank=True, help_text="Name, S3 addresses and tags in lower case, one a line."
    )
    duration_seconds = models.PositiveBigIntegerField(
        default=0, help_text="From start to end; 0 if it has not ended or never ran."
    )

    # The state of all attempts together, on the first attempt's row; null while there is one. `attempts.settle` writes
    # them, and `standing` has their values.
    joint_state = models.CharField(max_length=16, choices=JobState.choices, null=True)
    joint_cause = models.CharField(max_length=40, null=True)
    joint_ended_at = models.DateTimeField(null=True)
    joint_duration_seconds = models.PositiveBigIntegerField(null=True)
    joint_attention = models.BooleanField(null=True)
    joint = models.JSONField(default=dict, help_text="More values of all attempts together, for lists.")

    # For the filters and the order of lists: of all attempts together, or of the only one.
    overall_state = models.GeneratedField(
        expression=Coalesce("joint_state", "state"),
        output_field=models.CharField(max_length=16),
        db_persist=True,
    )
    overall_cause = models.GeneratedField(
        expression=Coalesce("joint_cause", "cause"),
        output_field=models.CharField(max_length=40),
        db_persist=True,
    )
    overall_ended_at = models.GeneratedField(
        # A job with an attempt under way has not ended, although its first attempt has.
        expression=models.Case(
            models.When(joint_state__isnull=True, then="ended_at"), default="joint_ended_at"
        ),
        output_field=models.DateTimeField(null=True),
        db_persist=True,
    )
    overall_duration = models.GeneratedField(
        expression=Coalesce("joint_duration_seconds", "duration_seconds"),
        output_field=models.PositiveBigIntegerField(),
        db_persist=True,
    )

    # Of all attempts together, on the first attempt's row.
    hold = models.CharField(
        max_length=8,
        choices=Hold.choices,
        null=True,
        help_text="Whether its outputs may be used, where an output check holds them; empty if none does.",
    )
    hold_note = models.TextField(null=True, help_text="Why a person accepted or refused the outputs.")
    hold_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    hold_at = models.DateTimeField(null=True, help_text="When it was held, accepted or refused.")
    hold_ended_at = models.DateTimeField(
        null=True, help_text="The end of the last attempt that the hold is about."
    )

    archived_at = models.DateTimeField(null=True, help_text="When it was archived.")
    archived_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    #: In a copy made by `standing.whole`: the number of attempts, and their cost together.
    attempts_count: int = 1
    #: Whether this is a copy with computed values, made to be shown: it cannot be saved.
    is_copy: bool = False
    joint_cost: Cost | None = None
    #: Seconds that all attempts ran together; None in a job's own row, and in rows of several attempts from before.
    run_seconds: float | None = None
    #: Seconds that jobs of its model usually take, where a list or page has asked for it (`listing.typical`).
    typical_seconds: int | None = None

    objects: ClassVar[JobQuerySet] = JobQuerySet.as_manager()  # type: ignore[assignment]
    if TYPE_CHECKING:
        events: RelatedManager[JobEvent]
        planned: RelatedManager[PlannedObject]
        trial: TrialRun
        searches: RelatedManager[RecordSearch]

    class Meta:
        constraints: ClassVar = CONSTRAINTS
        indexes: ClassVar = INDEXES

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the row. For a new row, also set the columns for search and order, and add a further attempt to its job.

        Raises TypeError for a copy that was made to be shown.
        """
        if self.is_copy:
            raise TypeError(f"the copy of job {self.key} has computed values and cannot be saved")
        adding = self._state.adding
        if adding:
            self.search_text = self.search_text or searchable(self.name, self.spec)
            values = derived(self.state, self.state_reason, self.started_at, self.ended_at)
            if self.cause:
                # The caller knows more than the reason.
                values = {**values, "cause": self.cause, "failure": self.failure}
            for name, value in values.items():
                setattr(self, name, value)
        super().save(*args, **kwargs)
        if adding and self.root_id is not None:
            self._join()

    def _join(self) -> None:
        """Add this attempt's name and state to the first attempt's row."""
        from jobs.models.attempts import settle  # it imports this module

        line = models.Value(f"{self.name.lower()}\n")
        TransformJob.objects.filter(pk=self.first_id).update(search_text=Concat("search_text", line))
        settle(self)

    def get_absolute_url(self) -> str:
        """The address of the job's page."""
        return reverse("job", args=[self.key])

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self.state in ACTIVE

    @property
    def is_counted(self) -> bool:
        """Whether the number of its outputs is known; before its end, no output counts as known too."""
        return self.is_active or self.objects_done is not None

    @property
    def is_terminal(self) -> bool:
        """Whether it has ended."""
        return self.state in TERMINAL

    @property
    def can_archive(self) -> bool:
        """Whether it may be archived."""
        return self.is_terminal and self.archived_at is None

    @property
    def has_failed(self) -> bool:
        """Whether it failed or was rejected, so that it has a cause of failure."""
        return self.state in FAILURES

    @property
    def is_held(self) -> bool:
        """Whether its outputs wait for a person's decision."""
        return self.hold == Hold.HELD and self.state == JobState.COMPLETED

    @property
    def is_refused(self) -> bool:
        """Whether a person refused its outputs."""
        return self.hold == Hold.REFUSED and self.state == JobState.COMPLETED

    @property
    def first_id(self) -> int:
        """The row id of the first attempt, which may be this job."""
        return self.root_id or self.pk

    @property
    def ran_seconds(self) -> float:
        """Seconds that it ran, with fractions; 0 while it runs."""
        if self.started_at is None or self.ended_at is None:
            return 0.0
        return max(0.0, (self.ended_at - self.started_at).total_seconds())

    @property
    def can_stop(self) -> bool:
        """Whether it may be asked to stop."""
        return self.state in ACTIVE and self.state != JobState.STOPPING and self.stop_requested_at is None

    @property
    def expected_end(self) -> datetime | None:
        """When the last output is expected; None if that is not known, or is past."""
        running = self.state == JobState.IN_PROGRESS and self.stop_requested_at is None
        return self.eta if running and self.eta and self.eta > timezone.now() else None

    @property
    def deadline_at(self) -> datetime | None:
        """When it is stopped at the latest; None without a deadline, or before SageMaker accepted it."""
        if self.deadline_minutes is None or self.accepted_at is None:
            return None
        return self.accepted_at + timedelta(minutes=self.deadline_minutes)

    @property
    def is_late(self) -> bool:
        """Whether it runs and its last output is expected after its deadline."""
        end, deadline = self.expected_end, self.deadline_at
        return end is not None and deadline is not None and end > deadline

    @property
    def stop_reason(self) -> str:
        """A sentence that says who asked for the stop, or why; empty if nobody did."""
        if self.stop_requested_at is None or self.stop_cause:
            return self.stop_cause
        return (
            f"Stopped by {self.stop_requested_by.label}." if self.stop_requested_by else "Stopped on request."
        )

    @property
    def warning_texts(self) -> list[str]:
        """The sentences of its warnings."""
        return warning_texts(self.warnings)

    @property
    def trial_word(self) -> str:
        """The word that marks it in lists, such as `tuning`; empty for a job that reads all of its input."""
        return self.origin if self.origin in TRIALS else ""

    @property
    def trial_run(self) -> TrialRun | None:
        """What it is a trial of, also for a further attempt at a trial; None for other jobs."""
        first = self.root or self
        return first.trial if first.origin == Origin.TRIAL else None

    @property
    def full_request(self) -> dict[str, Any]:
        """The request in the SDK's field names for all of the input; a job that is no trial has its own."""
        trial = self.trial_run
        request: dict[str, Any] = trial.request if trial else self.spec
        return request

    @property
    def data(self) -> str:
        """The s3:// URI of the input."""
        return str(self.spec.get("data", ""))

    @property
    def output_path(self) -> str:
        """The s3:// URI of the folder for outputs."""
        return str(self.spec.get("output_path", ""))

    @cached_property
    def price_now(self) -> Decimal | None:
        """What one of its instances costs an hour now; `costing.current_prices` reads the prices of many jobs."""
        rows = self.connection.prices.filter(instance_type=self.instance_type)
        return rows.values_list("usd_per_hour", flat=True).first()

    @property
    def cost(self) -> Cost:
        """Its cost; while it runs, the cost so far at the current price."""
        if self.joint_cost is not None:
            return self.joint_cost
        final = self.is_terminal
        if self.started_at is None:
            return Cost(final, reason=NoAmount.NOTHING_RAN if final else NoAmount.NOT_STARTED)
        seconds, price, cost = self.instance_seconds, self.price_per_hour, self.cost_usd
        if not final:
            seconds = instance_seconds(self.started_at, timezone.now(), self.instance_count)
            price = self.price_now
            cost = None if price is None else amount(seconds, price)
        reason = None
        if seconds is None:
            reason = NoAmount.TIME_UNKNOWN
        elif cost is None:
            reason = NoAmount.NOT_BILLED if self.connection.is_engine else NoAmount.NO_PRICE
        return Cost(final, cost, price, seconds, reason)

    def move(
        self,
        to: JobState,
        *,
        from_: Collection[JobState],
        reason: str = "",
        by: User | None = None,
        **fields: Any,
    ) -> bool:
        """Change the state if the row is still in one of `from_`. True if this call has changed it.

        The row, `fields` and the timeline's entry are written together or not at all.
        """
        forbidden = [state for state in from_ if to not in MOVES[state] and to != state]
        if forbidden:
            raise ValueError(f"{forbidden[0]} may not become {to}")
        now = timezone.now()
        with transaction.atomic():
            # With the row locked, the timeline's entry has the state that is replaced.
            before = TransformJob.objects.select_for_update().filter(pk=self.pk, state__in=from_).first()
            if before is None:
                return False
            values = {"state": to, "state_reason": reason, "waits_for": "", "changed_at": now, **fields}
            started_at = values.get("started_at", before.started_at)
            values = {**derived(to, reason, started_at, values.get("ended_at")), **values}
            if TransformJob.objects.filter(pk=self.pk, state=before.state).update(**values) != 1:
                return False
            self._record(before.state, to, reason, by, now)
            if before.root_id is not None:
                from jobs.models.attempts import settle  # it imports this module

                settle(before)
            if to in TERMINAL:
                publish_end(self, to)
        for name, value in values.items():
            setattr(self, name, value)
        return True

    def note(self, text: str, kind: EventKind | None = None) -> None:
        """Add an entry to the timeline without a change of state; without a `kind` it is a note."""
        from jobs.models.event import EventKind, JobEvent  # it imports this module

        JobEvent.objects.create(
            job=self, kind=kind or EventKind.NOTE, from_state=self.state, to_state=self.state, reason=text
        )

    def _record(self, old: str, new: JobState, reason: str, by: User | None, at: datetime) -> None:
        from jobs.models.event import JobEvent  # it imports this module

        JobEvent.objects.create(job=self, at=at, from_state=old, to_state=new, reason=reason, by=by)
