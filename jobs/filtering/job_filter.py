"""The table of filters, and the values that one list of jobs has for them.

A new filter is one entry of `FILTERS`; where it has to be fast in a large team, also an index in `models.job_indexes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from failures import CAUSES, UNKNOWN
from jobs.filtering import narrowing
from jobs.filtering.kinds import Choice, FilterError, Moment, States, Text
from jobs.models import Connection, RegisteredModel
from jobs.models.job import JobQuerySet
from jobs.states import Hold, JobState
from teams.models import Team, User


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter: its name in addresses and the API, and everything that is derived from its declaration."""

    name: str
    #: Its name in the filter panel.
    label: str
    #: What it keeps, in Markdown: for the API's schema and docs/api.md.
    help_text: str
    kind: Text | Choice | States | Moment
    narrow: narrowing.Narrow
    #: Whether an empty value narrows too.
    narrows_when_empty: bool = False
    placeholder: str = ""
    #: Further words for it in the search box, which shows `box_word` if there is one, else the name.
    aliases: tuple[str, ...] = ()
    box_word: str = ""
    #: Values that the panel proposes while a person types.
    suggestions: Callable[[Team], Iterable[str]] | None = None
    #: Values and titles of the panel's menu, for a filter of free text.
    menu: Callable[[Team], Iterable[tuple[str, str]]] | None = None

    @property
    def word(self) -> str:
        """How the search box and the chips write it."""
        return self.box_word or self.name


def _model_names(team: Team) -> Iterable[str]:
    rows = RegisteredModel.objects.for_team(team).filter(connection__removed_at=None)
    return rows.values_list("name", flat=True).distinct().order_by("name")


def _user_names(team: Team) -> Iterable[str]:
    return ["me", *team.members.order_by("username").values_list("username", flat=True)]


def _connections(team: Team) -> Iterable[tuple[str, str]]:
    return (
        Connection.objects.for_team(team).filter(removed_at=None).order_by("slug").values_list("slug", "name")
    )


_CAUSES = {cause.slug: cause.title for cause in (*CAUSES, UNKNOWN)}
_FROM, _UNTIL = Moment(), Moment(is_end=True)

FILTERS = (
    Filter(
        "state",
        "Status",
        "A state, several with commas, `active` or `ended`.",
        States(),
        narrowing.by_state,
        box_word="status",
        menu=lambda team: [
            *(("active", "Active"), ("ended", "Ended")),
            *((state.lower(), title) for state, title in JobState.choices),
        ],
    ),
    Filter(
        "cause",
        "Failure cause",
        "Why it failed or was refused, as in `failure.cause`; `unknown` where no rule fits, or its log is "
        "still to be read.",
        Choice({"": "Any", **_CAUSES}),
        narrowing.by_column("overall_cause"),
    ),
    Filter(
        "model",
        "Model",
        "The model's name.",
        Text(63),
        narrowing.by_column("model_name"),
        suggestions=_model_names,
    ),
    Filter(
        "owner",
        "Owner",
        "Who submitted it: a user name, or `me`.",
        Text(150),
        narrowing.by_owner,
        placeholder="me, or a name",
        aliases=("user", "by"),
        suggestions=_user_names,
    ),
    Filter(
        "connection",
        "Connection",
        "The connection's slug.",
        Text(80),
        narrowing.by_connection,
        menu=_connections,
    ),
    Filter(
        "preset",
        "Preset",
        "The slug of the preset that it began with.",
        Text(80),
        narrowing.by_preset,
        placeholder="its slug",
    ),
    Filter(
        "deployment",
        "Deployment",
        "The slug of the deployment that it is a run of, or `deployment/stage`.",
        Text(64),
        narrowing.by_deployment,
        placeholder="its slug, or slug/stage",
    ),
    Filter(
        "instance_type",
        "Instance type",
        "The instance type that was requested last: the request's own, or a fallback.",
        Text(60),
        narrowing.by_column("instance_type"),
        placeholder="ml.m5.large",
        box_word="instance",
    ),
    Filter(
        "since",
        "Submitted from",
        "Submitted from then on: `2026-11-20`, a time such as `2026-11-20T08:00:00Z`, or how long ago (`24h`, "
        "`7d`, `2w`). Without a zone it is UTC, on pages the zone of the reader.",
        _FROM,
        narrowing.by_time("created_at", "gte", _FROM),
        placeholder="2026-11-20, or 7d ago",
        aliases=("after", "from"),
    ),
    Filter(
        "until",
        "Submitted until",
        "Submitted before then, written as in `since`; a date counts whole.",
        _UNTIL,
        narrowing.by_time("created_at", "lt", _UNTIL),
        placeholder="2026-11-20",
        aliases=("before", "to"),
    ),
    Filter(
        "ended",
        "Ended from",
        "Ended from then on, written as in `since`.",
        _FROM,
        narrowing.by_time("overall_ended_at", "gte", _FROM),
        placeholder="2026-11-20, or 7d ago",
    ),
    Filter(
        "ended_until",
        "Ended until",
        "Ended before then, written as in `since`; a date counts whole.",
        _UNTIL,
        narrowing.by_time("overall_ended_at", "lt", _UNTIL),
        placeholder="2026-11-20",
    ),
    Filter(
        "attention",
        "Attention",
        "`true`: completed with warnings, at or near its deadline or cost cap, or silent; running now or ended within "
        "seven days.",
        Choice({"": "Any", "true": "Needs attention"}),
        narrowing.by_attention,
    ),
    Filter(
        "hold",
        "Held",
        "`held`: the outputs wait until a person accepts or refuses them, `accepted`, or `refused`.",
        Choice({"": "Any", **dict(Hold.choices)}),
        narrowing.by_column("hold"),
    ),
    Filter(
        "path",
        "S3 path",
        "What it reads or writes: an S3 address, the beginning of one, or an object below it, so that an output leads "
        "to the jobs that may have written it.",
        Text(1100),
        narrowing.by_path,
        placeholder="s3://bucket/prefix or an output",
        aliases=("s3",),
    ),
    Filter(
        "tag",
        "Tag",
        "`key` or `key=value`.",
        Text(400),
        narrowing.by_tag,
        placeholder="key or key=value",
        aliases=("tags",),
    ),
    Filter("name", "Name contains", "A part of the name.", Text(63), narrowing.by_name),
    Filter(
        "text",
        "Words",
        "Words, each of which is in the name, that of an attempt, an S3 address or a tag.",
        Text(200),
        narrowing.by_words,
        placeholder="in name, path or tag",
    ),
    Filter(
        "external",
        "Made",
        "`true`: made outside Batchdeck, `false`: made here.",
        Choice({"": "Anywhere", "false": "Here", "true": "Outside Batchdeck"}),
        narrowing.by_origin,
    ),
    Filter(
        "trial",
        "Trials",
        "`true`: only [trials](#trials), runs of tunings and searches for bad records, `false`: none of them.",
        Choice({"": "Among the others", "true": "Trials only", "false": "Without trials"}),
        narrowing.by_trial,
    ),
    Filter(
        "archived",
        "Archive",
        "`true`: only archived jobs; `any`: archived jobs too. Otherwise they are left out.",
        Choice({"": "Not archived", "true": "Archived only", "any": "Archived too"}, synonyms=("false",)),
        narrowing.by_null("archived_at"),
        narrows_when_empty=True,
    ),
    Filter(
        "attempts",
        "Further attempts",
        "`true`: only further attempts, each a row of its own; `any`: those too. Otherwise they are part of their job.",
        Choice({"": "Within their job", "any": "As rows too", "true": "They alone"}, synonyms=("false",)),
        narrowing.by_null("root"),
        narrows_when_empty=True,
    ),
)
_BY_NAME = {declared.name: declared for declared in FILTERS}


