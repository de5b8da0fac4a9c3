"""Versions of a group: list, find, register, approve, change, delete, and make models of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.text import capfirst

from aws import Target, packages
from aws.package_groups import PackageGroup
from aws.packages import NewVersion, NoSuchGroup, NoSuchVersion, PackageVersion, VersionSummary
from deployments.models import ApprovalChange
from deployments.models.approval_change import Approval
from deployments.registry.services import metrics, version_rules
from deployments.registry.services.calls import answers, registry_call
from deployments.registry.services.usage import VersionUse, uses_of
from jobs.models import Connection, RegisteredModel
from jobs.services.errors import InvalidFields, NotPossible
from jobs.services.registry import registered_models
from teams import activity
from teams.models import ApiToken, User

__all__ = ["PackageVersion"]

PAGE = 20
NOTE_LENGTH = 1024
#: The versions of a group have numbers of at most nine digits in SageMaker.
MOST_NUMBER = 999_999_999
_WORDS: dict[Approval, packages.Approval] = {
    Approval.APPROVED: "Approved",
    Approval.REJECTED: "Rejected",
    Approval.PENDING: "PendingManualApproval",
}
_VERBS = {
    Approval.APPROVED: "package_version.approved",
    Approval.REJECTED: "package_version.rejected",
    Approval.PENDING: "package_version.approval_withdrawn",
}


class VersionInUse(NotPossible):
    """The change affects what uses the version; `use` has it, and `approver` the colleague who approved it."""

    def __init__(self, sentence: str, use: VersionUse, approver: str = "") -> None:
        super().__init__(sentence)
        self.use = use
        self.approver = approver


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of a list with some of its metrics, which are empty if they could not be read in time."""

    version: VersionSummary
    metrics: tuple[metrics.Metric, ...]


@dataclass(frozen=True, slots=True)
class VersionList:
    """A page of versions; `next` is the token of the following page, empty on the last."""

    rows: tuple[VersionRow, ...]
    next: str


def list_versions(
    connection: Connection,
    group: PackageGroup,
    *,
    approval: str = "",
    after: str = "",
    limit: int = PAGE,
    with_metrics: bool = True,
) -> VersionList:
    """A page of the group's versions, newest first, of this approval or of all. Raises Unavailable or NotPossible."""
    status = _WORDS[Approval(approval)] if approval else None
    with registry_call(connection, "ListModelPackages") as target:
        page = packages.list_page(target, group.name, approval=status, token=after, limit=limit)
    read = answers(lambda row: _metrics(target, row.arn), page.versions) if with_metrics else []
    rows = zip(page.versions, read or [None] * len(page.versions), strict=True)
    return VersionList(
        tuple(VersionRow(version, tuple(numbers or ())) for version, numbers in rows), page.next
    )


def find_version(connection: Connection, group: PackageGroup, number: int) -> PackageVersion | None:
    """The group's version of this number; None if there is none. Raises Unavailable or NotPossible."""
    if not 1 <= number <= MOST_NUMBER:
        return None
    with registry_call(connection, "DescribeModelPackage") as target:
        return packages.describe(target, group.version_arn(number))


def history(connection: Connection, version: PackageVersion) -> list[ApprovalChange]:
    """The changes of the version's approval that were made here, newest first."""
    rows = ApprovalChange.objects.for_team(connection.team).filter(
        connection=connection, group=version.group, number=version.number, at__gte=version.created
    )
    return list(rows.select_related("by", "token").order_by("-id"))


def register_version(
    connection: Connection,
    group: str,
    *,
    containers: Sequence[Mapping[str, Any]],
    description: str = "",
    approval: str = Approval.PENDING,
    content_types: Sequence[str] = (),
    response_types: Sequence[str] = (),
    transform_instance_types: Sequence[str] = (),
    metadata: Mapping[str, str] | None = None,
    statistics_uri: str = "",
    skip_check: bool = False,
    by: User,
    token: ApiToken | None = None,
) -> PackageVersion:
    """Register a version in SageMaker. Its archives and images are checked first, unless `skip_check`.

    `statistics_uri` is a JSON document with its metrics. Raises InvalidFields, Unavailable or NotPossible.
    """
    version_rules.check_fields(
        connection,
        group,
        containers=containers,
        description=description,
        approval=approval,
        content_types=content_types,
        response_types=response_types,
        transform_instance_types=transform_instance_types,
        metadata=metadata or {},
        statistics_uri=statistics_uri,
    )
    registered_models.check_images(connection, containers)
    if not skip_check:
        version_rules.check_archives(connection, containers)
    new = NewVersion(
        group,
        containers,
        content_types=content_types,
        response_types=response_types,
        transform_instance_types=transform_instance_types,
        description=description,
        approval=_WORDS[Approval(approval)],
        metrics=_quality(statistics_uri),
        custom=metadata or {},
    )
    with registry_call(connection, "CreateModelPackage") as target:
        try:
            arn = packages.create(target, new)
        except NoSuchGroup as error:
            raise InvalidFields({"group": [error.sentence]}) from error
    with registry_call(connection, "DescribeModelPackage") as target:
        version = packages.describe(target, arn)
    if version is None:
        raise NotPossible(f"{arn} was registered, but was deleted at once.")
    with transaction.atomic():
        row = _note_change(connection, version, "", version.approval, by=by, token=token)
        activity.record(connection.team, by, "package_version.registered", row, token=token)
    return version


