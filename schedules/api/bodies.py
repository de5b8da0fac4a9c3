"""Request bodies and query parameters of schedules. The services check the values."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from jobs.api.body_fields import JsonFlag, JsonText, ServiceText, one_sentence
from jobs.api.parameters import FlagParameter, PageQuery, TextParameter, WordParameter
from schedules.states import CatchUp, Overlap, RunState

_PATH = "With placeholders such as {date-1d}; empty for the preset's own."
_BOUND = "A time with a zone; null for none."


class MomentText(serializers.CharField):
    """A time that the service checks, or null."""

    def run_validation(self, data: Any = empty) -> Any:
        """The value as it is."""
        return super().run_validation(data) if data is empty else data


class ScheduleChangesBody(serializers.Serializer[Any]):
    """What of a schedule is to be changed; what is left out stays."""

    name = ServiceText(required=False, help_text="1 to 80 characters.")
    preset = ServiceText(required=False, help_text="The slug of the preset that it runs.")
    expression = ServiceText(required=False, help_text="rate(…), cron(…) or at(…).")
    timezone = ServiceText(required=False, help_text="An IANA name such as Europe/Berlin; UTC if left out.")
    start_at = MomentText(required=False, allow_null=True, help_text=_BOUND)
    end_at = MomentText(required=False, allow_null=True, help_text=_BOUND)
    overlap = serializers.ChoiceField(
        choices=Overlap.choices,
        required=False,
        help_text="What happens while the run before has not ended.",
        error_messages=one_sentence(f"It must be one of {', '.join(Overlap.values)}."),
    )
    catch_up = serializers.ChoiceField(
        choices=CatchUp.choices,
        required=False,
        help_text="What happens with times at which Batchdeck did not run.",
        error_messages=one_sentence(f"It must be one of {', '.join(CatchUp.values)}."),
    )
    # The metaclass takes it out of the class.
    data = ServiceText(required=False, allow_blank=True, help_text=_PATH)  # type: ignore[assignment]
    output_path = ServiceText(required=False, allow_blank=True, help_text=_PATH)
    incremental = JsonFlag(
        required=False, help_text="Take only objects that no completed run of the same settings has covered."
    )
    replace_outputs = JsonFlag(required=False, help_text="Whether runs may replace objects.")


class ScheduleBody(ScheduleChangesBody):
    """A schedule of a preset."""

    name = ServiceText(help_text="1 to 80 characters.")
    preset = ServiceText(help_text="The slug of the preset that it runs.")
    expression = ServiceText(help_text="rate(…), cron(…) or at(…).")


class PreviewBody(ScheduleChangesBody):
    """What of a schedule is known already, for its next runs."""

    expression = ServiceText(help_text="rate(…), cron(…) or at(…).")


class SchedulePauseBody(serializers.Serializer[Any]):
    """Why a schedule is paused."""

    reason = JsonText(
        required=False,
        allow_blank=True,
        max_length=200,
        error_messages=one_sentence("It must be a text of at most 200 characters."),
    )


class ScheduleQuery(PageQuery):
    """The filters of the list of schedules."""

    q = TextParameter(200, help_text="Words in the name, slug, expression or preset.")
    preset = TextParameter(63, help_text="The preset's slug.")
    paused = FlagParameter(help_text="true: only paused ones, false: only others.")


class RunQuery(PageQuery):
    """The filters of a schedule's runs."""

    state = WordParameter(RunState.values, help_text="What became of the time.")
