"""Forms of a channel."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone

from help.fields import explained, explained_fields
from jobs.forms.edits import EditForm
from jobs.services.errors import InvalidFields
from notifications.models import Channel, ChannelKind
from notifications.services import channels
from teams.models import Membership

_MONO = {"class": "mono", "autocomplete": "off", "spellcheck": "false"}
_ADDRESS = {
    ChannelKind.EMAIL: ("Mail address", "ana@example.com", "notifications#e-mail"),
    ChannelKind.SLACK: ("Webhook URL", "https://hooks.slack.com/services/…", "notifications#webhooks"),
    ChannelKind.WEBHOOK: ("URL", "https://example.com/batchdeck", "notifications#webhooks"),
}
#: Channels that the form makes; the one of a browser is made by a button.
KINDS = (ChannelKind.EMAIL, ChannelKind.SLACK, ChannelKind.WEBHOOK)
#: Choices of a mute, in hours from now.
MUTES = {1: "for an hour", 8: "for 8 hours", 24: "for a day", 168: "for a week", 720: "for 30 days"}
_STAYS = "stays"


@explained_fields(name="notifications", digest_minutes="notifications#digest-mute-test")
class _ChannelFields(EditForm):
    """The fields of every channel."""

    name = forms.CharField(label="Name", required=False, help_text="As people call it: on call, data team.")
    address = forms.CharField(label="Address", required=False)
    digest_minutes = forms.CharField(
        label="At most one message in … minutes",
        required=False,
        help_text="When more happens, one message tells all of it and says how much. 0: each event by itself.",
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )

    def _fit(self, kind: ChannelKind) -> None:
        """Name and describe the fields as this kind of channel needs them."""
        if kind == ChannelKind.BROWSER:
            del self.fields["address"], self.fields["digest_minutes"]
            return
        label, example, link = _ADDRESS[kind]
        self.fields["address"].label = label
        explained(link, self.fields["address"])
        self.fields["address"].widget.attrs |= {**_MONO, "placeholder": example}

    def clean_digest_minutes(self) -> int | str | None:
        """The whole number, or the text as it is, which the service refuses; None for an empty one."""
        text = str(self.cleaned_data["digest_minutes"]).strip()
        return (int(text) if text.isascii() and text.isdigit() and len(text) < 8 else text) if text else None

    def _values(self) -> dict[str, Any]:
        names = [name for name in ("name", "address") if name in self.fields]
        values: dict[str, Any] = {name: self.cleaned_data[name] for name in names}
        if "digest_minutes" in self.fields and self.cleaned_data.get("digest_minutes") is not None:
            values["digest_minutes"] = self.cleaned_data["digest_minutes"]
        return values

    def _report(self, error: InvalidFields) -> None:
        for name, texts in error.fields.items():
            self.add_error(name if name in self.fields else None, texts)


class NewChannelForm(_ChannelFields):
    """A new channel of one kind."""

    def __init__(self, kind: ChannelKind, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        self._fit(kind)

    def create(self, member: Membership, *, for_team: bool) -> Channel | None:
        """Make the channel of a valid form. None if it was refused; the form then has the reasons."""
        try:
            return channels.create(member, kind=self.kind.value, for_team=for_team, **self._values())
        except InvalidFields as error:
            self._report(error)
            return None


@explained_fields(mute="notifications#digest-mute-test")
class ChannelForm(_ChannelFields):
    """Changes of a channel."""

    mute = forms.ChoiceField(
        label="Mute", required=False, help_text="What happens meanwhile is not sent later."
    )

    def __init__(self, channel: Channel, data: Any = None) -> None:
        start = {
            "name": channel.name,
            "address": channel.shown_address,
            "digest_minutes": str(channel.digest_minutes),
            "mute": _STAYS if channel.is_muted else "",
        }
        super().__init__(data, initial=start)
        self.channel = channel
        self._fit(ChannelKind(channel.kind))
        stays = [(_STAYS, "as it is")] if channel.is_muted else []
        hours = [(str(number), words) for number, words in MUTES.items()]
        mute: Any = self.fields["mute"]
        mute.choices = [*stays, ("", "not muted"), *hours]

    def change(self, member: Membership) -> Channel | None:
        """Write the values of a valid form. None if they were refused; the form then has the reasons."""
        if not self.check_version():
            return None
        values, mute = self._values(), self.cleaned_data["mute"]
        if values.get("address") == self.channel.shown_address:
            # A Slack address is not shown whole, and stays unless another one is typed.
            del values["address"]
        if mute != _STAYS:
            values["muted_until"] = timezone.now() + timedelta(hours=int(mute)) if mute else None
        try:
            return channels.change(self.channel, member, values)
        except InvalidFields as error:
            self._report(error)
            return None


def is_mail_set_up() -> bool:
    """Whether channels for mail can be made."""
    return bool(settings.EMAIL_IS_SET_UP)
