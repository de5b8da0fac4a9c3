"""Template tags and filters: icons, states, sizes, durations, times, long paths."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.forms import BoundField
from django.template import Context, Template
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from failures import cause_named
from jobs import costs
from jobs.models import Connection, RegisteredModel, TransformJob
from jobs.services import texts
from jobs.services.connections import browsing
from jobs.services.data import reading_rights
from jobs.services.listing import columns as job_columns
from jobs.services.listing.by_day import DayBar
from jobs.services.registry import frameworks
from jobs.states import JobState
from teams.models import Membership
from transform.record_places import RecordPlace
from transform.request_addresses import package_version

register = template.Library()

#: A state's CSS class and icon.
STATE_LOOKS: dict[str, tuple[str, str]] = {
    JobState.WAITING: ("idle", "clock"),
    JobState.SUBMITTING: ("run", "progress"),
    JobState.IN_PROGRESS: ("run", "progress"),
    JobState.STOPPING: ("idle", "player-stop"),
    JobState.COMPLETED: ("ok", "filled-circle-check"),
    JobState.FAILED: ("fail", "filled-circle-x"),
    JobState.STOPPED: ("idle", "filled-player-stop"),
    JobState.REJECTED: ("fail", "ban"),
    JobState.CANCELLED: ("idle", "x"),
}


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """An icon of the sprite, hidden from screen readers, as words stand beside it."""
    return format_html(
        '<svg class="i {}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        classes,
        static("icons.svg"),
        name,
    )


@register.simple_tag
def poll_seconds(part: str, often: object = True) -> int:
    """Seconds between two polls of a part of a page, from settings; the longer period if `often` is false."""
    shorter, longer = settings.PAGE_POLL_SECONDS[part]
    return shorter if often else longer


@register.filter
def reads_data(member: Membership | None) -> bool:
    """Whether there is data that the member may list and download."""
    # It may be a lazy object around None.
    return reading_rights.reads_any(member) if member else False


@register.simple_tag
def part_size() -> int:
    """Bytes up to which a file is uploaded in one request."""
    return int(settings.UPLOAD_PART_SIZE)


@register.simple_tag
def poll_every(part: str, often: object = True) -> SafeString:
    """The attributes of an element that the answer to its `hx-get` replaces every `poll_seconds`."""
    return format_html(
        'hx-trigger="every {}s" hx-sync="this:drop" hx-swap="outerHTML"', poll_seconds(part, often)
    )


@register.simple_tag
def new_job_url(model: RegisteredModel) -> str:
    """The address of the new-job form for a model, with the model's default preset if it has one."""
    preset = model.default_preset
    choice = {"preset": preset.slug} if preset else {"model": model.pk}
    return f"{reverse('new-job')}?{urlencode(choice)}"


@register.simple_tag
def sort_direction(direction: str) -> SafeString | str:
    """The mark of a column that its table is sorted by; empty if it is not."""
    if not direction:
        return ""
    shape, word = ("arrow-up", "upwards") if direction == "ascending" else ("arrow-down", "downwards")
    return format_html('{} <span class="vh">(sorted {})</span>', icon(shape), word)


@register.simple_tag
def status(job: TransformJob, size: str = "") -> SafeString:
    """A job's state as icon, word and colour; a completed job that is held, refused or has warnings has its own."""
    look, shape = STATE_LOOKS[job.state]
    word = JobState(job.state).label
    if job.is_held:
        look, shape, word = "warn", "lock", "Held"
    elif job.is_refused:
        look, shape, word = "fail", "ban", "Outputs refused" if size else "Refused"
    elif job.state == JobState.COMPLETED and job.warnings:
        look, shape, word = "warn", "filled-alert-triangle", "Completed with warnings" if size else "Warnings"
    return format_html('<span class="st {} {}">{}{}</span>', look, size, icon(shape), word)


@register.simple_tag
def limits(connection: Connection) -> str:
    """A connection's limits in words."""
    by_type = [f"{most} {name}" for name, most in sorted(connection.max_instances_per_type.items())]
    named = [
        f"{most} {unit if most > 1 else unit[:-1]}"
        for most, unit in ((connection.max_running, "jobs"), (connection.max_instances, "instances"))
        if most is not None
    ]
    return ", ".join([*named, *by_type]) or "none"


