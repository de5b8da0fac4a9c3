"""Running preflight over a submission's body as it is now, finished or not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from jobs import queries
from jobs.models import Connection
from jobs.services.connections import matching
from jobs.services.connections.matching import Matches
from jobs.services.errors import InvalidFields
from jobs.services.submitting import estimates, submission
from jobs.services.submitting.estimates import Estimate
from jobs.services.submitting.preflight import abilities, fixes, location_checks, payload_checks
from jobs.services.submitting.preflight.filter_trial import Trial, trial
from jobs.services.submitting.preflight.findings import Finding, FindingLevel, Inspection, RequestFields
from jobs.services.submitting.preflight.inspection import look
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
    location_checks.outputs,
    location_checks.writing,
    payload_checks.content_type,
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
    """All findings, errors first; where known, what the input's prefix matches, how long the job will take, and
    what filters make of the first records.
    """

    findings: tuple[Finding, ...] = ()
    matches: Matches | None = None
    estimate: Estimate | None = None
    trial: Trial | None = None

    def of(self, level: FindingLevel) -> list[Finding]:
        """The findings of one level."""
        return [finding for finding in self.findings if finding.level == level]

    def unticked(self, ticks: Collection[str]) -> list[Finding]:
        """Warnings that nobody said to be intended."""
        return [finding for finding in self.of(FindingLevel.WARNING) if finding.tick not in ticks]


def run(team: Team, body: Mapping[str, Any], wrong: Mapping[str, list[str]] | None = None) -> PreflightReport:
    """Check what a body for `presets.submit` says; never raises for what is in it.

    `wrong` holds what is known already to be wrong with the body's fields, such as a number that is none.
    """
    problems = {**_problems(team, body), **(wrong or {})}
    if "model" in (wrong or {}):
        # A model chosen from a list brings its connection.
        problems.pop("connection", None)
    given = _values(body)
    well_formed = RequestFields(
        {name: value for name, value in given.items() if _public(name) not in problems}
    )
    found = [_of_rule(name, texts, RequestFields(given)) for name, texts in problems.items()]
    connection = _connection(team, body)
    matches = estimate = tried = None
    if connection is not None:
        seen = look(connection, well_formed)
        found += _checked(well_formed, seen)
        tried = trial(well_formed, seen)
        if tried and tried.trouble:
            found.append(
                Finding("record_fails", FindingLevel.WARNING, "input_filter", tried.trouble, about=("data",))
            )
        matches, estimate = _matches(well_formed, seen), _estimate(connection, well_formed, seen)
    found.sort(key=lambda finding: _ORDER.index(finding.level))
    told = tuple(replace(one.marked(given), field=_public(one.field)) for one in found)
    return PreflightReport(told, matches, estimate, tried)


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
    """The body's fields by their SDK names, nested ones with dots."""
    fields = {name: value for name, value in body.items() if name != "request"}
    if isinstance(body.get("request"), Mapping):
        fields |= read_request(body["request"])[0]
    if "model" in fields:
        fields["model_name"] = fields.pop("model")
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        if name in _GROUPS and isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": one for inner, one in value.items()}
        else:
            flat[name] = value
    return flat


def _of_rule(field: str, texts: list[str], given: RequestFields) -> Finding:
    name = "model_name" if field == "model" else field
    empty = name in _REQUIRED and given.values.get(name) in (None, "")
    missing = empty and (name == "model_name" or code_of(texts[0]) == REQUIRED)
    fix = None if missing else fixes.of_rule(field, given)
    return Finding("required" if missing else "invalid", FindingLevel.ERROR, name, " ".join(texts), fix=fix)


def _checked(wanted: RequestFields, seen: Inspection) -> list[Finding]:
    found = [finding for check in CHECKS for finding in check(wanted, seen)]
    if seen.trouble:
        text = f"{seen.trouble} What depends on it was not checked."
        found.append(Finding("not_looked_at", FindingLevel.NOTE, "connection", text))
    return found


def _matches(wanted: RequestFields, seen: Inspection) -> Matches | None:
    place, found = wanted.place("data"), seen.inputs
    if place is None or found is None or not found.objects:
        return None
    return matching.match(*place, found.objects, more=found.more)


def _estimate(connection: Connection, wanted: RequestFields, seen: Inspection) -> Estimate | None:
    found = seen.inputs
    if found is None or not found.objects:
        return None
    return estimates.estimate(
        connection,
        model_name=wanted.text("model_name"),
        instance_type=wanted.text("instance_type"),
        instance_count=wanted.number("instance_count") or 1,
        size=sum(one.size for one in found.objects),
        objects=len(found.objects),
        at_least=found.more,
    )


def _public(name: str) -> str:
    return "model" if name == "model_name" else name
