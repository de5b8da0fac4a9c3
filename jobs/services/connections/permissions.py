"""Test the calls that a connection is needed for, and write the policy that would allow the denied ones."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from aws import identity
from aws.actions import partition_of
from aws.probing import ProbeResult, ProbeScope, probe
from jobs.lifecycle.aws_session import target_of
from jobs.lifecycle.follow.event_queue import queue_target
from jobs.models import Connection, RegisteredModel, TransformJob
from transform import keys

#: Places in S3 that are tested for reading, and for writing.
PLACES = 5
_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class PermissionCheck:
    """The result of one call: `outcome` is fine, denied, unreachable or not needed."""

    service: str
    action: str
    use: str
    outcome: str
    says: str = ""
    resource: str = "*"


@dataclass(frozen=True, slots=True)
class PermissionReport:
    """The result of a test; `account` is empty if no call told it."""

    lines: tuple[PermissionCheck, ...]
    account: str = ""

    @property
    def reached(self) -> bool:
        """Whether any call was answered."""
        return any(line.outcome in ("fine", "denied") for line in self.lines)

    @property
    def denied(self) -> list[PermissionCheck]:
        """The calls that the credentials do not allow."""
        return [line for line in self.lines if line.outcome == "denied"]

    @property
    def unreachable(self) -> list[PermissionCheck]:
        """The calls that got no answer."""
        return [line for line in self.lines if line.outcome == "unreachable"]

    @property
    def policy(self) -> str:
        """An IAM policy that allows the denied actions and nothing else, as JSON; empty if none is denied."""
        by_resource: dict[str, list[str]] = defaultdict(list)
        for line in self.denied:
            by_resource[line.resource].append(line.action)
        statements = [
            {"Effect": "Allow", "Action": sorted(set(actions)), "Resource": resource}
            for resource, actions in sorted(by_resource.items())
        ]
        return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2) if statements else ""


def test(connection: Connection) -> PermissionReport:
    """Try each call now and store the result on the connection's row; takes a few seconds at most."""
    target = target_of(connection)
    results = probe(target, _probe_scope(connection))
    account = next((result.account for result in results if result.account), "")
    report = PermissionReport(tuple(_check_of(result, connection, account) for result in results), account)
    rows = Connection.objects.filter(pk=connection.pk)
    rows.update(tested_at=timezone.now(), tested=[_as_stored(line) for line in report.lines])
    if account:
        rows.update(account_id=account)
    if report.reached and not connection.is_engine and (own_arn := identity.own_arn(target)):
        rows.update(own_arn=own_arn)
    connection.note(error="" if report.reached else report.lines[0].says)
    connection.refresh_from_db()
    return report


def last(connection: Connection) -> PermissionReport | None:
    """The result of the last test; None before the first."""
    if connection.tested_at is None:
        return None
    return PermissionReport(
        tuple(PermissionCheck(**stored_check) for stored_check in connection.tested), connection.account_id
    )


def _check_of(result: ProbeResult, connection: Connection, account: str) -> PermissionCheck:
    region = connection.region
    resource = result.resource.format(
        partition=partition_of(region), region=region, account=account or "*", model="*"
    )
    return PermissionCheck(
        result.service, result.action, result.use, result.outcome.value, result.says, resource
    )


def _as_stored(line: PermissionCheck) -> dict[str, Any]:
    return {name: getattr(line, name) for name in PermissionCheck.__slots__}


def _probe_scope(connection: Connection) -> ProbeScope:
    target = queue_target(connection) if connection.queue_url else None
    reads, writes = _places(connection)
    return ProbeScope(reads, writes, connection.queue_url, target)


def _places(connection: Connection) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The places to read and to write: those that are allowed, else the folders of the newest jobs and models."""
    allowed = list(connection.scope.places)[:PLACES]
    if allowed:
        return allowed, allowed
    jobs = TransformJob.objects.filter(connection=connection).order_by("-id").only("spec")[:_LOOKED_AT]
    models = RegisteredModel.objects.filter(connection=connection).order_by("-id")[:_LOOKED_AT]
    inputs = [job.data for job in jobs] + [model.model_data for model in models]
    return _folders(inputs), _folders(keys.output_folder(job.output_path) for job in jobs)


def _folders(addresses: Iterable[str]) -> list[tuple[str, str]]:
    """Buckets with the folders of these addresses, each once; what is no address is left out."""
    folders: dict[tuple[str, str], None] = {}
    for address in addresses:
        try:
            bucket, key = keys.parse_s3_uri(address)
        except ValueError:
            continue
        folders[bucket, key[: key.rfind("/") + 1]] = None
    return list(folders)[:PLACES]
