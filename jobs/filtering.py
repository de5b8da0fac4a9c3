"""What a list of jobs may be narrowed to: the same words in addresses of pages, in the search box, the API and CSV."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Self

from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from failures import CAUSES as KNOWN_CAUSES
from failures import UNKNOWN
from jobs.models import Connection, Preset
from jobs.models.job import JobQuerySet
from jobs.models.job_indexes import ATTENTION
from jobs.states import ACTIVE, TERMINAL, JobState
from teams.models import User

#: Words accepted beside the states themselves when jobs are filtered.
STATE_GROUPS = {"active": ACTIVE, "terminal": TERMINAL, "ended": TERMINAL}
#: Slugs of why jobs fail, with their titles.
CAUSES = {cause.slug: cause.title for cause in (*KNOWN_CAUSES, UNKNOWN)}
#: How long after its end a job is one to look at.
ATTENTION_FOR = timedelta(days=7)
_YES_NO = ("", "true", "false")
_AGO = re.compile(r"(\d{1,4})([hdw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
#: Folders above a path that are looked for too; S3 keys have seldom more parts.
_DEPTH = 12


class FilterError(ValueError):
    """Some filters cannot be used; `fields` maps each one's name to sentences that say what it must be."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        super().__init__("; ".join(f"{name} {' '.join(texts)}" for name, texts in fields.items()))
        self.fields = dict(fields)


@dataclass(frozen=True, slots=True)
class JobFilter:
    """What a job list is narrowed to; an empty text narrows nothing. `read` checks what people gave."""

    #: A state, a group of states or several with commas.
    state: str = ""
    model: str = ""
    #: Who submitted it: a user name, or "me".
    owner: str = ""
    #: A connection's slug.
    connection: str = ""
    #: The slug of the preset that it began with.
    preset: str = ""
    #: As it was asked for last: the request's own, or a fallback.
    instance_type: str = ""
    #: Why it failed or was refused: a slug of failures.
    cause: str = ""
    #: Submitted from then on: a date, a time, or how long ago as in 24h, 7d, 2w.
    since: str = ""
    #: Submitted before then; a date counts whole.
    until: str = ""
    #: Ended from then on, said as in `since`.
    ended: str = ""
    #: "true" for those that somebody should look at: see `ATTENTION`.
    attention: str = ""
    #: key or key=value.
    tag: str = ""
    #: What it reads or writes: an S3 address, or the beginning of one, or an object below its output.
    path: str = ""
    #: Part of the name.
    name: str = ""
    #: Words that are in the name, an S3 address or a tag.
    text: str = ""
    #: "true" for jobs made outside Batchdeck only, "false" for ours only.
    external: str = ""
    #: Archived jobs are left out; "true" for them only, "any" for all.
    archived: str = ""
    #: Further attempts are part of their job; "true" for them only, each as a row of its own, "any" for them too.
    attempts: str = ""

    @classmethod
    def read(cls, given: Mapping[str, object]) -> Self:
        """The filter that a query string or a JSON object describes; FilterError names everything wrong."""
        names = cls.names()
        problems = {
            name[:60]: [f"is no filter; there are {', '.join(names)}."] for name in given if name not in names
        }
        texts: dict[str, str] = {}
        for name in names:
            value = given.get(name, "")
            if not isinstance(value, str) or "\0" in value or len(value) > 1100:
                problems[name] = ["It must be a text of at most 1,100 characters."]
            else:
                texts[name] = value.strip()
        wanted = cls(**texts)
        problems |= {name: [text] for name, text in wanted._problems() if name not in problems}
        if problems:
            raise FilterError(problems)
        return wanted

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Every filter's name, as in an address."""
        return tuple(field.name for field in fields(cls))

    def given(self) -> dict[str, str]:
        """The filters that narrow anything, by name: a query string's parts."""
        return {name: value for name, value in asdict(self).items() if value}

    def seen_by(self, user: User) -> Self:
        """With "me" replaced by the person who looks."""
        return replace(self, owner=user.get_username()) if self.owner == "me" else self

    def states(self) -> frozenset[JobState]:
        """The states meant by `state`; ValueError names a word that is neither state nor group."""
        found: set[JobState] = set()
        for word in filter(None, (part.strip() for part in self.state.split(","))):
            found |= STATE_GROUPS.get(word.lower()) or {JobState(word.upper())}
        return frozenset(found)

    def narrow(self, rows: JobQuerySet) -> JobQuerySet:
        """Those of `rows` that match."""
        states, exact = self.states(), {"model_name": self.model, "instance_type": self.instance_type}
        rows = rows.filter(**{column: value for column, value in exact.items() if value})
        if states:
            rows = rows.filter(overall_state__in=states)
        if self.cause:
            rows = rows.filter(overall_cause=self.cause.lower())
        if self.owner:
            rows = _of(rows, "submitted_by", User.objects.filter(username=self.owner))
        if self.external:
            rows = rows.filter(external=self.external == "true")
        if self.attention:
            recent = timezone.now() - ATTENTION_FOR
            rows = rows.filter(ATTENTION, Q(overall_ended_at=None) | Q(overall_ended_at__gte=recent))
        if self.archived != "any":
            rows = rows.filter(archived_at__isnull=self.archived != "true")
        if self.attempts != "any":
            rows = rows.filter(root__isnull=self.attempts != "true")
        return self._by_date(self._by_text(rows))

    def of_connection(self, rows: JobQuerySet, team_id: int) -> JobQuerySet:
        """Those of `rows` on the team's connection, and of the team's preset, of these slugs."""
        if self.preset:
            rows = _of(rows, "preset", Preset.objects.filter(team_id=team_id, slug=self.preset))
        if self.connection:
            ours = Connection.objects.filter(team_id=team_id, slug=self.connection)
            rows = _of(rows, "connection", ours.order_by(F("removed_at").asc(nulls_first=True)))
        return rows

    def _by_date(self, rows: JobQuerySet) -> JobQuerySet:
        if self.since:
            rows = rows.filter(created_at__gte=_moment(self.since))
        if self.ended:
            rows = rows.filter(overall_ended_at__gte=_moment(self.ended))
        if self.until:
            rows = rows.filter(created_at__lt=_moment(self.until, end=True))
        return rows

    def _by_text(self, rows: JobQuerySet) -> JobQuerySet:
        words = [*self.text.lower().split(), *filter(None, [self.name.lower()])]
        for word in words:
            rows = rows.filter(search_text__contains=word)
        if self.name:
            rows = rows.filter(name__icontains=self.name)
        if self.tag:
            rows = rows.filter(search_text__contains=_tag_line(self.tag))
        return rows.filter(_on_path(self.path)) if self.path else rows

    def _problems(self) -> list[tuple[str, str]]:
        found = []
        try:
            self.states()
        except ValueError:
            words = ", ".join([*(state.lower() for state in JobState.values), "active", "ended"])
            found.append(("state", f"It must be made of {words}, with commas between them."))
        if self.cause and self.cause.lower() not in CAUSES:
            found.append(("cause", f"It must be one of {', '.join(CAUSES)}."))
        for name, value in (("since", self.since), ("until", self.until), ("ended", self.ended)):
            if value and _moment(value, end=name == "until") is None:
                found.append(
                    (name, "It must be a date such as 2026-11-20, a time, or how long ago, as in 24h or 7d.")
                )
        if self.external not in _YES_NO:
            found.append(("external", "It must be true, false or empty."))
        if self.attention not in ("", "true"):
            found.append(("attention", "It must be true or empty."))
        for name, value in (("archived", self.archived), ("attempts", self.attempts)):
            if value not in ("", "false", "true", "any"):
                found.append((name, "It must be true, false, any or empty."))
        return found


