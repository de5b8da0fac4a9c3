"""Constraints on a job's row, and the indexes for its lists."""

from __future__ import annotations

from django.db import models

from jobs.options import OPTIONS
from jobs.states import JobState

#: Jobs that need attention: completed with warnings, near the deadline or cost cap, or without a sign of life.
_OF_ONE_ATTEMPT = (
    models.Q(models.Q(state=JobState.COMPLETED), ~models.Q(warnings=[]))
    | models.Q(deadline_warned=True)
    | models.Q(cost_warned=True)
    | models.Q(idle_warned=True)
)
ATTENTION = models.Q(joint_attention=True) | (models.Q(joint_state=None) & _OF_ONE_ATTEMPT)
#: The constraints of every row.
CONSTRAINTS = [
    models.CheckConstraint(condition=models.Q(state__in=JobState.values), name="job_state_known"),
    # SageMaker never frees a name. The name of a job that never got there is free.
    models.UniqueConstraint(
        fields=["connection", "name"],
        condition=~models.Q(state__in=[JobState.REJECTED, JobState.CANCELLED]),
        name="job_name_once_per_connection",
        # Django's own sentence would name the constraint's condition.
        violation_error_message="This name is taken by another job of the connection.",
    ),
    models.UniqueConstraint(
        fields=["root", "attempt"], name="job_attempt_once", condition=models.Q(root__isnull=False)
    ),
    models.CheckConstraint(
        condition=models.Q(root=None, attempt=1) | models.Q(root__isnull=False, attempt__gt=1),
        name="job_first_attempt_has_no_root",
    ),
    models.CheckConstraint(
        condition=models.Q(priority__gte=OPTIONS["priority"].low, priority__lte=OPTIONS["priority"].high),
        name="job_priority_in_range",
    ),
]
#: One index for each query of a page or a periodic task.
INDEXES = [
    models.Index(fields=["team", "-id"], name="job_team_newest"),
    models.Index(fields=["team", "-changed_at"], name="job_team_changed"),
    models.Index(
        fields=[
            "team",
            "ended_at",
            "state",
            "connection",
            "model_name",
            "started_at",
            "instance_seconds",
            "cost_usd",
            "root",
        ],
        name="job_costs",
    ),
    # Each filter of the list, and each order, has an index that ends as the list is ordered.
    models.Index(fields=["team", "-created_at", "-id"], name="job_list"),
    models.Index(fields=["team", "overall_state", "-created_at", "-id"], name="job_list_state"),
    models.Index(fields=["team", "model_name", "-created_at", "-id"], name="job_list_model"),
    # Ends with what a model's figures are made of, so that the rows themselves need not be read.
    models.Index(
        fields=[
            "model",
            "-created_at",
            "-id",
            "root",
            "overall_state",
            "overall_duration",
            "state",
            "cost_usd",
            "records",
        ],
        name="job_model_figures",
    ),
    models.Index(fields=["team", "submitted_by", "-created_at", "-id"], name="job_list_owner"),
    models.Index(
        fields=["preset", "-created_at", "-id"],
        name="job_list_preset",
        condition=models.Q(preset__isnull=False),
    ),
    models.Index(
        fields=["team", "deployment", "-created_at", "-id"],
        name="job_list_deployment",
        condition=~models.Q(deployment=""),
    ),
    models.Index(fields=["team", "connection", "-created_at", "-id"], name="job_list_connection"),
    models.Index(fields=["team", "instance_type", "-created_at", "-id"], name="job_list_instance"),
    models.Index(
        fields=["team", "overall_cause", "-created_at", "-id"],
        name="job_list_cause",
        condition=~models.Q(overall_cause=""),
    ),
    models.Index(
        fields=["team", "-created_at", "-id"],
        name="job_list_external",
        condition=models.Q(external=True),
    ),
    models.Index(
        fields=["team", "-created_at", "-id"],
        name="job_list_archived",
        condition=models.Q(archived_at__isnull=False),
    ),
    models.Index(
        fields=["team", "hold", "-created_at", "-id"],
        name="job_list_hold",
        condition=models.Q(hold__isnull=False),
    ),
    models.Index(fields=["team", "overall_ended_at"], name="job_list_attention", condition=ATTENTION),
    models.Index(
        fields=["team", "-overall_ended_at", "-id"],
        name="job_list_ended",
        condition=models.Q(overall_ended_at__isnull=False),
    ),
    # Failures are counted by cause and model, and costs added up, from the index alone.
    models.Index(
        fields=["team", "overall_ended_at", "overall_cause", "model_name"],
        name="job_failures",
        condition=~models.Q(overall_cause="") & models.Q(archived_at=None, root=None),
    ),
    models.Index(fields=["team", "overall_duration", "id"], name="job_list_duration"),
    models.Index(fields=["team", "name", "id"], name="job_list_name"),
    models.Index(fields=["connection", "-id"], name="job_connection_newest"),
    models.Index(fields=["connection", "state", "id"], name="job_connection_state"),
    models.Index(
        fields=["connection", "instance_type"],
        name="job_without_price",
        condition=models.Q(cost_usd=None, instance_seconds__isnull=False),
    ),
    models.Index(
        fields=["next_attempt_at"], name="job_waiting_due", condition=models.Q(state=JobState.WAITING)
    ),
    models.Index(
        fields=["next_attempt_at"],
        name="job_retry_due",
        condition=models.Q(state=JobState.FAILED, next_attempt_at__isnull=False),
    ),
    models.Index(fields=["explain_at"], name="job_explain_due", condition=models.Q(explain_at__isnull=False)),
]
