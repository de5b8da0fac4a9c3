"""Presets in forms: beginning a job with a preset, and making one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from help.fields import explained_fields
from jobs.forms.edits import EditForm
from jobs.forms.job import JobForm
from jobs.forms.job_fields import SECTIONS, essential_fields
from jobs.models import Preset
from jobs.models.preset import Rule, flat
from jobs.services.errors import InvalidFields, NotPossible
from jobs.services.submitting import presets
from teams.models import Team, User

#: The beginning of a rule's field name; the name of the field with the rule follows.
RULE = "rule:"


def filled_in_as_preset(preset: Preset) -> dict[str, Any]:
    """The initial values of JobForm for the preset's request."""
    values = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in flat(preset.body).items()
    }
    return {**values, "model": preset.model_id}


def lock_fields(form: JobForm, preset: Preset) -> None:
    """Disable the preset's locked fields in the form, with the preset's values. A field's `held` is its rule."""
    start = filled_in_as_preset(preset)
    for name in preset.locked & form.fields.keys():
        field = form.fields[name]
        field.disabled = True
        # In the form in which a person types it, since the field parses it.
        form.initial[name] = field.prepare_value(start.get(name))
        field.held = Rule.HIDDEN if name in preset.hidden else Rule.LOCKED  # type: ignore[attr-defined]


@explained_fields(preset_name="jobs#presets", preset_description="jobs#presets")
class PresetForm(JobForm, EditForm):
    """A preset: its name, a request that may be incomplete, and a rule for each field."""

    preset_name = forms.CharField(label="Name", required=False, help_text="As the team will look for it.")
    preset_description = forms.CharField(
        label="Description", required=False, help_text="What it is for, and what is to be filled in."
    )

    def __init__(self, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(team, *args, **kwargs)
        del self.fields["name"]
        self.fields["model"].required = False
        for name in [name for name in self.fields if name in presets.FIELDS]:
            label = f"Rule for {self.fields[name].label}"
            self.fields[f"{RULE}{name}"] = forms.ChoiceField(
                label=label, choices=Rule.choices, required=False
            )
        # The connection is the model's and has no field. The rule for it that came through the API is kept.
        self.fields[f"{RULE}connection"] = forms.ChoiceField(
            choices=Rule.choices, required=False, widget=forms.HiddenInput
        )

    def clean(self) -> dict[str, Any]:
        """The values as they are: `save` has the service check them."""
        return self.cleaned_data

    def body(self) -> dict[str, Any]:
        """The fields that are filled in, as a preset's body."""
        preset_fields = {name: field for name, field in self.fields.items() if name in presets.FIELDS}
        all_fields, self.fields = self.fields, preset_fields
        try:
            body = super().body()
        finally:
            self.fields = all_fields
        model = self.cleaned_data.get("model")
        return {**body, "model": model.name, "connection": model.connection.slug} if model else body

    def save(self, team: Team, by: User, preset: Preset | None = None) -> Preset | None:
        """Make a preset, or change this one. None if it was refused; the form then has the reasons."""
        if not self.is_valid() or (preset and not self.check_version()):
            return None
        cleaned = self.cleaned_data
        values: dict[str, Any] = {
            "name": cleaned["preset_name"],
            "description": cleaned["preset_description"],
            "body": self.body(),
            "rules": {
                name.removeprefix(RULE): rule
                for name, rule in cleaned.items()
                if name.startswith(RULE) and rule
            },
        }
        try:
            return presets.change(preset, values, by=by) if preset else presets.create(team, by=by, **values)
        except InvalidFields as error:
            for name, texts in error.fields.items():
                field_name = {"name": "preset_name", "description": "preset_description"}.get(name, name)
                self.add_error(field_name if field_name in self.fields else None, texts)
        except NotPossible as error:
            self.add_error(None, str(error))
        return None

    @property
    def sections(self) -> list[dict[str, Any]]:
        """The fields by section, each with its rule; the first section has the fields that every job needs."""
        first = ["model", *(name for name in essential_fields() if name != "name")]
        return [
            self._section("Essentials", first),
            *(self._section(section.title, list(section.fields())) for section in SECTIONS),
        ]

    def _section(self, title: str, names: list[str]) -> dict[str, Any]:
        rows = [(self[name], self[f"{RULE}{name}"]) for name in names]
        filled = [field.label for field, _ in rows if field.value() not in (None, "", {}, [])]
        locked = [rule for _, rule in rows if rule.value() in (Rule.LOCKED, Rule.HIDDEN)]
        wrong = any(field.errors or rule.errors for field, rule in rows)
        counts = [f"{len(filled)} set"] * bool(filled) + [f"{len(locked)} locked"] * bool(locked)
        return {
            "title": title,
            "rows": rows,
            "wrong": wrong,
            "summary": ", ".join(counts),
            "open": wrong or bool(locked) or title == "Essentials",
        }


def preset_start(preset: Preset) -> dict[str, Any]:
    """The initial values of PresetForm for this preset."""
    rules: Mapping[str, str] = preset.rules
    return {
        **filled_in_as_preset(preset),
        **{f"{RULE}{name}": rule for name, rule in rules.items()},
        "preset_name": preset.name,
        "preset_description": preset.description,
    }
