"""A way to look at the list of jobs: filters, order, columns and grouping, as an address or a saved view has it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from jobs import queries
from jobs.filtering import FilterError, JobFilter
from jobs.services.listing import columns as job_columns

GROUPS = ("cause",)
#: Parts of an address beside the filters.
_OWN = ("sort", "cols", "group")


@dataclass(frozen=True, slots=True)
class Listing:
    """One way to look at a team's jobs."""

    job_filter: JobFilter = dataclasses.field(default_factory=JobFilter)
    sort: str = queries.NEWEST
    #: The names of the columns that are shown.
    columns: tuple[str, ...] = job_columns.DEFAULT_NAMES
    group: str = ""

    @classmethod
    def read(cls, parts: Mapping[str, object]) -> Self:
        """The listing that these parts describe; FilterError names everything wrong."""
        listing, problems = cls.read_usable(parts)
        if problems:
            raise FilterError(problems)
        return listing

    @classmethod
    def read_usable(cls, parts: Mapping[str, object]) -> tuple[Self, dict[str, list[str]]]:
        """The listing that the usable parts describe, and sentences about the others by name."""
        job_filter, problems = _read_filter({name: text for name, text in parts.items() if name not in _OWN})
        view_texts = {name: parts.get(name, "") for name in _OWN}
        problems |= {
            name: ["It must be a text."] for name, value in view_texts.items() if not isinstance(value, str)
        }
        sort, cols, group = (str(value) if isinstance(value, str) else "" for value in view_texts.values())
        try:
            sort = queries.sort_of(sort)
        except FilterError as error:
            sort, problems = queries.NEWEST, {**problems, **error.fields}
        names = (
            tuple(filter(None, (word.strip() for word in cols.split(","))))
            if cols
            else job_columns.DEFAULT_NAMES
        )
        if unknown := [name for name in names if name not in (*job_columns.NAMES, "none")]:
            problems["cols"] = [
                f"{unknown[0][:40]} is no column; there are {', '.join(job_columns.NAMES)}, and none."
            ]
        if group not in ("", *GROUPS):
            problems["group"] = [f"It must be {', '.join(GROUPS)} or empty."]
            group = ""
        return cls(
            job_filter, sort, tuple(name for name in job_columns.NAMES if name in names), group
        ), problems

    def parts(self) -> dict[str, str]:
        """Query parameters that differ from the defaults; `read` parses them."""
        view_texts = {
            "sort": "" if self.sort == queries.NEWEST else self.sort,
            "cols": "" if self.columns == job_columns.DEFAULT_NAMES else ",".join(self.columns) or "none",
            "group": self.group,
        }
        return {**self.job_filter.values, **{name: value for name, value in view_texts.items() if value}}


def _read_filter(texts: Mapping[str, object]) -> tuple[JobFilter, dict[str, list[str]]]:
    try:
        return JobFilter.read(texts), {}
    except FilterError as error:
        # In an address typed by hand or kept from another version, the usable filters still count.
        usable = {
            name: text
            for name, text in texts.items()
            if name in JobFilter.names() and name not in error.fields
        }
        return JobFilter.read(usable), error.fields
