"""The form that makes and changes a schedule."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.timezone import get_current_timezone_name

from help.fields import explained_fields
from jobs.forms.edits import EditForm
from jobs.models import Preset
from jobs.services.errors import InvalidFields
from schedules.models import Schedule
from schedules.services import scheduling
from schedules.services.checking import FIELDS, ZONES
from schedules.states import CatchUp, Overlap
from teams.models import Team, User
from transform.date_placeholders import PLACEHOLDERS

_MONO = {"class": "mono", "autocomplete": "off", "spellcheck": "false"}
#: Expressions to begin with, and their meanings.
SUGGESTIONS = (
    ("rate(1 hour)", "Every hour"),
    ("rate(6 hours)", "Every 6 hours"),
    ("cron(0 6 * * ? *)", "Every day at 06:00"),
    ("cron(0 6 ? * MON-FRI *)", "Monday to Friday at 06:00"),
    ("cron(0 6 ? * MON *)", "Every Monday at 06:00"),
    ("cron(0 6 1 * ? *)", "On the first of each month at 06:00"),
    ("cron(0 6 L * ? *)", "On the last day of each month at 06:00"),
)


class LocalTimeField(forms.CharField):
    """A date and time without a zone, such as 2026-12-01T06:00; the form adds the schedule's zone."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"})

    def to_python(self, value: Any) -> Any:
        """A naive datetime; None for an empty text. Raises ValidationError."""
        text = super().to_python(value)
        if not text:
            return None
        try:
            local = datetime.fromisoformat(text)
        except ValueError:
            local = None
        if local is None or local.tzinfo is not None:
            raise forms.ValidationError("It must be a date and a time, such as 2026-12-01 06:00.")
        return local


@explained_fields(
    name="schedules",
    preset="jobs#presets",
    expression="schedules#times",
    timezone="schedules#times",
    start_at="schedules#times",
    end_at="schedules#times",
    overlap="schedules#what-happens-when",
    catch_up="schedules#what-happens-when",
    data="schedules#dates-in-paths",
    output_path="schedules#dates-in-paths",
    incremental="schedules#only-new-objects",
    replace_outputs="schedules#what-happens-when",
)
class ScheduleForm(EditForm):
    """A schedule's fields. Services check them; the form only reads them."""

    name = forms.CharField(label="Name", required=False, help_text="As the team will look for it.")
    preset = forms.ChoiceField(
        label="Preset", required=False, help_text="What runs: each run is a job that begins with it."
    )
    expression = forms.CharField(
        label="Times",
        required=False,
        help_text="rate(6 hours), cron(minutes hours day-of-month month day-of-week year) "
        "or at(2026-12-24T18:00:00).",
        widget=forms.TextInput(attrs={**_MONO, "placeholder": "cron(0 6 * * ? *)"}),
    )
    timezone = forms.CharField(
        label="Time zone",
        required=False,
        help_text="Type a city: Europe/Berlin. Runs follow its summer time.",
        widget=forms.TextInput(attrs={**_MONO, "list": "zones"}),
    )
    start_at = LocalTimeField(
        label="Not before",
        required=False,
        help_text="In this time zone. Empty: from now on. A rate counts from it.",
    )
    end_at = LocalTimeField(
        label="Not after", required=False, help_text="In this time zone. Empty: for ever."
    )
    overlap = forms.ChoiceField(
        label="If the run before has not ended",
        choices=Overlap.choices,
        required=False,
        help_text="A skipped time is told on the schedule's page.",
    )
    catch_up = forms.ChoiceField(
        label="If times passed while Batchdeck did not run",
        choices=CatchUp.choices,
        required=False,
        help_text="More than ten minutes late counts as missed. Missed times are told on the schedule's page.",
    )
    # The metaclass takes it out of the class.
    data = forms.CharField(  # type: ignore[assignment]
        label="Input",
        required=False,
        help_text="Empty: the preset's own. May have placeholders, such as s3://bucket/in/{date-1d}/ "
        "for yesterday.",
        widget=forms.TextInput(attrs=_MONO),
    )
    output_path = forms.CharField(
        label="Output",
        required=False,
        help_text="Empty: the preset's own. With {run} in it each run has a folder of its own.",
        widget=forms.TextInput(attrs=_MONO),
    )
    incremental = forms.BooleanField(
        label="Only new objects",
        required=False,
        help_text="Each run takes the objects, by key and ETag, that no completed run of this schedule has covered "
        "with the same model and settings. After a change of these all objects are new. If nothing is, it is "
        "skipped.",
    )
    replace_outputs = forms.BooleanField(
        label="Runs may replace outputs",
        required=False,
        help_text="Otherwise a run that would replace objects fails to start.",
    )

    def __init__(self, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        presets = Preset.objects.for_team(team).order_by("name").values_list("slug", "name")
        self.fields["preset"].choices = [("", "Choose one"), *presets]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """The values, with the schedule's zone added to its bounds."""
        cleaned = self.cleaned_data
        name = cleaned.get("timezone", "").strip()
        for field in ("start_at", "end_at"):
            if cleaned.get(field) is not None:
                # A wrong zone is told by the service; nothing is saved with it.
                cleaned[field] = cleaned[field].replace(tzinfo=ZoneInfo(name if name in ZONES else "UTC"))
        return cleaned

    def values(self) -> dict[str, Any]:
        """The fields that could be read, as the services take them."""
        return {name: value for name, value in self.cleaned_data.items() if name in FIELDS}

    def save(self, team: Team, by: User, schedule: Schedule | None = None) -> Schedule | None:
        """Make a schedule, or change this one. None if it was refused; the form then has the reasons."""
        if not self.is_valid() or (schedule and not self.check_version()):
            return None
        try:
            if schedule:
                return scheduling.change(schedule, self.values(), by=by)
            return scheduling.create(team, self.values(), by=by)
        except InvalidFields as error:
            for name, texts in error.fields.items():
                self.add_error(name if name in self.fields else None, texts)
        return None

    @property
    def zones(self) -> list[str]:
        """The names of time zones that people choose from."""
        return [*sorted(name for name in ZONES if "/" in name and not name.startswith("Etc/")), "UTC"]

    @property
    def suggestions(self) -> tuple[tuple[str, str], ...]:
        """Expressions to begin with."""
        return SUGGESTIONS

    @property
    def placeholders(self) -> dict[str, str]:
        """The placeholders of paths with their meanings."""
        return PLACEHOLDERS


def schedule_start(schedule: Schedule) -> dict[str, Any]:
    """The initial values of the form for this schedule."""
    values: dict[str, Any] = {name: getattr(schedule, name) for name in FIELDS}
    for name in ("start_at", "end_at"):
        at = values[name]
        values[name] = at.astimezone(schedule.zone).strftime("%Y-%m-%dT%H:%M") if at else ""
    return {**values, "preset": schedule.preset.slug if schedule.preset else ""}


def new_start(preset: Preset | None) -> dict[str, Any]:
    """The initial values of the form for a new schedule."""
    output_path = str(preset.body.get("output_path") or "") if preset else ""
    return {
        "name": preset.name if preset else "",
        "preset": preset.slug if preset else "",
        "expression": "cron(0 6 * * ? *)",
        "timezone": get_current_timezone_name(),
        "overlap": Overlap.SKIP,
        "catch_up": CatchUp.LATEST,
        "output_path": _with_run(output_path) if preset and "output_path" not in preset.locked else "",
    }


def _with_run(output_path: str) -> str:
    """The path with a folder for each run, unless it has placeholders already."""
    if not output_path or "{" in output_path:
        return output_path
    return f"{output_path.rstrip('/')}/{{run}}/"
