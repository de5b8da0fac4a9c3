"""The forms that add an AWS connection and change any connection's limits."""

from __future__ import annotations

from django import forms
from django.conf import settings

from help.fields import explained_fields
from jobs.forms.edits import EditForm
from jobs.forms.fields import TypeLimitsField, WordsField
from jobs.models import Connection
from jobs.services.connections import connections
from jobs.services.errors import InvalidFields
from teams.models import Team, User

_MONO = {"class": "mono", "autocomplete": "off", "spellcheck": "false"}


@explained_fields(
    name="connections",
    max_running="connections#limits",
    max_instances="connections#limits",
    max_instances_per_type="connections#limits",
    import_external="connections#jobs-made-elsewhere",
    queue_url="connections#queue-of-events",
    allowed_places="connections#what-it-may-use",
    allowed_models="connections#what-it-may-use",
    allow_deletes="connections#what-it-may-use",
    viewers_read_data="data#who-reads",
)
class LimitsForm(EditForm):
    """The parts of a connection that can be changed later: its name, its limits, its queue and what it may use."""

    name = forms.CharField(
        label="Name", required=False, max_length=80, help_text="As the team calls it: prod."
    )
    max_running = forms.IntegerField(
        label="Jobs at once", required=False, help_text="Further ones wait their turn. Empty: no limit."
    )
    max_instances = forms.IntegerField(
        label="Instances at once",
        required=False,
        help_text="Of all types together. Empty: the account's quota.",
    )
    max_instances_per_type = TypeLimitsField(
        label="Instances at once, by type",
        required=False,
        help_text="One TYPE=NUMBER a line, such as ml.g5.xlarge=3. Others have the account's quota.",
    )
    import_external = forms.BooleanField(
        label="Show jobs made elsewhere",
        required=False,
        initial=True,
        help_text="Jobs of this account that were not made here. They are only looked at.",
    )

    queue_url = forms.CharField(
        label="Queue of events",
        required=False,
        max_length=512,
        help_text="The address of an SQS queue that an EventBridge rule fills. Jobs are then looked at the "
        "moment they change. Empty: they are asked about every few seconds.",
        widget=forms.TextInput(attrs=_MONO),
    )

    allowed_places = WordsField(
        label="Places it may use",
        required=False,
        help_text="Folders in S3 that jobs and pages may read and write, with spaces between them: "
        "s3://bucket/folder/. Empty: everything that its credentials allow.",
        widget=forms.Textarea(attrs={**_MONO, "rows": 2}),
    )
    allowed_models = WordsField(
        label="Models it may use",
        required=False,
        help_text="Names, with spaces between them; churn-* is every name that begins with churn-. Empty: all.",
        widget=forms.Textarea(attrs={**_MONO, "rows": 2}),
    )

    allow_deletes = forms.BooleanField(
        label="Operators may delete objects on the Data page",
        required=False,
        help_text="What the connection's credentials allow too. Deleted objects cannot be brought back, unless the "
        "bucket keeps versions.",
    )

    viewers_read_data = forms.BooleanField(
        label="Viewers may read data",
        required=False,
        help_text="They list and download what this connection reaches, on the Data page and by the API, and change "
        "nothing. Otherwise viewers see inputs and outputs of jobs only.",
    )

    def leave_out(self, connection: Connection) -> None:
        """Remove fields that an engine has not: deletes are always allowed; a queue needs an SQS service."""
        if connection.is_engine:
            del self.fields["allow_deletes"]
        if connection.is_engine and not settings.SQS_URL and not connection.queue_url:
            del self.fields["queue_url"]

    def change(self, connection: Connection, by: User) -> bool:
        """Write the values of a valid form. False if they were refused; the form then has the reasons."""
        if not self.check_version():
            return False
        try:
            connections.change(connection, self.cleaned_data, by=by)
        except InvalidFields as error:
            _report(self, error)
            return False
        return True


@explained_fields(
    region="connections#region",
    role_arn="connections#the-role",
    external_id="connections#external-id",
)
class ConnectionForm(LimitsForm):
    """A new connection: a region, and a role to assume instead of the service's own credentials."""

    region = forms.CharField(
        label="Region",
        required=False,
        widget=forms.TextInput(attrs={**_MONO, "placeholder": "eu-west-1"}),
    )
    role_arn = forms.CharField(
        label="Role to assume",
        required=False,
        help_text="Empty: the credentials that this service itself runs with. Either way the team can do whatever "
        "the credentials or the role may, unless places and models are named below.",
        widget=forms.TextInput(attrs={**_MONO, "placeholder": "arn:aws:iam::123456789012:role/batchdeck"}),
    )
    external_id = forms.CharField(
        label="External id",
        required=False,
        help_text="What the role's trust policy asks for. Empty: nothing.",
        widget=forms.TextInput(attrs=_MONO),
    )
    field_order = ("name", "region", "role_arn", "external_id")

    def create(self, team: Team, by: User) -> Connection | None:
        """Add the connection of a valid form. None if it was refused; the form then has the reasons."""
        try:
            return connections.create(team, by=by, **self.cleaned_data)
        except InvalidFields as error:
            _report(self, error)
            return None


def _report(form: forms.Form, error: InvalidFields) -> None:
    for name, texts in error.fields.items():
        form.add_error(name if name in form.fields else "name", texts)
