"""Output checks, their outcomes for a job, and the decision about held outputs."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from jobs.api.body_fields import JsonCount, JsonText, ServiceText, one_sentence
from jobs.api.parameters import PageQuery, TextParameter
from jobs.states import Hold
from results.models import Measure, OnMiss, OutputCheck
from results.output_checks import LONGEST_NAME, MOST_RUNS

_LIMIT = "Of `range` and `rows` in their own unit; of `nulls` and `drift` only `high` counts, as a part of 1."
_ON_MISS = "`warn`: the job completes with warnings; `hold`: its outputs are held until a person decides."


class JsonNumber(serializers.FloatField):
    """A number or null; texts are not taken for numbers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            required=False,
            allow_null=True,
            error_messages=one_sentence("It must be a number or null."),
            **options,
        )

    def to_internal_value(self, data: Any) -> float:
        """The value."""
        if isinstance(data, bool | str):
            self.fail("invalid")
        return float(super().to_internal_value(data))


class CheckChangesBody(serializers.Serializer[Any]):
    """What of an output check is to be changed; what is left out stays."""

    measure = serializers.ChoiceField(
        choices=Measure.choices,
        required=False,
        help_text="What the check looks at.",
        error_messages=one_sentence(f"It must be one of {', '.join(Measure.values)}."),
    )
    column = ServiceText(
        required=False,
        allow_blank=True,
        help_text=f"Its name, up to {LONGEST_NAME} characters; empty: the first.",
    )
    low = JsonNumber(help_text=f"The lowest value that is met. {_LIMIT}")
    high = JsonNumber(help_text=f"The highest value that is met. {_LIMIT}")
    runs = JsonCount(1, MOST_RUNS, required=False, help_text="Earlier runs that drift is measured against.")
    on_miss = serializers.ChoiceField(
        choices=OnMiss.choices,
        required=False,
        help_text=_ON_MISS,
        error_messages=one_sentence(f"It must be one of {', '.join(OnMiss.values)}."),
    )


class CheckBody(CheckChangesBody):
    """An output check of a model, given by `connection` and `model`, or of a preset and its model."""

    connection = ServiceText(required=False, help_text="The slug of the model's connection; a preset has it.")
    model = ServiceText(required=False, help_text="The model's name; a preset has it.")
    preset = ServiceText(required=False, help_text="The slug of the preset whose jobs alone it is about.")
    measure = serializers.ChoiceField(
        choices=Measure.choices,
        help_text="What the check looks at.",
        error_messages=one_sentence(f"It must be one of {', '.join(Measure.values)}."),
    )


class CheckQuery(PageQuery):
    """The filters of the list of output checks."""

    connection = TextParameter(63, help_text="The connection's slug.")
    model = TextParameter(63, help_text="The model's name.")
    preset = TextParameter(63, help_text="The preset's slug.")


class CheckAnswer(serializers.ModelSerializer[OutputCheck]):
    """An output check; `text` is the check as a sentence. It is about all jobs of the model if `preset` is null."""

    connection = serializers.CharField(source="connection.slug")
    model = serializers.CharField(source="model_name")
    preset = serializers.CharField(source="preset.slug", default=None, allow_null=True)
    text = serializers.CharField(read_only=True)
    made_by = serializers.SerializerMethodField()

    class Meta:
        model = OutputCheck
        fields = [
            "id", "connection", "model", "preset", "measure", "column", "low", "high", "runs", "on_miss", "text",
            "made_by", "created_at",
        ]  # fmt: skip

    def get_made_by(self, output_check: OutputCheck) -> str:
        """Its maker's user name; empty once the person is gone."""
        return output_check.made_by.get_username() if output_check.made_by else ""


class OutcomeAnswer(serializers.Serializer[Any]):
    """The outcome of a check as it was then. `low` and `high` are the figure that was found; null where there is none.

    `check` is its id, or 0 for one from before ids were noted.
    """

    check = serializers.IntegerField(default=0)
    text = serializers.CharField()
    figure = serializers.CharField()
    is_met = serializers.BooleanField()
    on_miss = serializers.ChoiceField(choices=OnMiss.choices, default=OnMiss.WARN)
    low = serializers.FloatField(default=None, allow_null=True)
    high = serializers.FloatField(default=None, allow_null=True)


class RunFigureAnswer(serializers.Serializer[Any]):
    """The figure of an earlier run, or of this one."""

    job = serializers.CharField(source="job.key")
    at = serializers.DateTimeField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    is_met = serializers.BooleanField()


class CheckRunsAnswer(serializers.Serializer[Any]):
    """A check of the job's model with the figures of its last runs, the oldest first."""

    check = CheckAnswer()
    last_runs = RunFigureAnswer(many=True)


class JobChecksAnswer(serializers.Serializer[Any]):
    """The outcomes of a job's output checks, whether its outputs are held, and who decided what.

    `pending`: the outputs are still to be read. `hold_by` is empty while nobody has decided.
    """

    pending = serializers.BooleanField()
    outcomes = OutcomeAnswer(many=True)
    checks = CheckRunsAnswer(many=True)
    hold = serializers.ChoiceField(choices=Hold.choices, allow_null=True)
    hold_note = serializers.CharField(allow_blank=True)
    hold_by = serializers.CharField(allow_blank=True)
    hold_at = serializers.DateTimeField(allow_null=True)


class DecisionBody(serializers.Serializer[Any]):
    """What becomes of held outputs."""

    decision = serializers.ChoiceField(
        choices=["accept", "refuse"], error_messages=one_sentence("It must be accept or refuse.")
    )
    note = JsonText(
        max_length=500, error_messages=one_sentence("Say why, in a text of at most 500 characters.")
    )