@register.simple_tag
def choice(field: str, value: str) -> str:
    """The value of a button named `fix` that puts `value` into the new-job form's field."""
    return json.dumps({field: value})


@register.filter
def first_part(path: str) -> str:
    """The first part of an address: `jobs` of /jobs/new/."""
    return path.strip("/").partition("/")[0]


@register.filter
def path_kind(field: BoundField) -> str:
    """What is chosen in S3 for this field; empty for other fields."""
    return browsing.path_kind(field.html_name)


@register.filter
def item(values: Mapping[str, Any], name: str) -> Any:
    """The mapping's value of this name; None if it has none."""
    return values.get(name)


@register.simple_tag
def columns_of(names: Collection[str] | None) -> list[job_columns.Column]:
    """The columns with these names for a table of jobs; by default the default ones."""
    return job_columns.find_columns(job_columns.DEFAULT_NAMES if names is None or names == "" else names)


@register.simple_tag(takes_context=True)
def job_cells(context: Context, columns: list[job_columns.Column]) -> SafeString:
    """The cells of the context's `job` in these columns."""
    return _cells_template(tuple(columns)).render(context)


# One template for a row: rendering one for each cell takes a fifth more time for the table.
@lru_cache(maxsize=100)
def _cells_template(columns: tuple[job_columns.Column, ...]) -> Template:
    return Template("".join(["{% load deck %}", *(column.cell for column in columns)]))


@register.filter
def cause_title(slug: str) -> str:
    """The title of a failure's cause."""
    return cause_named(slug).title


@register.filter
def filesize(count: int | None) -> str:
    """Bytes with a unit; "unknown" for None."""
    return texts.filesize(count)


@register.filter
def dollars(amount: Decimal) -> str:
    """An amount in US dollars."""
    return costs.dollars(amount)


@register.filter
def metric(value: float) -> str:
    """A metric with six significant digits: 0.914286, 12,345, 1.2e-08."""
    return f"{value:,.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:,.6g}"


@register.filter
def rate(price: Decimal) -> str:
    """A price with all its digits."""
    return costs.rate(price)


@register.filter
def cost(job: TransformJob) -> SafeString:
    """A job's cost in a cell: an amount, or a word with the reason on hover; empty if the job used no instance."""
    job_cost = job.cost
    if job_cost.amount is not None:
        return format_html("{}", costs.dollars(job_cost.amount))
    if job_cost.instance_seconds is None and not job_cost.is_unknown:
        return SafeString()
    word = "unknown" if job_cost.is_unknown else "not billed"
    return format_html('<span class="mute" title="{}">{}</span>', job_cost.why.capitalize(), word)


@register.filter
def percent(part: float | None) -> str:
    """A share in percent, rounded to 0 or 100 only if it is exact: 98 %, 99.9 %, 0.1 %."""
    if part is None:
        return "\u2013"
    if part in (0, 1):
        return f"{part * 100:.0f} %"
    value = min(max(part * 100, 0.1), 99.9)
    return f"{value:.1f} %" if value < 1 or value > 99 else f"{value:.0f} %"


@register.filter
def plain(value: Any) -> str:
    """A field's value in one line: names with values, lists with commas; a dash for None."""
    if value is None:
        return "\u2013"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={text}" for name, text in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@register.simple_tag
def package_link(connection: Connection, reference: str) -> SafeString | str:
    """A link to the version of the model registry that a container names; empty for a package of no group."""
    version = package_version(reference)
    if version is None or connection.removed_at:
        return ""
    return format_html(
        '<a href="{}">{} version {}</a>',
        reverse("registry-version", args=[connection.slug, *version]),
        *version,
    )


@register.filter
def framework(image: str) -> str:
    """The framework and version of an image; its short name if the framework is not known."""
    known_framework, version = frameworks.of(image), frameworks.version_of(image).partition("-")[0]
    name = (
        known_framework.title
        if known_framework
        else image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    )
    return f"{name} {version}".strip()


@register.filter
def instance_time(seconds: int) -> str:
    """Instance-seconds with a unit: 42 s, 12 min, 3.4 h, 1,204 h."""
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:,.1f} h" if seconds < 360_000 else f"{seconds / 3600:,.0f} h"


