"""What the record of acts can be narrowed by: one table for the page, its exports and the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from django.db.models import Q

from teams.moments import parse_moment

_MOMENT = "It must be a date such as 2026-12-01, a time such as 2026-12-01T06:00:00Z, or a span such as 7d."


class ActivityFilterRefused(Exception):
    """Filters that cannot be used; `problems` has a sentence for each, by name."""

    def __init__(self, problems: Mapping[str, list[str]]) -> None:
        super().__init__("; ".join(f"{name}: {texts[0]}" for name, texts in problems.items()))
        self.problems = dict(problems)


@dataclass(frozen=True, slots=True)
class ActivityFilter:
    """A filter: its name in addresses, its label on the page, what it keeps, the most characters of its value.

    `condition` makes the condition of a value; it raises ValueError with a sentence for one that it cannot use.
    `example` is shown in an empty field of the page.
    """

    name: str
    label: str
    help_text: str
    condition: Callable[[str], Q]
    most: int = 100
    example: str = ""


def _verb(text: str) -> Q:
    return Q(verb=text) | Q(verb__startswith=f"{text.removesuffix('.')}.")


def _address(text: str) -> Q:
    try:
        return Q(address=str(ip_address(text)))
    except ValueError:
        raise ValueError("It must be an IP address such as 10.0.0.7.") from None


def _since(text: str) -> Q:
    return Q(at__gte=_moment(text, end_of_day=False))


def _until(text: str) -> Q:
    return Q(at__lt=_moment(text, end_of_day=True))


def _moment(text: str, *, end_of_day: bool) -> datetime:
    moment = parse_moment(text, is_end=end_of_day)
    if moment is None:
        raise ValueError(_MOMENT)
    return moment


FILTERS: tuple[ActivityFilter, ...] = (
    ActivityFilter(
        "person", "Person", "Only what this user name did.", lambda text: Q(user__username=text), 150
    ),
    ActivityFilter(
        "verb",
        "What",
        "What was done, such as `job.submitted`, or all of a kind: `job`.",
        _verb,
        40,
        "job.submitted",
    ),
    ActivityFilter(
        "kind",
        "Kind of object",
        "The kind of the object, such as `transformjob` or `connection`.",
        lambda text: Q(object_kind=text),
        40,
        "connection",
    ),
    ActivityFilter(
        "object",
        "Which",
        "The object's id, or a part of its name.",
        lambda text: Q(object_id=text) | Q(object_label__icontains=text),
        200,
    ),
    ActivityFilter(
        "token",
        "API token",
        "The name of the token that was used, or the first letters of its secret.",
        lambda text: Q(token__name=text) | Q(token__prefix=text),
        80,
    ),
    ActivityFilter("address", "Address", "The IP address of the request.", _address, 45, "10.0.0.7"),
    ActivityFilter(
        "request_id", "Request id", "The `X-Request-ID` of the request.", lambda text: Q(request_id=text), 64
    ),
    ActivityFilter(
        "since", "Since", "From this date or time on, or within this span: `7d`.", _since, 40, "2026-12-01"
    ),
    ActivityFilter(
        "until", "Until", "Up to the end of this date, or before this time.", _until, 40, "2026-12-31"
    ),
)


def condition_of(words: Mapping[str, str]) -> Q:
    """The condition of these filters; empty values are left out. Raises ActivityFilterRefused."""
    condition, problems = Q(), {}
    for entry in FILTERS:
        text = words.get(entry.name, "").strip()
        if not text:
            continue
        if len(text) > entry.most:
            problems[entry.name] = [f"It must have {entry.most} characters at most."]
            continue
        try:
            condition &= entry.condition(text)
        except ValueError as error:
            problems[entry.name] = [str(error)]
    if problems:
        raise ActivityFilterRefused(problems)
    return condition
