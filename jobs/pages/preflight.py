"""Preflight on the new-job page: findings as rows, fixes as buttons, and the ticks that were sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from jobs.forms.job import JobForm, RawRequestForm
from jobs.models.conversion import TextFormat
from jobs.pages import preset_choice
from jobs.pages.request_panel import panel_of
from jobs.services.connections.matching import Matches
from jobs.services.submitting.drafting import Draft
from jobs.services.submitting.estimates import Estimate
from jobs.services.submitting.preflight import Finding, FindingLevel, PreflightReport, Trial
from teams.access import MemberRequest, member_required
from teams.models import Role
from transform.dataprocessing import media_type

Form = JobForm | RawRequestForm


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding as a row; each of these is empty if there is none.

    `at` is the id of its field, `fix` its button's value, `convert` the page that converts the input.
    """

    finding: Finding
    label: str
    at: str
    ticked: bool
    fix: str = ""
    fix_says: str = ""
    convert: str = ""


@dataclass(frozen=True, slots=True)
class Rail:
    """All rows by level; `missing` are the labels of required fields that are still empty.

    `matches` is what the input's prefix matches, `estimate` how long the job will take, `trial` what the filters make
    of the first records; None where that is not known.
    """

    errors: list[FindingRow]
    warnings: list[FindingRow]
    notes: list[FindingRow]
    missing: list[str]
    matches: Matches | None = None
    estimate: Estimate | None = None
    trial: Trial | None = None
    passed: tuple[str, ...] = ()

    @property
    def unticked(self) -> int:
        """The number of warnings that are not ticked as intended."""
        return sum(not row.ticked for row in self.warnings)


@require_POST
@member_required(Role.OPERATOR, draws_only=True)
def check(request: MemberRequest) -> HttpResponse:
    """The rail for an unfinished form; nothing is submitted."""
    draft = preset_choice.draft_of(request)
    form = form_of(request, draft, request.POST)
    report = report_of(draft, form)
    context: dict[str, Any] = {"rail": rail_of(form, report, request.POST), "live": True}
    if isinstance(form, JobForm):
        context["panel"] = panel_of(form, request.POST)
    return render(request, "jobs/preflight_live.html", context)


def form_of(request: MemberRequest, draft: Draft, data: QueryDict) -> Form:
    """The form that was sent: its fields, or with `?as=json` a request."""
    if request.GET.get("as") == "json":
        return RawRequestForm(request.team, data)
    return preset_choice.filled_form(draft, data)


def report_of(draft: Draft, form: Form) -> PreflightReport:
    """Preflight's report on a form with data."""
    form.is_valid()
    if form.request_body is None:
        return PreflightReport(
            tuple(_unreadable(name, errors) for name, errors in form.errors.as_data().items())
        )
    return draft.check(form.request_body, form.wrong())


def _unreadable(name: str, errors: list[ValidationError]) -> Finding:
    """A finding for a pasted request that cannot be read; an empty one is missing, not wrong."""
    code = "required" if errors[0].code == "required" else "invalid"
    return Finding(
        code, FindingLevel.ERROR, name, " ".join(text for error in errors for text in error.messages)
    )


def rail_of(form: Form, report: PreflightReport, data: Mapping[str, Any]) -> Rail:
    """The report as rows, with the ticks that were sent."""
    ticks = set(data.getlist("tick")) if isinstance(data, QueryDict) else set()
    order = list(form.fields)
    findings = sorted(
        report.findings, key=lambda finding: order.index(finding.field) if finding.field in order else -1
    )
    rows = {
        level: [_row(form, finding, ticks) for finding in findings if finding.level is level]
        for level in FindingLevel
    }
    errors = [row for row in rows[FindingLevel.ERROR] if row.finding.code != "required"]
    missing = [row.label for row in rows[FindingLevel.ERROR] if row.finding.code == "required"]
    return Rail(
        errors,
        rows[FindingLevel.WARNING],
        rows[FindingLevel.NOTE],
        missing,
        report.matches,
        report.estimate,
        report.trial,
        report.passed,
    )


def allows(form: Form, report: PreflightReport, ticks: list[str]) -> bool:
    """Whether preflight allows submitting; if not, the form has the reasons beside its fields."""
    add_errors(form, report)
    if unticked := report.unticked(ticks):
        some = "a warning" if len(unticked) == 1 else f"{len(unticked)} warnings"
        form.add_error(None, f"Preflight has {some}: tick what is intended, or change it.")
    return not form.errors


def add_errors(form: Form, report: PreflightReport) -> None:
    """Add preflight's errors to the form, beside their fields."""
    for finding in report.of(FindingLevel.ERROR):
        form.add_error(finding.field if finding.field in form.fields else None, finding.reason)


def with_fix(data: QueryDict) -> QueryDict:
    """The submitted fields with the pressed fix applied, for browsers without scripts."""
    try:
        fix = json.loads(data.get("fix", ""))
    except (ValueError, RecursionError):
        return data
    changed = data.copy()
    if isinstance(fix, dict):
        for name, value in fix.items():
            changed[name] = str(value)
    return changed


def _row(form: Form, finding: Finding, ticks: set[str]) -> FindingRow:
    field = form.fields.get(finding.field)
    label = str(field.label) if field else finding.field.replace("__all__", "")
    at = form[finding.field].id_for_label if field and _is_open(form, finding.field) else ""
    ticked, convert = finding.tick in ticks, _convert_address(form, finding)
    if not finding.fix or not all(_is_open(form, name) for name in finding.fix):
        return FindingRow(finding, label, at, ticked, convert=convert)
    says = " and ".join(_says(form, name, value) for name, value in finding.fix.items())
    fix_says = f"{says[0].upper()}{says[1:]}"
    return FindingRow(finding, label, at, ticked, json.dumps(dict(finding.fix)), fix_says, convert)


def _convert_address(form: Form, finding: Finding) -> str:
    """The page that converts a Parquet input; empty for other findings, and where the form has no field for it."""
    body = form.request_body or {}
    slug, path = body.get("connection"), body.get("data")
    if finding.code != "parquet" or "data" not in form.fields or not (slug and path):
        return ""
    is_csv = media_type(str(body.get("content_type", ""))) == "text/csv"
    query = {"path": path, "format": TextFormat.CSV if is_csv else TextFormat.JSON_LINES}
    return f"{reverse('convert', args=[slug])}?{urlencode(query)}"


def _says(form: Form, name: str, value: str | int) -> str:
    if isinstance(value, str) and value.startswith("s3://"):
        return f"use {value}"
    return f"set {form.fields[name].label} to {value}"


def _is_open(form: Form, name: str) -> bool:
    """Whether a button may change the field: the form has it, and no preset locks it."""
    return name in form.fields and not form.fields[name].disabled