@register.simple_tag
def rows(rows_in: int | None, rows_out: int | None) -> SafeString | str:
    """An input's number of rows, with its output's if they differ; a dash while it is unknown."""
    if rows_in is None or rows_out is None:
        return "\u2013"
    if rows_in == rows_out:
        return f"{rows_in:,}"
    counts = f"{rows_in:,} in, {rows_out:,} out"
    return format_html('<span class="st warn">{}{}</span>', icon("alert-triangle"), counts)


@register.simple_tag
def duration(start: datetime | None, end: datetime | None = None) -> str:
    """The time from start to end, or to now: 0.6 s, 12 s, 3:05, 1:02:30; empty without a start."""
    if start is None:
        return ""
    return clocked(((end or timezone.now()) - start) / timedelta(seconds=1))


@register.simple_tag
def took(job: TransformJob) -> str:
    """How long a job ran, with all its attempts; until now while its only attempt runs."""
    if job.attempts_count > 1:
        seconds = job.duration_seconds if job.run_seconds is None else job.run_seconds
        return clocked(seconds) if job.started_at else ""
    return duration(job.started_at, job.ended_at)


@register.filter
def clocked(seconds: float) -> str:
    """Seconds as on a clock: 0.6 s, 12 s, 3:05, 1:02:30. A float below 10 has tenths."""
    if isinstance(seconds, float) and 0 < seconds < 9.95:
        return f"{max(seconds, 0.1):.1f} s"
    seconds = max(0, int(seconds))
    hours, seconds_of_hour = divmod(seconds, 3600)
    minutes, rest_of_minute = divmod(seconds_of_hour, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest_of_minute:02}"
    return f"{minutes}:{rest_of_minute:02}" if minutes else f"{rest_of_minute} s"


@register.simple_tag
def time_left(job: TransformJob) -> SafeString | str:
    """The expected time until a running job's end, with that time on hover; empty if it is not known."""
    end = job.expected_end
    return "" if end is None else _time(end, f"{about(end - timezone.now())} left")


@register.simple_tag
def expected_at(job: TransformJob) -> SafeString | str:
    """When a running job's last output is expected, marked if that is after its deadline; empty if not known."""
    end = job.expected_end
    if end is None:
        return ""
    words = _time(end, hour(end))
    if job.is_late and job.deadline_at:
        says = f"after its deadline at {hour(job.deadline_at)}"
        return format_html('<span class="t-warn" title="{}">{}{}</span>', says, icon("alert-triangle"), words)
    return words


@register.filter
def hour(at: datetime) -> str:
    """The time of day, with the weekday if it is not today's."""
    local_time = timezone.localtime(at)
    return (
        f"{local_time:%H:%M}"
        if local_time.date() == timezone.localtime().date()
        else f"{local_time:%a %H:%M}"
    )


@register.simple_tag
def when(at: datetime | None) -> SafeString | str:
    """A time as its distance from now, with the exact time on hover and for machines."""
    return "" if at is None else _time(at, _distance(at))


@register.simple_tag
def clock(at: datetime | None) -> SafeString | str:
    """The time of day with its zone, and the date for machines and on hover."""
    if at is None:
        return ""
    local_time = timezone.localtime(at)
    return _time(at, f"{local_time:%H:%M:%S} {texts.zone_name(local_time)}")


@register.simple_tag
def day(at: datetime | None) -> SafeString | str:
    """The day, with the time for machines and on hover."""
    return "" if at is None else _time(at, f"{timezone.localtime(at):%d %b %Y}")


@register.simple_tag
def zone(at: datetime | str | None = None) -> str:
    """The name of the pages' time zone at `at`, by default now; it may differ in summer."""
    return texts.zone_name(timezone.localtime(at if isinstance(at, datetime) else None))


@register.filter
def exact(at: datetime) -> str:
    """Date, time of day and zone: 2026-11-29 14:52:42 EST."""
    local_time = timezone.localtime(at)
    return f"{local_time:%Y-%m-%d %H:%M:%S} {texts.zone_name(local_time)}"


def about(length: timedelta) -> str:
    """A rough length of time: about 40 s, about 12 min, about 3.5 h, about 2 days."""
    seconds = length.total_seconds()
    if seconds < 57.5:
        return f"about {max(5, round(seconds / 5) * 5)} s"
    if seconds < 90 * 60:
        return f"about {max(1, round(seconds / 60))} min"
    if seconds < 36 * 3600:
        return f"about {round(seconds / 1800) / 2:g} h"
    return f"about {round(seconds / 86400)} days"


