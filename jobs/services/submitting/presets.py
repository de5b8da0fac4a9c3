"""Presets, which are saved requests: making, changing and using them, and how a job differs from its preset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from jobs.models import Connection, Preset, RegisteredModel, TransformJob
from jobs.models.preset import Rule, flat
from jobs.options import OPTIONS, RunOptions
from jobs.services.errors import DefaultExists, InvalidFields, NotPossible
from jobs.services.slugs import free_slug
from jobs.services.submitting import job_options, jobs_under_way, replacing, submission
from jobs.states import Origin
from teams import activity
from teams.act_changes import Values
from teams.models import ApiToken, Membership, Team, User
from teams.names import trouble_with_name
from transform.request_fields import DEFAULTS, GROUPS
from transform.request_fields import FIELDS as REQUEST_FIELDS
from transform.spec import TransformSpec

#: Every field that a preset may hold, by the form's names. A job's name is not one: it can be used once.
FIELDS = (
    "connection",
    "model",
    *(name for name in REQUEST_FIELDS if name not in ("name", "model_name")),
    *job_options.NAMES,
)
#: The values of fields that a request leaves out.
_DEFAULTS: dict[str, Any] = {**DEFAULTS, **{name: option.default for name, option in OPTIONS.items()}}
#: Required fields that a preset may leave to the job.
_MAY_BE_MISSING = frozenset({"connection", "model", "data", "output_path", "instance_type"})


#: What else uses a preset: a label and a number, which the question before its deletion names.
Use = Callable[[Preset], tuple[str, int]]
_uses: list[Use] = []


@dataclass(frozen=True, slots=True)
class Difference:
    """A field whose value in a job is not the one that its preset had then; None for a value that is not given."""

    field: str
    preset: Any
    job: Any
    locked: bool


def create(
    team: Team,
    *,
    name: str,
    body: Mapping[str, Any],
    rules: Mapping[str, str] | None = None,
    description: str = "",
    by: User | None,
    token: ApiToken | None = None,
) -> Preset:
    """Save a request under a name. Raises InvalidFields for fields that cannot be used."""
    preset = Preset(team=team, created_by=by)
    _fill(preset, name=name, body=body, rules=rules or {}, description=description)
    preset.slug = free_slug(Preset.objects.for_team(team), name, length=55, default="preset")
    return _save(preset, by, token, "preset.created")


def change(preset: Preset, changes: Mapping[str, Any], *, by: User, token: ApiToken | None = None) -> Preset:
    """Change `name`, `description`, `body` or `rules`. Jobs that used it stay as they are. Raises InvalidFields."""
    fields = ("name", "description", "body", "rules")
    unknown = {
        name: [f"There is no such field. There are {', '.join(fields)}."]
        for name in changes
        if name not in fields
    }
    if unknown:
        raise InvalidFields(unknown)
    with transaction.atomic():
        # Locked and read again, so that two changes at once do not undo each other.
        if Preset.objects.select_for_update().filter(pk=preset.pk).first() is None:
            raise NotPossible(f"The preset {preset.name} was deleted.")
        preset.refresh_from_db()
        values = {name: getattr(preset, name) for name in fields}
        before = activity.values_of(preset)
        _fill(preset, **{**values, **changes})
        preset.changed_at = timezone.now()
        return _save(preset, by, token, "preset.changed", before)


def delete(preset: Preset, *, by: User, token: ApiToken | None = None) -> None:
    """Delete a preset. Jobs that used it keep a copy of what it was."""
    with transaction.atomic():
        activity.record(preset.team, by, "preset.deleted", preset, token=token)
        preset.delete()


def add_use(use: Use) -> None:
    """Let the question before a preset's deletion name what else uses it; an app calls this when it is ready."""
    _uses.append(use)


def uses_of(preset: Preset) -> tuple[tuple[str, int], ...]:
    """What uses the preset, beside jobs: labels and numbers above 0."""
    return tuple((label, number) for label, number in (use(preset) for use in _uses) if number)


