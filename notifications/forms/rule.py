"""The form of a rule."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms

from help.fields import explained_fields
from jobs.filtering import find_filter
from jobs.forms.edits import EditForm
from jobs.services.errors import InvalidFields, NotPossible
from notifications.filters import WORDS
from notifications.kinds import EVENT_KINDS
from notifications.models import Channel, NotificationRule
from notifications.services import rules
from teams.models import Membership

_NUMBER = forms.TextInput(attrs={"inputmode": "decimal"})


@explained_fields(
    "notifications#rules",
    kinds="notifications#events",
)
class RuleForm(EditForm):
    """Which events, and of which jobs."""

    kinds = forms.MultipleChoiceField(
        label="Events",
        required=False,
        choices=[(kind.word, kind.label) for kind in EVENT_KINDS],
        widget=forms.CheckboxSelectMultiple,
    )
    owner = forms.CharField(label="Submitted by", required=False)
    connection = forms.ChoiceField(label="Connection", required=False)
    model = forms.CharField(label="Model", required=False, help_text="Its name. Empty: all.")
    preset = forms.CharField(label="Preset", required=False, help_text="Its slug. Empty: all.")
    tag = forms.CharField(label="Tag", required=False, help_text="key or key=value. Empty: all.")
    deployment = forms.CharField(
        label="Deployment", required=False, help_text="Its slug, or slug/stage. Empty: all."
    )
    longer_than_minutes = forms.CharField(
        label="Longer than … minutes", required=False, help_text="Empty: however long.", widget=_NUMBER
    )
    costs_over_usd = forms.CharField(
        label="Costs over … US dollars",
        required=False,
        help_text="Empty: whatever it costs. A job without a known cost is left out.",
        widget=_NUMBER,
    )

    def __init__(self, channel: Channel, data: Any = None, *, rule: NotificationRule | None = None) -> None:
        start = _start(channel, rule)
        super().__init__(data, initial=start)
        self.channel, self.rule = channel, rule
        menu_of = find_filter("connection").menu
        menu = list(menu_of(channel.team)) if menu_of else []
        slug = str(start["connection"])
        removed_choice = [(slug, slug)] if slug and slug not in dict(menu) else []
        connection: Any = self.fields["connection"]
        connection.choices = [("", "all"), *menu, *removed_choice]
        self.fields["owner"].help_text = (
            "A user name. Empty: everybody."
            if channel.owner is None
            else "me, or a user name. Empty: everybody."
        )

    def save(self, member: Membership) -> NotificationRule | None:
        """Add the rule, or change it. None if it was refused; the form then has the reasons."""
        if not self.is_valid() or (self.rule and not self.check_version()):
            return None
        cleaned = self.cleaned_data
        values = {name: cleaned[name] for name in ("kinds", *WORDS)}
        values["longer_than_minutes"] = _whole(cleaned["longer_than_minutes"])
        values["costs_over_usd"] = _decimal(cleaned["costs_over_usd"])
        try:
            if self.rule is None:
                return rules.create(self.channel, member, values)
            return rules.change(self.rule, member, values)
        except InvalidFields as error:
            for name, texts in error.fields.items():
                self.add_error(name if name in self.fields else None, texts)
        except NotPossible as error:
            self.add_error(None, str(error))
        return None


def _start(channel: Channel, rule: NotificationRule | None) -> dict[str, Any]:
    if rule is None:
        kinds = ["job.failed", "job.rejected", "job.warnings", "job.at_risk"]
        return {"kinds": kinds, "connection": "", "owner": "me" if channel.owner_id is not None else ""}
    return {name: "" if value is None else value for name, value in rules.values_of(rule).items()}


def _whole(text: str) -> int | str | None:
    """The number, or a text that is none, which the service refuses; None for an empty text."""
    text = text.strip()
    return (int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text) if text else None


def _decimal(text: str) -> Decimal | str | None:
    text = text.strip()
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return text
    return amount if amount.is_finite() else text
