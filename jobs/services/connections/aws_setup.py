"""What to set up in AWS for a connection: the policy of its credentials, and who may assume its role."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aws.actions import AwsFeature, ResourceNames, partition_of, statements
from aws.pricing import is_answered
from aws.probing import queue_arn
from jobs.models import Connection, RegisteredModel
from transform.scope import parse_name, parse_place

#: What stands in a policy for what is not known yet; whoever copies it puts the real one there.
ACCOUNT, REGION = "ACCOUNT_ID", "REGION"
EXECUTION_ROLE, OWN_IDENTITY = "EXECUTION_ROLE", "arn:aws:iam::BATCHDECK_ACCOUNT:role/BATCHDECK_ROLE"
_PLACEHOLDERS = {
    ACCOUNT: "the number of the AWS account",
    REGION: "the region",
    EXECUTION_ROLE: "the role with which SageMaker runs the models",
    "BATCHDECK_ACCOUNT:role/BATCHDECK_ROLE": "the role or user that Batchdeck runs as; a test of a connection finds it",
}
#: Execution roles in a policy.
_ROLES = 20
_ROLE = re.compile(r"arn:[\w-]+:iam::(\d{12}):role/.+")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_QUEUE = re.compile(r"https?://[^/]+/[\w.-]{1,80}/[\w.-]{1,85}")


@dataclass(frozen=True, slots=True)
class AwsSetup:
    """JSON texts: the policy of what makes the calls, and for a role its trust policy and who may assume it."""

    policy: str
    trust: str
    assume: str

    @property
    def placeholders(self) -> list[tuple[str, str]]:
        """The words in the texts to replace, each with what it stands for."""
        texts = f"{self.policy}{self.trust}{self.assume}"
        return [(word, meaning) for word, meaning in _PLACEHOLDERS.items() if word in texts]


def setup_of(connection: Connection) -> AwsSetup:
    """The texts for a connection with the execution roles of its models."""
    models = RegisteredModel.objects.filter(connection=connection).exclude(execution_role_arn="")
    roles = models.order_by("execution_role_arn").values_list("execution_role_arn", flat=True).distinct()
    return _setup(connection, roles[:_ROLES])


def setup_of_fields(values: Mapping[str, Any]) -> AwsSetup:
    """The texts for the fields of a form as they are typed; what is wrong or missing is left out."""
    connection = Connection(
        kind=Connection.Kind.AWS,
        region=str(values.get("region") or ""),
        role_arn=str(values.get("role_arn") or ""),
        external_id=str(values.get("external_id") or ""),
        queue_url=str(values.get("queue_url") or ""),
        allowed_places=list(_parsed(values.get("allowed_places") or [], parse_place)),
        allowed_models=list(_parsed(values.get("allowed_models") or [], parse_name)),
        allow_deletes=bool(values.get("allow_deletes")),
    )
    return _setup(connection, ())


def _parsed(texts: Iterable[str], parse: Any) -> Iterable[str]:
    for text in texts:
        try:
            parse(text)
        except ValueError:
            continue
        yield text


def _setup(connection: Connection, roles: Iterable[str]) -> AwsSetup:
    names = _names(connection, tuple(roles))
    policy = list(statements(_features(connection), names))
    principal = _own_arn(connection) or OWN_IDENTITY
    trust: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    if connection.external_id:
        trust["Condition"] = {"StringEquals": {"sts:ExternalId": connection.external_id}}
    assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": connection.role_arn}
    return AwsSetup(_document(policy), _document([trust]), _document([assume]) if connection.role_arn else "")


def _document(policy: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": policy}, indent=2)


def _own_arn(connection: Connection) -> str:
    """Who this installation runs as, which any connection's test has found."""
    if connection.own_arn:
        return connection.own_arn
    own_arns = Connection.objects.exclude(own_arn="").order_by("-tested_at").values_list("own_arn", flat=True)
    return own_arns.first() or ""


def _features(connection: Connection) -> set[AwsFeature]:
    """What the connection uses, by what is switched on."""
    is_spared = {
        AwsFeature.DELETES: not connection.allow_deletes,
        AwsFeature.QUEUE: not connection.queue_url,
        AwsFeature.PRICES: bool(connection.region) and not is_answered(connection.region),
        # Buckets are made only where no places are named; so are groups used, whose archives lie anywhere.
        AwsFeature.BUCKETS: bool(connection.allowed_places),
        AwsFeature.REGISTRY: bool(connection.allowed_places) and not connection.allowed_models,
    }
    return {feature for feature in AwsFeature if not is_spared.get(feature)}


def _names(connection: Connection, roles: tuple[str, ...]) -> ResourceNames:
    region = connection.region if _REGION.fullmatch(connection.region) else REGION
    partition = partition_of(region)
    role = _ROLE.fullmatch(connection.role_arn)
    account = connection.account_id or (role[1] if role else ACCOUNT)
    places = connection.scope.places
    queue = queue_arn(connection.queue_url) if _QUEUE.fullmatch(connection.queue_url) else ""
    return ResourceNames(
        partition=partition,
        region=region,
        account=account,
        buckets=tuple(dict.fromkeys(bucket for bucket, _ in places)) or ("*",),
        objects=tuple(f"{bucket}/{prefix}*" for bucket, prefix in places) or ("*/*",),
        models=tuple(connection.allowed_models) or ("*",),
        roles=roles or (f"arn:{partition}:iam::{account}:role/{EXECUTION_ROLE}",),
        queue=queue.format(partition=partition, region=region),
    )