def _of(rows: JobQuerySet, column: str, found: QuerySet[Any]) -> JobQuerySet:
    """Those of `rows` that point to the first of `found`.

    That is asked for first: with a number in the query, the database knows how many rows to expect, and reads them
    in an index's order where they are many.
    """
    pk = found.values_list("pk", flat=True).first()
    return rows.none() if pk is None else rows.filter(**{column: pk})


def _moment(text: str, *, end: bool = False) -> datetime | None:
    """The time meant; the end of a date if `end`. None for what is no time.

    Without a zone it is in that in which pages say times; for the API that is UTC.
    """
    ago = _AGO.fullmatch(text)
    try:
        if ago:
            return timezone.now() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        day = parse_date(text)
        if day is not None:
            day += timedelta(days=1 if end else 0)
            return datetime.combine(day, time(), timezone.get_current_timezone()).astimezone(UTC)
        at = parse_datetime(text)
        if at is None:
            return None
        # In UTC, as the database has it: it refuses what is out of its range there, and zones of a day.
        return (at if at.tzinfo else at.replace(tzinfo=timezone.get_current_timezone())).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _tag_line(tag: str) -> str:
    key, separator, value = tag.lower().partition("=")
    return f"\n#{key.strip()}={value.strip()}\n" if separator else f"\n#{key}="


def _on_path(path: str) -> Q:
    """Jobs with an S3 address that begins so, or one that is a folder above it."""
    address = path.lower()
    address = address if address.startswith("s3://") else f"s3://{address.lstrip('/')}"
    found = Q(search_text__contains=f"\n{address}")
    folder = address
    for _ in range(_DEPTH):
        folder = folder.rstrip("/").rpartition("/")[0]
        if len(folder) <= len("s3://"):
            break
        found |= Q(search_text__contains=f"\n{folder}\n") | Q(search_text__contains=f"\n{folder}/\n")
    return found
