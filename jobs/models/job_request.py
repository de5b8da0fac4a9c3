"""The columns of a job that say what was asked for, by whom: the next attempt copies every one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from jobs.models.connection import Connection
from jobs.models.registered import RegisteredModel
from jobs.options import OPTIONS
from teams.models import Team, User
from transform.field_facts import FieldFacts, Kind

if TYPE_CHECKING:
    # For the type checker, a job has the options' attributes.
    from jobs.options import RunOptions as _OptionTypes
else:
    _OptionTypes = object

_LARGEST_SMALL = 32_767


def _column_of(option: FieldFacts) -> models.Field[Any, Any]:
    """The column of one of our own options; an option without a default may be null."""
    default: dict[str, Any] = {"null": True} if option.default is None else {"default": option.default}
    match option.kind:
        case Kind.WHOLE:
            return _whole_number_type(option)(**default)
        case Kind.AMOUNT:
            return models.DecimalField(max_digits=14, decimal_places=6, **default)
        case Kind.FLAG:
            return models.BooleanField(**default)
        case Kind.WORDS:
            return models.JSONField(default=list)
        case Kind.TEXTS:
            return models.JSONField(default=dict)
        case Kind.TEXT | Kind.CHOICE:
            return models.CharField(max_length=option.longest or 255, blank=True, **default)


def _whole_number_type(option: FieldFacts) -> type[models.IntegerField[Any, Any]]:
    """The smallest type for the option's bounds that every database has."""
    if option.high > _LARGEST_SMALL:
        return models.IntegerField if option.low < 0 else models.PositiveIntegerField
    return models.SmallIntegerField if option.low < 0 else models.PositiveSmallIntegerField


class JobOptions(models.Model, _OptionTypes):
    """What a person asks of Batchdeck about a job, beside the request to SageMaker: a column for each option."""

    class Meta:
        abstract = True


for _name, _option in OPTIONS.items():
    JobOptions.add_to_class(_name, _column_of(_option))


class JobRequest(JobOptions):
    """The request, its options, and where it came from. A column added here is copied to the next attempt."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="jobs")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="jobs")
    model = models.ForeignKey(RegisteredModel, null=True, on_delete=models.SET_NULL, related_name="jobs")
    model_name = models.CharField(max_length=63)
    spec = models.JSONField(help_text="The request in the SageMaker SDK's field names.")
    submitted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="jobs")
    preset = models.ForeignKey(
        "jobs.Preset", null=True, on_delete=models.SET_NULL, related_name="jobs", db_index=False
    )
    preset_used = models.JSONField(
        default=dict, help_text="The preset's slug, name, fields and locked fields at that time."
    )
    deployment = models.CharField(
        max_length=64,
        blank=True,
        default="",
        help_text="The deployment and stage that it is a run of, such as churn/production; empty for other jobs.",
    )
    instance_type = models.CharField(
        max_length=64, blank=True, help_text="The type asked for now: the request's, or a fallback."
    )
    instance_count = models.PositiveIntegerField(default=1)

    class Meta:
        abstract = True

    def request_columns(self) -> dict[str, Any]:
        """The columns of another job that asks for the same, by attribute name (`team_id`)."""
        return {field.attname: getattr(self, field.attname) for field in JobRequest._meta.local_fields}
