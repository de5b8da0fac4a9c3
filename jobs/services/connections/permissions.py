"""Trying what a connection is needed for, call by call, and the policy that would allow what is denied."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from aws.probing import ProbeResult, ProbeScope, probe
from jobs.lifecycle.aws_session import target_of
from jobs.lifecycle.follow.event_queue import queue_target
from jobs.models import Connection, RegisteredModel, TransformJob
from transform import keys

#: Buckets that are tried, of the newest jobs and models.
BUCKETS = 5
_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class PermissionCheck:
    """One thing that a connection does: `outcome` is fine, denied, unreachable or not needed."""

    service: str
    action: str
    use: str
    outcome: str
    says: str = ""
    resource: str = "*"


@dataclass(frozen=True, slots=True)
class PermissionReport:
    """What a test found: `account` is empty where nobody said whose it is."""

    lines: tuple[PermissionCheck, ...]
    account: str = ""

    @property
    def reached(self) -> bool:
        """Whether anything answered."""
        return any(line.outcome in ("fine", "denied") for line in self.lines)

    @property
    def denied(self) -> list[PermissionCheck]:
        """What the credentials may not do."""
        return [line for line in self.lines if line.outcome == "denied"]

    @property
    def unreachable(self) -> list[PermissionCheck]:
        """What could not be tried."""
        return [line for line in self.lines if line.outcome == "unreachable"]

    @property
    def policy(self) -> str:
        """An IAM policy that allows what is denied and nothing else, as JSON; empty if nothing is."""
        by_resource: dict[str, list[str]] = defaultdict(list)
        for line in self.denied:
            by_resource[line.resource].append(line.action)
        statements = [
            {"Effect": "Allow", "Action": sorted(set(actions)), "Resource": resource}
            for resource, actions in sorted(by_resource.items())
        ]
        return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2) if statements else ""


def test(connection: Connection) -> PermissionReport:
    """Try each call now, and keep what came of it on the connection's row; takes some seconds at most."""
    found = probe(target_of(connection), _asked(connection))
    account = next((one.account for one in found if one.account), "")
    report = PermissionReport(tuple(_line(one, connection, account) for one in found), account)
    rows = Connection.objects.filter(pk=connection.pk)
    rows.update(tested_at=timezone.now(), tested=[_kept(line) for line in report.lines])
    if account:
        rows.update(account_id=account)
    connection.note(error="" if report.reached else report.lines[0].says)
    connection.refresh_from_db()
    return report


def last(connection: Connection) -> PermissionReport | None:
    """What the last test found; None before the first."""
    if connection.tested_at is None:
        return None
    return PermissionReport(
        tuple(PermissionCheck(**kept) for kept in connection.tested), connection.account_id
    )


def _line(found: ProbeResult, connection: Connection, account: str) -> PermissionCheck:
    region = connection.region
    partition = (
        "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    )
    resource = found.resource.format(partition=partition, region=region, account=account or "*")
    return PermissionCheck(found.service, found.action, found.use, found.outcome.value, found.says, resource)


def _kept(line: PermissionCheck) -> dict[str, Any]:
    return {name: getattr(line, name) for name in PermissionCheck.__slots__}


def _asked(connection: Connection) -> ProbeScope:
    target = queue_target(connection) if connection.queue_url else None
    return ProbeScope(_buckets(connection), connection.queue_url, target)


def _buckets(connection: Connection) -> list[str]:
    """The buckets that the newest jobs and models use."""
    addresses: list[str] = []
    for job in TransformJob.objects.filter(connection=connection).order_by("-id").only("spec")[:_LOOKED_AT]:
        addresses += [job.data, job.output_path]
    models = RegisteredModel.objects.filter(connection=connection).order_by("-id")
    addresses += [model.model_data for model in models[:_LOOKED_AT]]
    found: dict[str, None] = {}
    for address in addresses:
        try:
            found[keys.parse_s3_uri(address)[0]] = None
        except ValueError:
            continue
    return list(found)[:BUCKETS]
