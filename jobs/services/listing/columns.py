"""The columns of the list of jobs, each declared once: its head, its cell on pages and its fields in the CSV.

A new column is one entry of `COLUMNS`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from jobs import queries
from jobs.models.job_warnings import warning_texts


@dataclass(frozen=True, slots=True)
class CsvField:
    """One field of the CSV of jobs. Fields stand in the order of `place`; a new one comes last."""

    name: str
    #: Database columns that it is made from; by default the one of its name.
    reads: tuple[str, ...] = ()
    #: The value, from a row with the columns in `reads`; by default the first of these columns.
    value: Callable[[Any], object] | None = None
    place: int = 100

    @property
    def columns(self) -> tuple[str, ...]:
        """The database columns that it is made from."""
        return self.reads or (self.name,)

    def value_of(self, row: Any) -> object:
        """What stands in the field for a row of `values_list(..., named=True)`."""
        return getattr(row, self.columns[0]) if self.value is None else self.value(row)


@dataclass(frozen=True, slots=True)
class Column:
    """A column that may be left out of the list of jobs. Status and name are always there."""

    name: str
    head: str
    #: The element `td`, as a Django template about `job` that has the tags of `deck`.
    cell: str
    csv: tuple[CsvField, ...]
    #: Classes of the element `th`.
    head_class: str = ""
    #: The word in `queries.SORTS` by which a click on the head sorts.
    sort: str = ""
    is_default: bool = False

    def __post_init__(self) -> None:
        if self.sort and self.sort not in queries.SORTS:
            raise ValueError(f"{self.sort} is no order of jobs")


def _of_all_attempts(name: str, place: int) -> CsvField:
    """A field whose value for all attempts together is in `joint` where a job has several."""
    return CsvField(name, (name, "joint"), lambda row: row.joint.get(name, getattr(row, name)), place)


def _time(at: datetime | None) -> str:
    """ISO 8601 with the offset of the reader's zone; empty for None."""
    return timezone.localtime(at).isoformat() if at else ""


def _started_at(row: Any) -> str:
    return _time(parse_datetime(row.joint["started_at"] or "") if row.joint else row.started_at)


def _tags(row: Any) -> str:
    return " ".join(f"{key}={value}" for key, value in (row.spec.get("tags") or {}).items())


