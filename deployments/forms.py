"""The form of a deployment: what the API's body has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from deployments.form_stages import NEW_STAGE, FormStage
from deployments.models import Deployment, FollowPolicy
from deployments.services import editing
from help.fields import explained, explained_fields
from jobs import queries
from jobs.forms.edits import EditForm
from jobs.forms.job_fields import form_field
from jobs.services.errors import InvalidFields, NotPossible
from teams.models import Membership, Team
from transform.request_fields import FIELDS, GROUPS

#: The fields of a job that the form has; further settings come by the API and stay.
SETTINGS = (
    *("instance_type", "instance_count", "content_type", "split_type", "strategy", "accept", "assemble_with"),
    *("data_processing.join_source",),
)
SETTING_NAMES = tuple(name for name in SETTINGS if name in FIELDS)
_MONO = {"class": "mono", "autocomplete": "off", "spellcheck": "false"}
_PREPROCESS = ("script", "script_uri", "image", "arguments", "instance_type")
#: The fields of a stage that the form shows at once; the others are behind a fold.
_FIRST = ("connection", "data", "output_path", "expression", "timezone")


#: What explains the fields of a stage, and of the step before its job.
_STAGE_HELP, _STEP_HELP = "deployments#what-a-deployment-has", "deployments#what-a-run-does"


@explained_fields(
    name="deployments#what-a-deployment-has",
    connection="registry#groups-and-versions",
    package_group="registry#groups-and-versions",
    follow="deployments#how-a-version-gets-into-a-stage",
)
class DeploymentForm(EditForm):
    """A deployment; `stages` says which stages the form has. It is not valid until `save` has had it checked."""

    name = forms.CharField(label="Name", required=False, help_text="As the team will look for it.")
    connection = forms.ChoiceField(label="Model registry", required=False)
    package_group = forms.CharField(
        label="Model package group",
        required=False,
        widget=forms.TextInput(attrs={**_MONO, "list": "groups"}),
        help_text="Its newest approved version is offered to the first stage.",
    )
    follow = forms.ChoiceField(label="A newly approved version", choices=FollowPolicy.choices, required=False)

    def __init__(self, team: Team, stages: Sequence[FormStage], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team, self.stages = team, stages
        connections = [(row.slug, row.name) for row in queries.connections(team)]
        self.fields["connection"].choices = connections  # type: ignore[attr-defined]
        for name in SETTING_NAMES:
            self.fields[f"settings.{name}"] = explained("jobs#a-new-job", form_field(FIELDS[name]))
        for stage in stages:
            self.fields |= _explain_all(_STAGE_HELP, _stage_fields(stage, connections))
        self.fields[NEW_STAGE] = explained(
            _STAGE_HELP,
            forms.CharField(
                label="New stage",
                required=False,
                help_text="What it is called, such as QA. It comes last and starts with the settings of the "
                "stage before.",
            ),
        )
        self.fields |= _explain_all(_STEP_HELP, _preprocess_fields())

    def body(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """The API's body; what the form does not have stays as in `before`."""
        cleaned = self.cleaned_data
        body = {
            **before,
            **{name: cleaned[name] for name in ("name", "connection", "package_group", "follow")},
        }
        settings = dict(before.get("settings") or {})
        for name in SETTING_NAMES:
            _put(settings, name, cleaned.get(f"settings.{name}"))
        body["settings"] = settings
        earlier = {row["slug"]: row for row in before.get("stages", [])}
        body["stages"] = [self._stage_body(stage, earlier.get(stage.slug, {})) for stage in self.stages]
        body["preprocess"] = self._preprocess_body(before.get("preprocess") or {})
        return body

    def _stage_body(self, stage: FormStage, before: Mapping[str, Any]) -> dict[str, Any]:
        cleaned = {
            name.rpartition(".")[2]: value
            for name, value in self.cleaned_data.items()
            if name.startswith(f"stages.{stage.slug}.")
        }
        expression, timezone = cleaned.pop("expression", ""), cleaned.pop("timezone", "")
        schedule = {**(before.get("schedule") or {}), "expression": expression, "timezone": timezone or "UTC"}
        title = before.get("name") or stage.title
        return {
            "slug": stage.slug,
            **before,
            "name": title,
            **cleaned,
            "schedule": schedule if expression else None,
        }

    def _preprocess_body(self, before: Mapping[str, Any]) -> dict[str, Any] | None:
        values = {name: self.cleaned_data.get(f"preprocess.{name}") for name in _PREPROCESS}
        values = {name: value for name, value in values.items() if value}
        if not {"script", "script_uri"} & values.keys():
            return None
        members_without_field = {name: value for name, value in before.items() if name not in _PREPROCESS}
        if "arguments" in values:
            values["arguments"] = str(values["arguments"]).splitlines()
        if "script" in values:
            # A browser sends each line's end as two characters, which no shell reads.
            values["script"] = str(values["script"]).replace("\r\n", "\n")
        return {**members_without_field, **values}

    def save(self, member: Membership, deployment: Deployment | None = None) -> Deployment | None:
        """Make a deployment, or change this one. None if it was refused; the form then has the reasons."""
        if self.is_valid() and self.cleaned_data[NEW_STAGE]:
            self.add_error(NEW_STAGE, "Press Add stage first, or empty this field.")
        if not self.is_valid() or (deployment and not self.check_version()):
            return None
        body = self.body(editing.describe(deployment) if deployment else {})
        try:
            if deployment:
                return editing.change(deployment, body, member=member)
            return editing.create(member.team, body, by=member.user)
        except NotPossible as error:
            self.add_error(None, str(error))
        except InvalidFields as error:
            for name, texts in error.fields.items():
                field = name.replace(".schedule.", ".")
                self.add_error(
                    field if field in self.fields else None,
                    texts if field in self.fields else f"{name}: {' '.join(texts)}",
                )
        return None

    @property
    def setting_fields(self) -> list[forms.BoundField]:
        """The fields of the job's settings."""
        return [self[f"settings.{name}"] for name in SETTING_NAMES]

    @property
    def preprocess_fields(self) -> list[forms.BoundField]:
        """The fields of the preprocess step."""
        return [self[f"preprocess.{name}"] for name in _PREPROCESS]

    @property
    def has_preprocess(self) -> bool:
        """Whether the fold of the step is open."""
        script = self["preprocess.script"].value() or self["preprocess.script_uri"].value()
        return bool(script) or any(field.errors for field in self.preprocess_fields)

    @property
    def stage_sections(self) -> list[dict[str, Any]]:
        """Each stage with the fields that are shown at once, and those behind a fold."""
        return [self._section(stage) for stage in self.stages]

    def _section(self, stage: FormStage) -> dict[str, Any]:
        at = f"stages.{stage.slug}."
        names = [name for name in self.fields if name.startswith(at)]
        first = [self[f"{at}{name}"] for name in _FIRST]
        more = [self[name] for name in names if name.removeprefix(at) not in _FIRST]
        return {
            "stage": stage,
            "first": first,
            "more": more,
            "open": any(field.errors for field in more),
            "can_leave_out": stage.version is None and len(self.stages) > 1,
        }


