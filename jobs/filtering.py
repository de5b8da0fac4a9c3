"""What a list of jobs may be narrowed to: the same words in addresses of pages, in the API and in CSV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Self

from jobs.models.job import JobQuerySet
from jobs.states import ACTIVE, TERMINAL, JobState

#: Words accepted beside the states themselves when jobs are filtered.
STATE_GROUPS = {"active": ACTIVE, "terminal": TERMINAL, "ended": TERMINAL}
_YES_NO = ("", "true", "false")


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
    #: A connection's slug.
    connection: str = ""
    #: Part of the name.
    name: str = ""
    #: "true" for jobs made outside Batchdeck only, "false" for ours only.
    external: str = ""
    #: Archived jobs are left out; "true" for them only, "any" for all.
    archived: str = ""

    @classmethod
    def read(cls, given: Mapping[str, object]) -> Self:
        """The filter that a query string or a JSON object describes; FilterError names everything wrong."""
        names = [field.name for field in fields(cls)]
        problems = {
            name: [f"is no filter; there are {', '.join(names)}."] for name in given if name not in names
        }
        texts: dict[str, str] = {}
        for name in names:
            value = given.get(name, "")
            if not isinstance(value, str) or "\0" in value:
                problems[name] = ["must be a text."]
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

    def states(self) -> frozenset[JobState]:
        """The states meant by `state`; ValueError names a word that is neither state nor group."""
        found: set[JobState] = set()
        for word in filter(None, (part.strip() for part in self.state.split(","))):
            found |= STATE_GROUPS.get(word.lower()) or {JobState(word.upper())}
        return frozenset(found)

    def narrow(self, rows: JobQuerySet) -> JobQuerySet:
        """Those of `rows` that match."""
        states = self.states()
        if states:
            rows = rows.filter(state__in=states)
        if self.model:
            rows = rows.filter(model_name=self.model)
        if self.connection:
            rows = rows.filter(connection__slug=self.connection)
        if self.name:
            rows = rows.filter(name__icontains=self.name)
        if self.external:
            rows = rows.filter(external=self.external == "true")
        if self.archived != "any":
            rows = rows.filter(archived_at__isnull=self.archived != "true")
        return rows

    def _problems(self) -> list[tuple[str, str]]:
        found = []
        try:
            self.states()
        except ValueError:
            words = ", ".join([*(state.lower() for state in JobState.values), "active", "ended"])
            found.append(("state", f"must be made of {words}, with commas between them."))
        if self.external not in _YES_NO:
            found.append(("external", "must be true, false or empty."))
        if self.archived not in ("", "false", "true", "any"):
            found.append(("archived", "must be true, false, any or empty."))
        return found
