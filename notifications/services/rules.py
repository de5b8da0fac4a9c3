"""Rules: which events go to a channel."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from jobs.filtering import FilterError, JobFilter
from jobs.services.errors import InvalidFields, NotPossible
from notifications.filters import WORDS
from notifications.kinds import EVENT_KINDS
from notifications.models import Channel, NotificationRule
from notifications.services.channels import check_change, visible
from teams import activity
from teams.act_changes import Values
from teams.models import ApiToken, Membership

#: Rules of one channel.
MOST = 25
#: A year, in minutes; and more than any job costs.
MOST_MINUTES = 527_040
MOST_USD = Decimal(1_000_000)
FIELDS = ("kinds", *WORDS, "longer_than_minutes", "costs_over_usd")
_KINDS = [kind.word for kind in EVENT_KINDS]


def visible_rules(member: Membership) -> QuerySet[NotificationRule]:
    """The rules of the channels that the member sees."""
    rules = NotificationRule.objects.filter(channel__in=visible(member))
    return rules.select_related("channel__owner", "channel__team")


def create(
    channel: Channel, member: Membership, values: Mapping[str, Any], *, token: ApiToken | None = None
) -> NotificationRule:
    """Add a rule to a channel; `values` has fields of FIELDS, of which `kinds` is required.

    Raises InvalidFields and PermissionDenied.
    """
    check_change(channel, member)
    rule = NotificationRule(channel=channel, created_by=member.user)
    _fill(rule, {"kinds": [], **values})
    with transaction.atomic():
        Channel.objects.select_for_update().get(pk=channel.pk)
        if channel.rules.count() >= MOST:
            raise InvalidFields({"kinds": [f"The channel has {MOST} rules already; remove one first."]})
        rule.save()
        _tell(rule, member, "rule.created", token)
    return rule


def change(
    rule: NotificationRule, member: Membership, changes: Mapping[str, Any], *, token: ApiToken | None = None
) -> NotificationRule:
    """Change fields of FIELDS; what is left out stays. Raises InvalidFields and PermissionDenied."""
    check_change(rule.channel, member)
    with transaction.atomic():
        # Locked and read again, so that two changes at once do not undo each other.
        if NotificationRule.objects.select_for_update().filter(pk=rule.pk).first() is None:
            raise NotPossible("The rule was removed.")
        rule.refresh_from_db()
        before = values_of(rule)
        _fill(rule, changes)
        rule.save()
        _tell(rule, member, "rule.changed", token, before)
    return rule


def remove(rule: NotificationRule, member: Membership, *, token: ApiToken | None = None) -> None:
    """Remove a rule. Raises PermissionDenied."""
    check_change(rule.channel, member)
    with transaction.atomic():
        _tell(rule, member, "rule.removed", token)
        rule.delete()


def values_of(rule: NotificationRule) -> dict[str, Any]:
    """The rule's values by the names of FIELDS; texts that are not set are empty."""
    words = {word: rule.filter.get(word, "") for word in WORDS}
    return {
        "kinds": list(rule.kinds),
        **words,
        "longer_than_minutes": rule.longer_than_minutes,
        "costs_over_usd": rule.costs_over_usd,
    }


def _fill(rule: NotificationRule, values: Mapping[str, Any]) -> None:
    problems = {
        name: [f"There is no such field. There are {', '.join(FIELDS)}."]
        for name in values
        if name not in FIELDS
    }
    problems |= _kind_problems(values) | _number_problems(values)
    words = {word: values[word] for word in WORDS if word in values}
    problems |= _filter_problems(rule.channel, words)
    if problems:
        raise InvalidFields(problems)
    if "kinds" in values:
        rule.kinds = [word for word in _KINDS if word in values["kinds"]]
    rule.filter = {name: text for name, text in {**rule.filter, **_stripped(words)}.items() if text}
    if "longer_than_minutes" in values:
        rule.longer_than_minutes = values["longer_than_minutes"]
    if "costs_over_usd" in values:
        rule.costs_over_usd = _decimal(values["costs_over_usd"])


def _kind_problems(values: Mapping[str, Any]) -> dict[str, list[str]]:
    if "kinds" not in values:
        return {}
    kinds = values["kinds"]
    if isinstance(kinds, list) and kinds and all(isinstance(word, str) and word in _KINDS for word in kinds):
        return {}
    return {"kinds": [f"It must be a list of one or more of {', '.join(_KINDS)}."]}


def _number_problems(values: Mapping[str, Any]) -> dict[str, list[str]]:
    problems = {}
    minutes = values.get("longer_than_minutes")
    is_whole = isinstance(minutes, int) and not isinstance(minutes, bool)
    if minutes is not None and not (is_whole and 0 <= minutes <= MOST_MINUTES):
        problems["longer_than_minutes"] = [f"It must be a whole number from 0 to {MOST_MINUTES:,}, or null."]
    usd = values.get("costs_over_usd")
    amount = _decimal(usd)
    if usd is not None and (amount is None or not 0 <= amount <= MOST_USD):
        problems["costs_over_usd"] = [f"It must be a number from 0 to {MOST_USD:,}, or null."]
    return problems


def _decimal(value: object) -> Decimal | None:
    """The amount in whole cents; None for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        return Decimal(str(value)).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None


def _filter_problems(channel: Channel, words: Mapping[str, Any]) -> dict[str, list[str]]:
    try:
        JobFilter.read(words)
    except FilterError as error:
        return {name: list(texts) for name, texts in error.fields.items()}
    if channel.owner is None and str(words.get("owner", "")).strip() == "me":
        return {
            "owner": ["A channel of the team has no “me”; give a user name, or leave it empty for everybody."]
        }
    return {}


def _stripped(words: Mapping[str, str]) -> dict[str, str]:
    return {name: text.strip() for name, text in words.items()}


def _tell(
    rule: NotificationRule,
    member: Membership,
    verb: str,
    token: ApiToken | None,
    before: Values | None = None,
) -> None:
    activity.record(
        rule.channel.team,
        member.user,
        verb,
        rule,
        label=f"{rule.channel.name}: {rule}",
        token=token,
        before=before,
        after=values_of(rule),
    )