def start_of(deployment: Deployment) -> dict[str, Any]:
    """The initial values of the form for this deployment."""
    body = editing.describe(deployment)
    start = {name: body[name] for name in ("name", "connection", "package_group", "follow")}
    for name in SETTING_NAMES:
        start[f"settings.{name}"] = _take(body["settings"], name)
    for row in body["stages"]:
        for name, value in row.items():
            start[f"stages.{row['slug']}.{name}"] = value
        for name, value in (row["schedule"] or {}).items():
            start[f"stages.{row['slug']}.{name}"] = value
    for name, value in (body["preprocess"] or {}).items():
        start[f"preprocess.{name}"] = "\n".join(value) if name == "arguments" else value
    return start


def _put(settings: dict[str, Any], name: str, value: Any) -> None:
    group, _, inner = name.partition(".")
    if inner and group in GROUPS:
        settings[group] = {**(settings.get(group) or {}), inner: value} if value else settings.get(group)
    elif value in (None, ""):
        settings.pop(name, None)
    else:
        settings[name] = value


def _take(settings: Mapping[str, Any], name: str) -> Any:
    group, _, inner = name.partition(".")
    return (settings.get(group) or {}).get(inner) if inner else settings.get(name)


def _explain_all(link: str, fields: dict[str, forms.Field]) -> dict[str, forms.Field]:
    return {name: explained(link, field) for name, field in fields.items()}


def _stage_fields(stage: FormStage, connections: Sequence[tuple[str, str]]) -> dict[str, forms.Field]:
    at = f"stages.{stage.slug}."

    def text(label: str, hint: str = "", example: str = "") -> forms.Field:
        attrs = {**_MONO, **({"placeholder": example} if example else {})}
        return forms.CharField(
            label=label, help_text=hint, required=False, widget=forms.TextInput(attrs=attrs)
        )

    return {
        f"{at}connection": forms.ChoiceField(label="Connection", choices=connections, required=False),
        f"{at}data": text(
            "Input",
            "Dates are filled in at each run: {yyyy}, {mm}, {dd}, {date-1d}.",
            "s3://bucket/in/{date}/",
        ),
        f"{at}output_path": text(
            "Output", "With {run} in it each run has a folder of its own.", "s3://bucket/out/{run}/"
        ),
        f"{at}expression": text(
            "Schedule", "rate(1 day), or cron(0 6 * * ? *). Empty: only when a person asks.", "rate(1 day)"
        ),
        f"{at}timezone": text("Time zone", "Such as Europe/Berlin. Empty: UTC.", "UTC"),
        f"{at}instance_type": text("Instance type", "Empty: as below."),
        f"{at}instance_count": forms.IntegerField(
            label="Instances", help_text="Empty: as below.", required=False
        ),
        f"{at}execution_role_arn": text("Execution role", "Needed on AWS: SageMaker runs models with it."),
        f"{at}needs_approval": forms.BooleanField(
            label="An admin approves each promotion", required=False, initial=stage.slug == "production"
        ),
    }


def _preprocess_fields() -> dict[str, forms.Field]:
    lines = {"rows": 8, "spellcheck": "false", "class": "mono"}
    mono = forms.TextInput(attrs=_MONO)
    return {
        "preprocess.script": forms.CharField(
            label="Script",
            required=False,
            strip=False,
            widget=forms.Textarea(attrs=lines),
            help_text="It reads /opt/ml/processing/input/data and writes /opt/ml/processing/output. Empty: no step.",
        ),
        "preprocess.script_uri": forms.CharField(
            label="Or its S3 address", required=False, widget=mono, help_text="A .py or .sh file."
        ),
        "preprocess.image": forms.CharField(
            label="Image",
            required=False,
            widget=mono,
            help_text="Such as the scikit-learn image of the region.",
            initial="683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
        ),
        "preprocess.arguments": forms.CharField(
            label="Arguments",
            required=False,
            widget=forms.Textarea(attrs={**lines, "rows": 3}),
            help_text="One a line. {data} stands for the address of the input.",
        ),
        "preprocess.instance_type": forms.CharField(
            label="Instance type", required=False, widget=mono, initial="ml.m5.large"
        ),
    }
