"""The command palette: jobs, models, pages and actions by a few letters, on every page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from help import searching
from jobs import queries
from jobs.filtering import JobFilter
from jobs.services.data import reading_rights
from teams.access import MemberRequest, member_required
from teams.models import Membership

#: Jobs, models and headings of help that are offered, and the letters of a query that is looked up.
_JOBS, _MODELS, _HEADINGS, _LONGEST = 6, 5, 4, 100
#: Pages and actions: the words, the address's name, and the query string.
_PAGES = (
    ("Home", "home", ""),
    ("Jobs", "jobs", "view=all"),
    ("Jobs that run or wait", "jobs", "state=active"),
    ("Jobs that failed in 24 h", "jobs", "state=failed,rejected&ended=24h"),
    ("My jobs", "jobs", "owner=me"),
    ("Failures by cause", "jobs", "group=cause&ended=30d"),
    ("Models", "models", ""),
    ("Presets", "presets", ""),
    ("Deployments", "deployments", ""),
    ("Schedules", "schedules", ""),
    ("Connections", "connections", ""),
    ("Cost", "costs", ""),
    ("Trends", "trends", ""),
    ("Team and members", "team", ""),
    ("Notifications", "notifications", ""),
    ("API tokens", "tokens", ""),
    ("Activity", "activity", ""),
    ("Account and password", "account", ""),
    ("REST API", "api:docs", ""),
    ("Help", "help", ""),
)
_OF_READERS = (("Data in S3", "data", ""),)
_OF_OPERATORS = (
    ("New job", "new-job", ""),
    ("Register a model", "new-model", ""),
    ("New preset", "new-preset", ""),
    ("New schedule", "new-schedule", ""),
)
_OF_ADMINS = (("New connection", "new-connection", ""),)


@dataclass(frozen=True, slots=True)
class PaletteEntry:
    """A line of the palette: its kind, its words, where it leads, and what stands beside it."""

    kind: str
    title: str
    url: str
    beside: str = ""


@require_GET
@member_required()
def palette(request: MemberRequest) -> HttpResponse:
    """The entries with all words of `q`, as options of a list box; without `q` the latest jobs and all pages."""
    text = request.GET.get("q", "")[:_LONGEST].strip()
    entries = [
        *_actions(request.member, text),
        *_jobs(request, text),
        *_models(request, text),
        *_pages(request.member, text),
        *_help(text),
    ]
    return render(request, "components/palette_options.html", {"entries": entries, "q": text})


def _jobs(request: MemberRequest, text: str) -> Iterator[PaletteEntry]:
    job_filter = JobFilter(text=text) if text else JobFilter()
    for row in queries.jobs(request.team, job_filter)[:_JOBS]:
        job = queries.whole(row)
        yield PaletteEntry("Job", job.name, job.get_absolute_url(), job.get_state_display())


def _models(request: MemberRequest, text: str) -> Iterator[PaletteEntry]:
    if not text:
        return
    rows = queries.models(request.team)
    for word in text.split():
        rows = rows.filter(name__icontains=word)
    for model in rows[:_MODELS]:
        yield PaletteEntry("Model", model.name, reverse("model", args=[model.pk]), model.connection.name)


def _actions(member: Membership, text: str) -> Iterator[PaletteEntry]:
    table = (*(_OF_OPERATORS if member.can_operate else ()), *(_OF_ADMINS if member.can_admin else ()))
    return _entries("Action", table, text)


def _pages(member: Membership, text: str) -> Iterator[PaletteEntry]:
    table = (*_PAGES, *(_OF_READERS if reading_rights.reads_any(member) else ()))
    return _entries("Page", table, text)


def _help(text: str) -> Iterator[PaletteEntry]:
    for document, section in islice(searching.find_headings(text), _HEADINGS):
        address = f"{document.entry.url}#{section.anchor}"
        yield PaletteEntry("Help", section.title, address, document.title)


def _entries(kind: str, table: tuple[tuple[str, str, str], ...], text: str) -> Iterator[PaletteEntry]:
    words = text.lower().split()
    for title, name, query in table:
        if all(word in title.lower() for word in words):
            yield PaletteEntry(kind, title, f"{reverse(name)}{'?' if query else ''}{query}")
