"""What the API says of schedules and their runs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from schedules.models import Schedule, ScheduledRun


class PresetScheduleAnswer(serializers.ModelSerializer[Schedule]):
    """A schedule. `runs_for` is the person whose rights its jobs have: who changed it last.

    `next_run_at` is null while it is paused, and once all its times have passed. `kind` is `preset`, or what else has
    put itself on a schedule; then `preset` is empty.
    """

    preset = serializers.SerializerMethodField()
    runs_for = serializers.SerializerMethodField()
    created_by = serializers.SerializerMethodField()
    paused_by = serializers.SerializerMethodField()
    paused = serializers.BooleanField(source="is_paused", read_only=True)

    class Meta:
        model = Schedule
        fields = [
            *("slug", "name", "kind", "preset", "expression", "timezone", "start_at", "end_at"),
            *("overlap", "catch_up", "data", "output_path", "incremental", "replace_outputs", "next_run_at"),
            *("paused", "paused_at", "paused_by", "pause_cause", "pause_reason"),
            *("runs_for", "created_by", "created_at", "changed_at"),
        ]

    def get_preset(self, schedule: Schedule) -> str:
        """The preset's slug; empty without one."""
        return schedule.preset.slug if schedule.preset else ""

    def get_runs_for(self, schedule: Schedule) -> str:
        """The user name of the person it runs for; empty once the person is gone."""
        return schedule.changed_by.get_username() if schedule.changed_by else ""

    def get_created_by(self, schedule: Schedule) -> str:
        """Its maker's user name; empty once the person is gone."""
        return schedule.created_by.get_username() if schedule.created_by else ""

    def get_paused_by(self, schedule: Schedule) -> str:
        """The user name of who paused it; empty if Batchdeck did, or it is not paused."""
        return schedule.paused_by.get_username() if schedule.paused_by else ""


class RunAnswer(serializers.ModelSerializer[ScheduledRun]):
    """What became of one time. A missed run stands for several in a row: `times` is their number.

    `job` is the id of the job that it started, else null. `objects_new` and `objects_before` are null unless the
    schedule takes new objects only.
    """

    id = serializers.CharField(source="key", read_only=True)
    job = serializers.SerializerMethodField()
    asked_by = serializers.SerializerMethodField()

    class Meta:
        model = ScheduledRun
        fields = [
            *("id", "due_at", "state", "reason", "times", "late", "asked_by", "started_at", "job"),
            *("objects_new", "objects_before"),
        ]

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_job(self, run: ScheduledRun) -> str | None:
        """The job's id."""
        return run.job.key if run.job else None

    def get_asked_by(self, run: ScheduledRun) -> str:
        """The user name of who asked for a run now; empty for a time of the schedule."""
        return run.asked_by.get_username() if run.asked_by else ""


class NextRunAnswer(serializers.Serializer[Any]):
    """A run to come: its time with the schedule's offset, and its paths; `xxxxxx` stands for what is not known yet."""

    at = serializers.SerializerMethodField()
    # The metaclass takes it out of the class.
    data = serializers.CharField()  # type: ignore[assignment]
    output_path = serializers.CharField()

    @extend_schema_field(serializers.DateTimeField())
    def get_at(self, run: Any) -> str:
        """The time, in the schedule's zone."""
        return str(run.at.isoformat())