def make_default(
    preset: Preset, *, by: User, token: ApiToken | None = None, replace_default: bool = False
) -> None:
    """Let Run on the page of the preset's model begin with it.

    Raises NotPossible if it has no model, and DefaultExists if it would take another preset's place and
    `replace_default` is false.
    """
    if preset.model is None:
        raise NotPossible("It has no model that is registered; choose one in it first.")
    with transaction.atomic():
        model = RegisteredModel.objects.select_for_update().get(pk=preset.model.pk)
        default_now = model.default_preset
        if default_now is not None and default_now.pk != preset.pk and not replace_default:
            raise DefaultExists(model.name, default_now.name, default_now.slug)
        RegisteredModel.objects.filter(pk=preset.model.pk).update(default_preset=preset)
        activity.record(preset.team, by, "preset.made_default", preset, token=token)


def stop_being_default(preset: Preset, *, by: User, token: ApiToken | None = None) -> None:
    """Let Run on the model's page begin without the preset. Does nothing if it is not the default."""
    with transaction.atomic():
        if RegisteredModel.objects.filter(default_preset=preset).update(default_preset=None):
            activity.record(preset.team, by, "preset.no_longer_default", preset, token=token)


def find_preset(team: Team, text: str) -> Preset | None:
    """The team's preset with this slug, else the only one with this name."""
    # PostgreSQL cannot look for a text with a NUL character.
    if "\0" in text:
        return None
    rows = Preset.objects.for_team(team).select_related("model__connection", "created_by")
    preset = rows.filter(slug=text).first()
    if preset is None:
        namesakes = list(rows.filter(name__iexact=text)[:2])
        preset = namesakes[0] if len(namesakes) == 1 else None
    return preset


def fill_in_preset(team: Team, body: Mapping[str, Any]) -> tuple[dict[str, Any], Preset | None]:
    """A submission's body with the fields of its `preset`, and the preset; (body, None) without one.

    Fields of the body replace the preset's; null removes one. Raises InvalidFields if the team has no such preset.
    """
    fields = dict(body)
    slug = fields.pop("preset", None)
    if slug is None:
        return fields, None
    preset = find_preset(team, slug) if isinstance(slug, str) else None
    if preset is None:
        raise InvalidFields({"preset": ["It must be the slug of one of the team's presets."]})
    if "request" in fields:
        return fields, preset
    for name in GROUPS:
        if isinstance(fields.get(name), Mapping):
            fields[name] = {**(preset.body.get(name) or {}), **fields[name]}
    return {**preset.body, **fields}, preset


def submit(
    member: Membership,
    body: Mapping[str, Any],
    *,
    token: ApiToken | None = None,
    replace_outputs: bool = False,
) -> TransformJob:
    """Submit a body that may name a preset. Raises InvalidFields, also for locked fields.

    Raises OutputsExist if the job would replace objects, unless `replace_outputs` allows it.
    """
    draft = check_body(member, body)
    if replace_outputs:
        return draft.submit(by=member.user, token=token)

    def check_and_submit() -> TransformJob:
        known_ids = jobs_under_way.ids_near(draft.connection, draft.spec)
        replacing.check(draft.connection, draft.spec)
        with transaction.atomic():
            jobs_under_way.refuse_newer(draft.connection, draft.spec, known_ids)
            return draft.submit(by=member.user, token=token)

    return jobs_under_way.until_unchanged(check_and_submit)


@dataclass(frozen=True, slots=True)
class CheckedBody:
    """A submission's body that can be used.

    `known_ids` are the jobs near its output path before its outputs were looked for; None if they are not.
    """

    connection: Connection
    spec: TransformSpec
    options: RunOptions
    preset: Preset | None
    known_ids: frozenset[int] | None = None

    def submit(self, *, by: User, token: ApiToken | None) -> TransformJob:
        """Write the job. Raises InvalidFields, as NameTaken if another job has the name."""
        return submission.submit(
            self.connection, self.spec, self.options, by=by, token=token, preset=self.preset
        )


def check_body(member: Membership, body: Mapping[str, Any]) -> CheckedBody:
    """Parse a body that may name a preset. Raises InvalidFields, also for locked fields."""
    filled, preset = fill_in_preset(member.team, body)
    connection, spec, options = submission.parse(member.team, filled)
    if preset and preset.holds(member):
        check_locked(preset, connection, spec, options)
    return CheckedBody(connection, spec, options, preset)


