"""Run preflight over the body of a submission, finished or not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from jobs import queries
from jobs.models import Connection, TransformJob
from jobs.services.connections import matching
from jobs.services.connections.matching import Matches
from jobs.services.errors import InvalidFields
from jobs.services.listing import budgets
from jobs.services.submitting import estimates, submission
from jobs.services.submitting.estimates import Estimate
from jobs.services.submitting.preflight import abilities, fixes, location_checks, payload_checks
from jobs.services.submitting.preflight.filter_trial import Trial, trial
from jobs.services.submitting.preflight.findings import Finding, FindingLevel, Inspection, RequestValues
from jobs.services.submitting.preflight.inspection import look
from jobs.services.submitting.preflight.passed import passed_checks
from jobs.services.submitting.trial_pace import pace_of
from teams.models import Team
from transform.request import read_request
from transform.rule_texts import REQUIRED, code_of

CHECKS = (
    location_checks.model,
    abilities.images,
    abilities.instance_types,
    location_checks.archive,
    location_checks.inputs,
    location_checks.siblings,
    location_checks.strangers,
    location_checks.output_inside,
    location_checks.shared_outputs,
    location_checks.outputs_over_inputs,
    location_checks.outputs,
    location_checks.writing,
    payload_checks.content_type,
    payload_checks.parquet,
    payload_checks.splitting,
    payload_checks.assembling,
    payload_checks.compression,
    payload_checks.packing,
    payload_checks.payload,
    payload_checks.records_size,
    payload_checks.instances,
    payload_checks.limits,
    payload_checks.encoding,
    payload_checks.lines,
)
_ORDER = list(FindingLevel)
_REQUIRED = ("connection", "model_name", "data", "output_path", "instance_type")
_GROUPS = ("model_client_config", "data_capture_config")


@dataclass(frozen=True, slots=True)
class PreflightReport:
    """All findings, errors first.

    `matches` is what the input's prefix matches, `estimate` how long the job will take, `trial` what the filters make
    of the first records; None where that is not known.
    """

    findings: tuple[Finding, ...] = ()
    matches: Matches | None = None
    estimate: Estimate | None = None
    trial: Trial | None = None
    #: What was looked at and found in order, in short texts.
    passed: tuple[str, ...] = ()

    def of(self, level: FindingLevel) -> list[Finding]:
        """The findings of one level."""
        return [finding for finding in self.findings if finding.level == level]

    def unticked(self, ticks: Collection[str]) -> list[Finding]:
        """Warnings that are not ticked as intended."""
        return [finding for finding in self.of(FindingLevel.WARNING) if finding.tick not in ticks]


def run(
    team: Team,
    body: Mapping[str, Any],
    wrong: Mapping[str, list[str]] | None = None,
    *,
    trial_job: TransformJob | None = None,
) -> PreflightReport:
    """Check a body for `presets.submit`; never raises for its content.

    `wrong` has errors that are known already, by field, such as a text in place of a number. The estimate is made from
    `trial_job`, the job's trial, if that has completed with the same model.
    """
    problems = {**_problems(team, body), **(wrong or {})}
    if "model" in (wrong or {}):
        # The connection comes with the model; without one it is no error of its own.
        problems.pop("connection", None)
    values = _values(body)
    well_formed = RequestValues(
        {name: value for name, value in values.items() if submission.public_name(name) not in problems}
    )
    findings = [_of_rule(name, texts, RequestValues(values)) for name, texts in problems.items()]
    connection = _connection(team, body)
    matches = estimate = filter_trial = None
    passed: tuple[str, ...] = ()
    if connection is not None:
        inspection = look(connection, well_formed)
        findings += _checked(well_formed, inspection)
        filter_trial = trial(well_formed, inspection)
        if filter_trial and filter_trial.trouble:
            findings.append(
                Finding(
                    "record_fails",
                    FindingLevel.WARNING,
                    "input_filter",
                    filter_trial.trouble,
                    about=("data",),
                )
            )
        matches = _matches(well_formed, inspection)
        estimate = _estimate(connection, well_formed, inspection, trial_job)
        findings += _held(connection, well_formed)
        passed = passed_checks(well_formed, inspection, findings)
    findings.sort(key=lambda finding: _ORDER.index(finding.level))
    marked_findings = tuple(
        replace(finding.marked(values), field=submission.public_name(finding.field)) for finding in findings
    )
    return PreflightReport(marked_findings, matches, estimate, filter_trial, passed)


def _problems(team: Team, body: Mapping[str, Any]) -> dict[str, list[str]]:
    try:
        submission.parse(team, body)
    except InvalidFields as error:
        return error.fields
    return {}


def _connection(team: Team, body: Mapping[str, Any]) -> Connection | None:
    slug = body.get("connection")
    return queries.connections(team).filter(slug=slug).first() if isinstance(slug, str) else None


def _values(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body's fields by their SDK names, nested names with dots."""
    fields = {name: value for name, value in body.items() if name != "request"}
    if isinstance(body.get("request"), Mapping):
        fields |= read_request(body["request"])[0]
    if "model" in fields:
        fields["model_name"] = fields.pop("model")
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        if name in _GROUPS and isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": inner_value for inner, inner_value in value.items()}
        else:
            flat[name] = value
    return flat


def _of_rule(field: str, texts: list[str], request: RequestValues) -> Finding:
    name = "model_name" if field == "model" else field
    empty = name in _REQUIRED and request.values.get(name) in (None, "")
    missing = empty and (name == "model_name" or code_of(texts[0]) == REQUIRED)
    fix = None if missing else fixes.of_rule(field, request)
    return Finding("required" if missing else "invalid", FindingLevel.ERROR, name, " ".join(texts), fix=fix)


def _checked(request: RequestValues, inspection: Inspection) -> list[Finding]:
    findings = [finding for check in CHECKS for finding in check(request, inspection)]
    if inspection.trouble:
        text = f"{inspection.trouble} What depends on it was not checked."
        findings.append(Finding("not_looked_at", FindingLevel.NOTE, "connection", text))
    return findings


def _held(connection: Connection, request: RequestValues) -> list[Finding]:
    """A note where the job would wait for the team's budget."""
    text = budgets.hold_sentence(connection, request.text("instance_type"))
    return [Finding("budget_spent", FindingLevel.NOTE, "connection", text)] if text else []


def _matches(request: RequestValues, inspection: Inspection) -> Matches | None:
    place, input_list = request.place("data"), inspection.inputs
    if place is None or input_list is None or not input_list.objects:
        return None
    return matching.match(*place, input_list.objects, more=input_list.more)


def _estimate(
    connection: Connection, request: RequestValues, inspection: Inspection, trial_job: TransformJob | None
) -> Estimate | None:
    input_list = inspection.inputs
    if input_list is None or not input_list.objects:
        return None
    model_name = request.text("model_name")
    is_same = trial_job and (trial_job.connection_id, trial_job.model_name) == (connection.pk, model_name)
    pace = pace_of(trial_job) if trial_job and is_same else None
    work: dict[str, Any] = {
        "instance_type": request.text("instance_type"),
        "instance_count": request.number("instance_count") or 1,
        "size": sum(remote_object.size for remote_object in input_list.objects),
        "objects": len(input_list.objects),
        "at_least": input_list.more,
    }
    by_trial = estimates.by_trial(pace, **work) if pace else None
    return by_trial or estimates.estimate(connection, model_name=model_name, **work)