COLUMNS = (
    Column(
        "model",
        "Model",
        '<td class="mono xs c-desk" title="{{ job.model_name }}">{{ job.model_name }}</td>',
        (CsvField("model", ("model_name",), place=8),),
        head_class="w-model",
        is_default=True,
    ),
    Column(
        "path",
        "Input → output",
        '<td class="mono xs c-wide paths" title="{{ job.data }} → {{ job.output_path }}">'
        '<span class="way"><span class="cut ends">{{ job.data|path_only|ends:9 }}</span><span>→</span>'
        '<span class="cut ends">{{ job.output_path|path_only|ends:9 }}</span></span></td>',
        (
            CsvField("input", ("spec",), lambda row: row.spec.get("data", ""), 14),
            CsvField("output", ("spec",), lambda row: row.spec.get("output_path", ""), 15),
        ),
        head_class="w-path",
        is_default=True,
    ),
    Column(
        "progress",
        "Objects written",
        '<td class="c-wide">'
        '{% if job.state == "WAITING" and job.attempts_count == 1 %}'
        "{% for line in job.state_reason|waiting_lines %}"
        '<div class="xs soft cut" title="{{ job.state_reason }}">{{ line }}</div>{% endfor %}'
        '{% else %}{% if job.state != "REJECTED" %}{% progress job %}{% endif %}{% time_left job as rest %}'
        '{% if job.cause %}<div class="xs t-fail cut" title="{{ job.cause|cause_title }}. {{ job.state_reason }}">'
        "{{ job.cause|cause_title }}</div>"
        '{% elif job.state == "COMPLETED" and job.warnings %}'
        '<div class="xs t-warn cut" title="{{ job.warning_texts|join:" " }}">{{ job.warning_texts.0 }}</div>'
        '{% elif rest %}<div class="xs soft">{{ rest }}</div>{% endif %}{% endif %}</td>',
        (_of_all_attempts("objects_total", 17), _of_all_attempts("objects_done", 18)),
        head_class="w-progress",
        is_default=True,
    ),
    Column(
        "cause",
        "Failure cause",
        '<td class="xs c-wide">{% if job.cause %}'
        '<span title="{{ job.cause|cause_title }}">{{ job.cause|cause_title }}</span>{% endif %}</td>',
        (_of_all_attempts("state_reason", 5), CsvField("cause", ("overall_cause",), place=6)),
        head_class="w-cause",
    ),
    Column(
        "duration",
        "Duration",
        '<td class="num c-desk">{% took job %}</td>',
        (CsvField("duration_seconds", ("overall_duration",), place=19),),
        head_class="num w-num",
        sort="duration",
        is_default=True,
    ),
    Column(
        "done_at",
        "Done at",
        '<td class="num c-desk">{% expected_at job %}</td>',
        (),
        head_class="num w-num",
    ),
    Column(
        "typical",
        "Typical",
        '<td class="num mute c-desk">{% if job.typical_seconds %}{{ job.typical_seconds|clocked }}{% endif %}</td>',
        (),
        head_class="num w-num",
        is_default=True,
    ),
    Column(
        "cost",
        "Cost",
        '<td class="num c-desk">{{ job|cost }}</td>',
        (_of_all_attempts("cost_usd", 24),),
        head_class="num w-num",
        is_default=True,
    ),
    Column(
        "instance",
        "Instance",
        '<td class="mono xs c-desk" title="{{ job.instance_type }}">'
        "{% if job.instance_count > 1 %}{{ job.instance_count }} &times; {% endif %}{{ job.instance_type }}</td>",
        (CsvField("instance_type", place=12), CsvField("instance_count", place=13)),
        head_class="w-instance",
    ),
    Column(
        "connection",
        "Connection",
        '<td class="c-desk" title="{{ job.connection }}">{{ job.connection }}</td>',
        (CsvField("connection", ("connection__slug",), place=9),),
        head_class="w-owner",
    ),
    Column(
        "deployment",
        "Deployment",
        '<td class="mono xs c-desk" title="{{ job.deployment }}">{{ job.deployment }}</td>',
        (CsvField("deployment", place=25),),
        head_class="w-model",
    ),
    Column(
        "owner",
        "Owner",
        '{% if job.external %}<td class="c-desk"><span class="mute" title="Made outside Batchdeck">external</span></td>'
        '{% else %}<td class="c-desk" title="{{ job.submitted_by.label|default:"" }}">'
        '{{ job.submitted_by.label|default:"" }}</td>{% endif %}',
        (CsvField("owner", ("submitted_by__username",), place=10), CsvField("external", place=11)),
        head_class="w-owner",
        is_default=True,
    ),
    Column(
        "started",
        "Started",
        '<td class="num c-desk">{% when job.started_at %}</td>',
        (CsvField("started_at", ("started_at", "joint"), _started_at, 21),),
        head_class="num w-when",
    ),
    Column(
        "ended",
        "Ended",
        '<td class="num c-desk">{% when job.ended_at %}</td>',
        (CsvField("ended_at", ("overall_ended_at",), lambda row: _time(row.overall_ended_at), 22),),
        head_class="num w-when",
    ),
    Column(
        "submitted",
        "Submitted",
        '<td class="num c-time">{% when job.created_at %}</td>',
        (CsvField("created_at", value=lambda row: _time(row.created_at), place=20),),
        head_class="num w-when",
        sort="submitted",
        is_default=True,
    ),
    Column(
        "tags",
        "Tags",
        '<td class="xs c-wide tags">{% for key, value in job.spec.tags.items %}'
        '<span class="tagged" title="{{ key }}={{ value }}">{{ key }}{% if value %}={{ value }}{% endif %}</span>'
        "{% endfor %}</td>",
        (CsvField("tags", ("spec",), _tags, 16),),
        head_class="w-tags",
        is_default=True,
    ),
)
_BY_NAME = {column.name: column for column in COLUMNS}
#: The names of all columns, and of those that are shown unless a person chooses others.
NAMES = tuple(_BY_NAME)
DEFAULT_NAMES = tuple(column.name for column in COLUMNS if column.is_default)
#: Fields that the CSV has whatever the columns are, and those that it has beside all columns.
_CSV_ALWAYS = (
    CsvField("id", ("key",), place=1),
    CsvField("name", place=2),
    CsvField("state", ("overall_state",), place=3),
)
_CSV_BESIDE = (
    CsvField("attempts", ("joint",), lambda row: row.joint.get("attempts", 1), 4),
    CsvField(
        "warnings",
        ("warnings", "joint"),
        lambda row: " ".join(warning_texts(row.joint.get("warnings", row.warnings))),
        7,
    ),
    CsvField("archived_at", value=lambda row: _time(row.archived_at), place=23),
)


def find_columns(names: Collection[str]) -> list[Column]:
    """The columns of these names, in the order of the list."""
    return [column for column in COLUMNS if column.name in names]


def csv_fields(names: Collection[str] | None = None) -> list[CsvField]:
    """The fields of the CSV with the columns of these names, in order; all fields if `names` is None."""
    columns = COLUMNS if names is None else find_columns(names)
    beside = _CSV_BESIDE if names is None else ()
    fields = [*_CSV_ALWAYS, *beside, *(field for column in columns for field in column.csv)]
    return sorted(fields, key=lambda field: field.place)