def check_locked(preset: Preset, connection: Connection, spec: TransformSpec, options: RunOptions) -> None:
    """Raise InvalidFields for each locked field whose value is not the preset's."""
    locked = _normal(flat(preset.body))
    request = _normal(flat({**spec.to_fields(), **options.columns(), "model": spec.model_name}))
    request["connection"] = connection.slug
    names = preset.locked | ({"connection"} if "model" in preset.locked else set())
    wrong = sorted(name for name in names if locked.get(name) != request.get(name))
    if wrong:
        raise InvalidFields({name: [f"It is locked by the preset {preset.name}."] for name in wrong})


def differences(job: TransformJob) -> list[Difference]:
    """The fields in which the job differs from its preset at submission; empty without a preset."""
    if not job.preset_used:
        return []
    was, locked = _normal(job.preset_used["fields"]), job.preset_used["locked"]
    now = _normal(flat({**job.spec, **job_options.non_default_options(job), "model": job.model_name}))
    now["connection"] = job.connection.slug
    # Automatic attempts use up retries and cost; nobody changed these fields.
    spent = {"max_retries", "max_cost_usd"} if job.origin == Origin.RETRY else set()
    return [
        Difference(name, was.get(name), now.get(name), name in locked)
        for name in FIELDS
        if was.get(name) != now.get(name) and name not in spent
    ]


def _normal(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a preset as JSON values, without those at their default."""
    plain = {
        name: float(value) if isinstance(value, Decimal) else value
        for name, value in values.items()
        if name in FIELDS
    }
    return {name: value for name, value in plain.items() if value != _DEFAULTS.get(name)}


def _fill(preset: Preset, *, name: Any, body: Any, rules: Any, description: Any) -> None:
    problems: dict[str, list[str]] = {}
    if trouble := trouble_with_name(name):
        problems["name"] = [trouble]
    if not isinstance(description, str) or len(description) > 400:
        problems["description"] = ["It must be at most 400 characters."]
    if not isinstance(body, Mapping):
        raise InvalidFields({**problems, "body": ["It must be an object: the fields of a job."]})
    problems |= _rule_problems(rules) | _body_problems(preset.team, body)
    if problems:
        raise InvalidFields(problems)
    preset.name, preset.description = name.strip(), description.strip()
    preset.body = dict(body)
    if cap := job_options.take_options(dict(body)).max_cost_usd:
        # As jobs keep it, since the two are compared.
        preset.body["max_cost_usd"] = float(cap)
    preset.rules = {field: rule for field, rule in rules.items() if rule != Rule.EXPOSED}
    preset.model = RegisteredModel.objects.filter(
        team=preset.team, name=body.get("model"), connection__slug=body.get("connection")
    ).first()


def _rule_problems(rules: Any) -> dict[str, list[str]]:
    if not isinstance(rules, Mapping):
        return {"rules": ["They must map fields to exposed, locked or hidden."]}
    wrong = [name for name, rule in rules.items() if name not in FIELDS or rule not in Rule.values]
    return {"rules": [f"{wrong[0]} is no field of a job, or no rule for one."]} if wrong else {}


def _body_problems(team: Team, body: Mapping[str, Any]) -> dict[str, list[str]]:
    """The fields with which no job could be submitted. Required fields may be missing."""
    beside = {name: ["A preset has none of this."] for name in ("name", "request", "preset") if name in body}
    if beside:
        return beside
    try:
        submission.parse(team, body)
    except InvalidFields as error:
        missing = {name for name in _MAY_BE_MISSING if name not in body}
        # A preset keeps the name of a model that is gone.
        return {name: texts for name, texts in error.fields.items() if name not in missing}
    return {}


def _save(
    preset: Preset, by: User | None, token: ApiToken | None, verb: str, before: Values | None = None
) -> Preset:
    try:
        with transaction.atomic():
            preset.save()
            # A preset for another model is no longer the default of the first one.
            other_models = RegisteredModel.objects.filter(default_preset=preset).exclude(presets=preset)
            other_models.update(default_preset=None)
            activity.record(preset.team, by, verb, preset, token=token, before=before)
    except IntegrityError as error:
        raise InvalidFields({"name": ["Another preset of this name was saved just now."]}) from error
    return preset