def find_filter(name: str) -> Filter:
    """The filter of this name; KeyError for any other."""
    return _BY_NAME[name]


class JobFilter:
    """The values of the filters of one list of jobs; `read` checks values from outside.

    `values` has those that are not empty by name, in the order of `FILTERS`: the parts of a query string.
    """

    def __init__(self, **values: str) -> None:
        if unknown := values.keys() - _BY_NAME.keys():
            raise TypeError(f"not filters: {', '.join(sorted(unknown))}")
        self.values: Mapping[str, str] = {name: values[name] for name in _BY_NAME if values.get(name)}

    @classmethod
    def read(cls, values: Mapping[str, object]) -> Self:
        """The filter that a query string or a JSON object describes; FilterError names everything wrong."""
        problems = {
            name[:60]: [f"is no filter; there are {', '.join(_BY_NAME)}."]
            for name in values
            if name not in _BY_NAME
        }
        texts: dict[str, str] = {}
        for name in _BY_NAME:
            text, problem = _read_value(name, values.get(name, ""))
            texts[name] = text
            if problem:
                problems[name] = [problem]
        if problems:
            raise FilterError(problems)
        return cls(**texts)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The name of every filter, as in an address."""
        return tuple(_BY_NAME)

    def for_user(self, user: User) -> JobFilter:
        """The filter with the user name of this person in place of the owner "me"."""
        if self.values.get("owner") != "me":
            return self
        return JobFilter(**{**self.values, "owner": user.get_username()})

    def narrow(self, rows: JobQuerySet, team: Team) -> JobQuerySet:
        """The rows of the team's jobs that match."""
        for declared in FILTERS:
            value = self.values.get(declared.name, "")
            if value or declared.narrows_when_empty:
                rows = declared.narrow(rows, value, team.pk)
        return rows


def _read_value(name: str, value: object) -> tuple[str, str]:
    """A value as text, and why it cannot be used, as a sentence; empty if it can."""
    if not isinstance(value, str) or "\0" in value:
        return "", "It must be a text."
    declared, text = _BY_NAME[name], value.strip()
    if isinstance(declared.kind, Choice):
        text = text.lower()
    return text, declared.kind.check(text) if text else ""