def set_approval(
    connection: Connection,
    version: PackageVersion,
    approval: str,
    *,
    note: str = "",
    before: str = "",
    sure: bool = False,
    by: User,
    token: ApiToken | None = None,
) -> None:
    """Approve or reject a version, or let it wait again.

    `before` is the approval that the person saw. Raises VersionInUse if the version is used or somebody else decided
    before, unless `sure`; NotPossible if it is decided so already or was changed meanwhile; InvalidFields, Unavailable.
    """
    problems = {}
    if approval not in Approval.values:
        problems["status"] = [f"It must be one of {', '.join(Approval.values)}."]
    if trouble := version_rules.text_problem(note, NOTE_LENGTH):
        problems["note"] = [trouble]
    if problems:
        raise InvalidFields(problems)
    now = (
        Approval(version.approval).label.lower() if version.approval in Approval.values else version.approval
    )
    name = f"{version.group} version {version.number}"
    if before and before != version.approval:
        raise NotPossible(f"{name} is {now} now; somebody changed it meanwhile. Look at it again.")
    if approval == version.approval:
        raise NotPossible(f"{name} is {now} already.")
    if not sure and version.approval == Approval.APPROVED:
        _check_use(connection, version, by)
    label = Approval(approval).label
    text = note or f"{label}: by {by.label} in Batchdeck"
    with registry_call(connection, "UpdateModelPackage") as target:
        try:
            packages.set_approval(target, version.arn, _WORDS[Approval(approval)], text)
        except NoSuchVersion as error:
            raise NotPossible(f"{name} was deleted meanwhile.") from error
    with transaction.atomic():
        row = _note_change(connection, version, version.approval, approval, note=note, by=by, token=token)
        detail: dict[str, object] = {"note": note} if note else {}
        activity.record(connection.team, by, _VERBS[Approval(approval)], row, token=token, detail=detail)


def change_metadata(
    connection: Connection,
    version: PackageVersion,
    metadata: Mapping[str, str],
    *,
    by: User,
    token: ApiToken | None = None,
) -> None:
    """Replace the version's CustomerMetadataProperties. Raises InvalidFields, Unavailable or NotPossible."""
    if problems := version_rules.metadata_problems(metadata):
        raise InvalidFields({"metadata": problems})
    put = {name: text for name, text in metadata.items() if version.custom.get(name) != text}
    remove = [name for name in version.custom if name not in metadata]
    if not put and not remove:
        return
    with registry_call(connection, "UpdateModelPackage") as target:
        try:
            packages.change_metadata(target, version.arn, put=put, remove=remove)
        except NoSuchVersion as error:
            raise NotPossible(f"{version.group} version {version.number} was deleted meanwhile.") from error
    label = f"{version.group} version {version.number}"
    detail: dict[str, object] = {"metadata": ", ".join([*put, *remove])}
    activity.record(
        connection.team, by, "package_version.changed", connection, label=label, token=token, detail=detail
    )


def delete_version(
    connection: Connection,
    version: PackageVersion,
    *,
    sure: bool = False,
    by: User,
    token: ApiToken | None = None,
) -> None:
    """Delete a version. Raises NotPossible if a stage runs it, VersionInUse if models use it, unless `sure`."""
    use = use_of(connection, version)
    name = f"{version.group} version {version.number}"
    if use.stages or use.arriving:
        raise NotPossible(
            f"{name} cannot be deleted, since {VersionUse(stages=use.stages, arriving=use.arriving).words}. "
            "Promote another version first, or roll back."
        )
    if use.models and not sure:
        raise VersionInUse(
            f"{capfirst(use.words)}, and cannot run jobs without it. Send delete_in_use=true to delete it all the "
            "same.",
            use,
        )
    with registry_call(connection, "DeleteModelPackage") as target:
        is_deleted = packages.delete(target, version.arn)
    if is_deleted:
        activity.record(connection.team, by, "package_version.deleted", connection, label=name, token=token)


def create_model(
    connection: Connection,
    version: PackageVersion,
    *,
    name: str,
    execution_role_arn: str = "",
    description: str = "",
    by: User,
    token: ApiToken | None = None,
) -> RegisteredModel:
    """Create a model of the version in SageMaker and among the team's models. Raises InvalidFields or Unavailable."""
    return registered_models.register(
        connection,
        name=name,
        containers=[{"ModelPackageName": version.arn}],
        execution_role_arn=execution_role_arn,
        description=description,
        by=by,
        token=token,
    )


def use_of(connection: Connection, version: PackageVersion) -> VersionUse:
    """What uses the version."""
    return uses_of(connection, version.group).get(version.number, VersionUse())


def _check_use(connection: Connection, version: PackageVersion, person: User) -> None:
    """Raise VersionInUse if something uses the approved version, or if somebody else approved it."""
    use = use_of(connection, version)
    last = history(connection, version)[:1]
    approver = last[0].by if last else None
    is_of_colleague = approver is not None and approver != person
    if not use.is_used and not is_of_colleague:
        return
    facts = [f"{approver.label} approved it"] if approver is not None and is_of_colleague else []
    facts += [use.words] if use.is_used else []
    raise VersionInUse(
        f"{version.group} version {version.number} is approved: {'; '.join(facts)}. Send reject_in_use: true to "
        "change it all the same.",
        use,
        approver.label if approver is not None and is_of_colleague else "",
    )


def _note_change(
    connection: Connection,
    version: PackageVersion,
    before: str,
    after: str,
    *,
    note: str = "",
    by: User,
    token: ApiToken | None,
) -> ApprovalChange:
    return ApprovalChange.objects.create(
        team=connection.team,
        connection=connection,
        group=version.group,
        number=version.number,
        before=before,
        after=after,
        note=note,
        by=by,
        token=token,
    )


def _metrics(target: Target, arn: str) -> list[metrics.Metric]:
    version = packages.describe(target, arn)
    return metrics.first_metrics(target, version) if version else []


def _quality(uri: str) -> dict[str, Any]:
    source = {"ContentType": "application/json", "S3Uri": uri}
    return {"ModelQuality": {"Statistics": source}} if uri else {}
