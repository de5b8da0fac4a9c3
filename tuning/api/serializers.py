"""Bodies and answers of the API of tunings."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from jobs.api.body_fields import JsonCount, ServiceText, one_sentence
from transform.request_fields import FIELDS
from tuning import services
from tuning.lifecycle.sampling import MOST_MB, MOST_OBJECTS
from tuning.models import Combination, CombinationState, Tuning
from tuning.services import LONGEST_MINUTES, STRATEGIES, SettingsGrid


def _numbers(name: str) -> serializers.ListField:
    facts = FIELDS[name]
    low, high = int(facts.low or 1), int(facts.high or 100)
    return serializers.ListField(
        child=JsonCount(low, high),
        required=False,
        allow_empty=False,
        max_length=services.MOST_COMBINATIONS,
        help_text=f"Different values from {low} to {high}; by default "
        f"{', '.join(map(str, getattr(SettingsGrid(), name)))}.",
        error_messages=one_sentence(f"It must be a list of whole numbers from {low} to {high}."),
    )


class TuningBody(serializers.Serializer[Any]):
    """What is tuned, by a `job` or a `preset`, and what is tried."""

    job = ServiceText(required=False, help_text="The id of the job whose request is tuned.")
    preset = ServiceText(required=False, help_text="The slug of the preset whose request is tuned.")
    data = ServiceText(required=False, help_text="The input, for a preset that has none.")  # type: ignore[assignment]
    output_path = ServiceText(required=False, help_text="The output path, for a preset that has none.")
    max_payload = _numbers("max_payload")
    max_concurrent_transforms = _numbers("max_concurrent_transforms")
    strategy = serializers.ListField(
        child=serializers.ChoiceField(
            choices=STRATEGIES, error_messages=one_sentence(f"It must be one of {', '.join(STRATEGIES)}.")
        ),
        required=False,
        allow_empty=False,
        help_text="Values of BatchStrategy; by default both.",
        error_messages=one_sentence(f"It must be a list of {' and '.join(STRATEGIES)}."),
    )
    sample_mb = JsonCount(1, MOST_MB, required=False, help_text="Most megabytes of the sample; default 10.")
    most_objects = JsonCount(
        1, MOST_OBJECTS, required=False, help_text="Most objects of the sample; default 20."
    )
    limit_minutes = JsonCount(
        1, LONGEST_MINUTES, required=False, help_text="Each job is stopped after so many minutes; default 30."
    )


class SettingsAnswer(serializers.Serializer[Any]):
    """Settings that are tried."""

    max_payload = serializers.IntegerField()
    max_concurrent_transforms = serializers.IntegerField()
    strategy = serializers.CharField()


class LeftOutAnswer(serializers.Serializer[Any]):
    """Settings that SageMaker refuses."""

    settings = serializers.CharField()
    reason = serializers.CharField()


class PlanAnswer(serializers.Serializer[Any]):
    """What a tuning would run, on how much, how long and for how much, all jobs together.

    `seconds` and `cost` are what earlier jobs let expect, null without enough of them; `most_seconds` and `most_cost`
    are by the limit of each job. Costs are in US dollars, null without a price.
    """

    settings = SettingsAnswer(many=True)
    left_out = LeftOutAnswer(many=True)
    objects = serializers.IntegerField()
    bytes = serializers.IntegerField()
    seconds = serializers.IntegerField(allow_null=True)
    most_seconds = serializers.IntegerField()
    cost = serializers.DecimalField(max_digits=16, decimal_places=6, allow_null=True)
    most_cost = serializers.DecimalField(max_digits=16, decimal_places=6, allow_null=True)


class CombinationAnswer(serializers.ModelSerializer[Combination]):
    """What a combination gave. `job` is the id of its job, null before it runs; `cost` is in US dollars."""

    job = serializers.CharField(source="job.key", default=None, allow_null=True)
    state = serializers.ChoiceField(choices=CombinationState.choices)
    records_per_second = serializers.FloatField(allow_null=True, read_only=True)
    cost = serializers.DecimalField(
        source="cost_usd", max_digits=16, decimal_places=6, allow_null=True, read_only=True
    )

    class Meta:
        model = Combination
        fields = [
            "max_payload", "max_concurrent_transforms", "strategy", "state", "reason", "job", "seconds",
            "records_per_second", "cost",
        ]  # fmt: skip


class TuningAnswer(serializers.ModelSerializer[Tuning]):
    """A tuning; `best` is the completed combination with the most records a second, null while there is none."""

    id = serializers.CharField(source="key")
    connection = serializers.CharField(source="connection.slug")
    model = serializers.CharField(source="model_name")
    source_job = serializers.CharField(source="source_job.key", default=None, allow_null=True)
    preset = serializers.CharField(source="preset.slug", default=None, allow_null=True)
    requested_by = serializers.SerializerMethodField()
    combinations = serializers.SerializerMethodField()
    best = serializers.SerializerMethodField()

    class Meta:
        model = Tuning
        fields = [
            "id", "state", "problem", "connection", "model", "source_job", "preset", "folder", "sample_objects",
            "sample_bytes", "sample_records", "limit_minutes", "requested_by", "created_at", "ended_at",
            "stop_requested_at", "combinations", "best",
        ]  # fmt: skip

    def get_requested_by(self, tuning: Tuning) -> str:
        """The user name of whoever began it; empty once the person is gone."""
        return tuning.user.get_username() if tuning.user else ""

    @extend_schema_field(CombinationAnswer(many=True))
    def get_combinations(self, tuning: Tuning) -> Any:
        """The combinations in the order in which they run."""
        return CombinationAnswer(tuning.in_order(), many=True).data

    @extend_schema_field(CombinationAnswer(allow_null=True))
    def get_best(self, tuning: Tuning) -> Any:
        """The fastest of them."""
        best = services.best_of(tuning.in_order())
        return best and CombinationAnswer(best).data