def _time(at: datetime, words: str) -> SafeString:
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact(at), words)


def _distance(at: datetime) -> str:
    seconds = int((timezone.now() - at).total_seconds())
    if seconds < 10:
        return "just now"
    for unit, length, below in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 86400)):
        if seconds < below:
            return f"{seconds // length} {unit} ago"
    days = seconds // 86400
    if days > 30:
        return f"{timezone.localtime(at):%d %b %Y}"
    return "1 day ago" if days == 1 else f"{days} days ago"


@register.filter
def middle(text: str, length: int = 36) -> str:
    """A long path cut in the middle, as paths differ at their ends."""
    if len(text) <= length:
        return text
    tail = (length - 1) * 2 // 3
    return f"{text[: length - 1 - tail]}…{text[-tail:]}"


@register.filter
def ends(name: str, end_length: int = 7) -> SafeString:
    """A name that a narrow column cuts before its last letters, in which jobs of one model differ."""
    return format_html('<span class="start">{}</span><span>{}</span>', name[:-end_length], name[-end_length:])


@register.filter
def job_label(job: TransformJob) -> str:
    """The job's name with the words that lists show beside it."""
    marks = (job.trial_word, "archived" if job.archived_at else "")
    return " ".join([job.name, *(f"({mark})" for mark in marks if mark)])


@register.filter
def waiting_lines(reason: str) -> list[str]:
    """The reason of a waiting job as lines of a narrow cell, the place in line first, as the rest may be cut."""
    explanation, _, place = reason.rpartition("; ")
    return [place.rstrip("."), f"{explanation}."] if explanation and "in line" in place else [reason]


@register.filter
def basename(key: str | None) -> str:
    """The last part of a key."""
    return (key or "").rstrip("/").rpartition("/")[2]


@register.filter
def place(records: RecordPlace) -> str:
    """The records of a request, such as "Record 12, line 13"."""
    return texts.place_text(records)


@register.filter
def path_only(uri: str) -> str:
    """An s3:// address without the scheme."""
    return uri.removeprefix("s3://")


@register.inclusion_tag("components/progress.html")
def progress(job: TransformJob, big: bool = False, written: int | None = None) -> dict[str, Any]:
    """The objects written of those planned: by the job, or by all its attempts if `written` is given."""
    objects_done = (job.objects_done or 0) if written is None else written
    is_complete = job.objects_total is not None and objects_done >= job.objects_total
    failed = job.state == JobState.FAILED and not (written is not None and is_complete)
    return {
        "job": job,
        "big": big,
        "done": objects_done,
        "counted": written is not None or job.is_counted,
        "failed": failed,
        "ok": not failed and (job.state == JobState.COMPLETED or is_complete),
    }


#: The width of a day in a chart of days.
_DAY_WIDTH = 10


@register.inclusion_tag("components/day_bars.html")
def day_bars(bars: Collection[DayBar], word: str = "", look: str = "") -> dict[str, Any]:
    """A small chart of days: of numbers with this word, or without one of dollars."""
    titled = [
        (bar, number * _DAY_WIDTH, f"{bar.day:%a} {bar.day.day} {bar.day:%b}: {_bar_text(bar, word)}")
        for number, bar in enumerate(bars)
    ]
    return {
        "bars": titled,
        "width": len(titled) * _DAY_WIDTH,
        "look": look,
        "label": ". ".join(title for bar, _, title in titled if bar.value) or "none",
    }


def _bar_text(bar: DayBar, word: str) -> str:
    return f"{bar.value:,} {word}" if word else costs.dollars(bar.value)


@register.filter
def described(field: BoundField) -> SafeString:
    """A form field's widget, tied to its hint for screen readers."""
    return field.as_widget(attrs=_described_by(field))


@register.filter
def invalid(field: BoundField) -> SafeString:
    """A form field's widget, marked as wrong and tied to its errors and hint."""
    return field.as_widget(attrs={**_described_by(field), "aria-invalid": "true"})


def _described_by(field: BoundField) -> dict[str, str | bool]:
    ids = [f"{field.id_for_label}-error-{number}" for number, _ in enumerate(field.errors, start=1)]
    if field.help_text:
        ids.append(f"{field.id_for_label}-hint")
    return {"aria-describedby": " ".join(ids)} if ids else {}
