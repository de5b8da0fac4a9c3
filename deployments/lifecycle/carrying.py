"""Carries an approved version into its stage: its archives, then its model, and last the stage's row.

Each try goes on where the last one ended; the old version stays until the last step.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from enum import Enum
from typing import Any

from django.db import transaction
from django.utils import timezone

from aws import GatewayError, Rejected, copying, models, packages
from aws.copying import Copy
from deployments.lifecycle.announcing import announce_failed_promotion
from deployments.lifecycle.refusals import describe_refusal
from deployments.lifecycle.steps import LEASE, PutOff
from deployments.models import Promotion, PromotionState, Stage
from jobs.clock import pause_after
from jobs.lifecycle.aws_session import asking, target_of
from jobs.lifecycle.queue.pacing import Pace
from jobs.models import Connection, Lease, RegisteredModel
from jobs.services.errors import InvalidFields, Unavailable
from jobs.services.registry import registered_models
from teams import activity
from transform.keys import output_folder, parse_s3_uri

#: Seconds that one task copies.
COPY_SECONDS = 20.0
#: Tries of a step that may succeed later.
TRIES = 12


class Carried(Enum):
    """The outcome of one task."""

    DEPLOYED = "deployed"
    FAILED = "failed"
    #: There is more to copy: go on at once.
    MORE = "more"
    #: A call may succeed later.
    LATER = "later"
    NOT_OURS = "not ours"


class _Refused(Exception):
    """A step that cannot succeed; the message is the sentence for the row."""


def carry(promotion_id: int) -> Carried:
    """Do the next part of an approved promotion."""
    lease = Lease.claim(f"promotion-{promotion_id}", LEASE)
    if lease is None:
        return Carried.NOT_OURS
    try:
        rows = Promotion.objects.select_related("stage__deployment__connection", "stage__connection", "team")
        promotion = rows.filter(pk=promotion_id, state=PromotionState.APPROVED).first()
        if promotion is None:
            return Carried.NOT_OURS
        try:
            return _carry(promotion)
        except _Refused as error:
            return _fail(promotion, str(error))
        except PutOff as error:
            return _put_off(promotion, str(error))
    finally:
        lease.release()


def _carry(promotion: Promotion) -> Carried:
    stage = promotion.stage
    if "containers" not in promotion.carried:
        _save(promotion, containers=_read_containers(promotion))
    if "copies" not in promotion.carried:
        _save(promotion, copies=_plan_copies(promotion))
    if not _copy(promotion):
        return Carried.MORE
    model = _make_model(promotion)
    return _deploy(promotion, stage, model)


def _save(promotion: Promotion, **values: Any) -> None:
    promotion.carried = {**promotion.carried, **values}
    now = timezone.now()
    Promotion.objects.filter(pk=promotion.pk, state=PromotionState.APPROVED).update(
        carried=promotion.carried, problem="", tries=0, next_look_at=now + LEASE
    )


def _read_containers(promotion: Promotion) -> list[dict[str, Any]]:
    """The containers of the version in the registry; it must still be approved."""
    connection = promotion.stage.deployment.connection
    try:
        with asking(connection, Pace.FIRST) as target:
            version = packages.describe(target, promotion.version_arn)
    except GatewayError as error:
        raise _problem(error, "DescribeModelPackage", connection) from error
    if version is None:
        raise _Refused(f"Version {promotion.version} is not in the registry of {connection.name} any more.")
    if version.approval != "Approved":
        raise _Refused(
            f"Version {promotion.version} is not approved in the registry; its status is {version.approval}."
        )
    containers = [_usable(container) for container in version.containers]
    if not containers:
        raise _Refused(f"Version {promotion.version} has no containers, so no model can be made of it.")
    return containers


def _usable(container: dict[str, Any]) -> dict[str, Any]:
    """The members of a package's container that CreateModel takes too."""
    source = (container.get("ModelDataSource") or {}).get("S3DataSource") or {}
    if source and source.get("CompressionType") != "Gzip":
        raise _Refused(
            f"Its model lies unpacked at {source.get('S3Uri')}; only a .tar.gz archive can be carried into a stage."
        )
    data = container.get("ModelDataUrl") or source.get("S3Uri") or ""
    members = {
        "Image": container.get("Image", ""),
        "ModelDataUrl": data,
        "Environment": dict(container.get("Environment") or {}),
        "ContainerHostname": container.get("ContainerHostname", ""),
    }
    return {name: value for name, value in members.items() if value}


def _plan_copies(promotion: Promotion) -> list[dict[str, Any]]:
    """A copy for each archive; none where the stage's connection leads to the registry's own account or engine."""
    stage = promotion.stage
    if stage.connection.place == stage.deployment.connection.place:
        return []
    bucket, folder = parse_s3_uri(stage.artifact_path)
    copies = []
    for number, container in enumerate(promotion.carried["containers"]):
        if uri := container.get("ModelDataUrl"):
            source_bucket, source_key = parse_s3_uri(uri)
            key = f"{output_folder(folder)}models/{_folder_of(promotion)}/model_{number}.tar.gz"
            copies.append(asdict(Copy(source_bucket, source_key, bucket, key)))
    return copies


def _folder_of(promotion: Promotion) -> str:
    """The folder of the version's archives, which no other deployment and no other group has.

    With the same artifact path they would replace what another stage runs.
    """
    source = f"{promotion.stage.deployment_id} {promotion.version_arn}"
    return f"v{promotion.version}-{hashlib.sha256(source.encode()).hexdigest()[:12]}"


def _copy(promotion: Promotion) -> bool:
    """Copy for a while; whether all archives are there."""
    stage = promotion.stage
    source_connection = stage.deployment.connection
    copies = [Copy(**{**row, "etags": tuple(row["etags"])}) for row in promotion.carried["copies"]]
    for position, copy in enumerate(copies):
        if copy.is_done:
            continue
        try:
            copies[position] = copying.copy_some(
                target_of(source_connection), target_of(stage.connection), copy, seconds=COPY_SECONDS
            )
        except copying.SourceRefused as error:
            raise _problem(error, "GetObject", source_connection) from error
        except GatewayError as error:
            raise _problem(error, "PutObject", stage.connection) from error
        _save(promotion, copies=[asdict(row) for row in copies])
        return all(row.is_done for row in copies)
    return True


def stage_containers(promotion: Promotion) -> list[dict[str, Any]]:
    """The containers of the stage's model: with the copies' addresses, and images of the stage's account and region."""
    places = {f"s3://{row['source_bucket']}/{row['source_key']}": row for row in promotion.carried["copies"]}
    source, destination = promotion.stage.deployment.connection, promotion.stage.connection
    containers = []
    for container in promotion.carried["containers"]:
        row = places.get(container.get("ModelDataUrl", ""))
        data = {"ModelDataUrl": f"s3://{row['bucket']}/{row['key']}"} if row else {}
        containers.append(
            {**container, **data, "Image": image_for(container.get("Image", ""), source, destination)}
        )
    return containers


def image_for(image: str, source: Connection, destination: Connection) -> str:
    """The image's URI in the stage's account, if it lies in the registry's own; any other stays as it is."""
    accounts = source.account_id, destination.account_id
    if not all(accounts) or accounts[0] == accounts[1] or not image.startswith(f"{accounts[0]}.dkr.ecr."):
        return image
    host, slash, name = image.partition("/")
    return host.replace(accounts[0], accounts[1], 1).replace(source.region, destination.region) + slash + name


def _make_model(promotion: Promotion) -> RegisteredModel:
    """The stage's model in SageMaker and its row; one that an earlier try made is taken."""
    stage = promotion.stage
    name = stage.model_name(promotion.version)
    containers = stage_containers(promotion)
    present = RegisteredModel.objects.filter(connection=stage.connection, name=name).first()
    if present is not None and _is_there(stage, present):
        if [dict(row) for row in present.containers] != containers:
            raise _Refused(
                f"CreateModel was not sent: {stage.connection.name} has another model named {name}. Delete it there "
                "and on its page, then promote the version again."
            )
        return present
    if present is not None:
        # It was deleted in SageMaker: the row stays, and the model is made again.
        return _create_again(stage, present)
    try:
        return registered_models.register(
            stage.connection,
            name=name,
            containers=containers,
            by=promotion.decided_by or promotion.requested_by,
            execution_role_arn=stage.execution_role_arn,
            description=f"Version {promotion.version} of {stage.deployment.package_group}",
        )
    except (InvalidFields, Unavailable) as error:
        if isinstance(error.__cause__, GatewayError):
            raise _problem(error.__cause__, "CreateModel", stage.connection) from error
        raise _Refused(f"CreateModel was not sent: {error}") from error


def _is_there(stage: Stage, model: RegisteredModel) -> bool:
    try:
        with asking(stage.connection, Pace.FIRST) as target:
            return models.describe(target, model.name) is not None
    except GatewayError as error:
        raise _problem(error, "CreateModel", stage.connection) from error


def _create_again(stage: Stage, model: RegisteredModel) -> RegisteredModel:
    try:
        with asking(stage.connection, Pace.FIRST) as target:
            model.arn = models.create(
                target,
                name=model.name,
                containers=model.containers,
                execution_role_arn=model.execution_role_arn,
            )
    except models.ModelNameTaken:
        return model
    except GatewayError as error:
        raise _problem(error, "CreateModel", stage.connection) from error
    model.save(update_fields=["arn"])
    return model


def _deploy(promotion: Promotion, stage: Stage, model: RegisteredModel) -> Carried:
    """Let the stage run the version, and end the promotion, together."""
    now = timezone.now()
    with transaction.atomic():
        if not promotion.move(
            PromotionState.DEPLOYED,
            from_=PromotionState.APPROVED,
            ended_at=now,
            problem="",
            next_look_at=None,
            from_version=stage.version,
        ):
            return Carried.NOT_OURS
        Stage.objects.filter(pk=stage.pk).update(
            version=promotion.version, version_arn=promotion.version_arn, model=model, deployed_at=now
        )
        activity.record(
            promotion.team,
            promotion.decided_by,
            "deployment.deployed",
            stage.deployment,
            label=str(promotion),
        )
    return Carried.DEPLOYED


def _fail(promotion: Promotion, sentence: str) -> Carried:
    running = promotion.stage.version
    stays = f"Version {running} stays in {promotion.stage.name}." if running else "Nothing was deployed."
    with transaction.atomic():
        if not promotion.move(
            PromotionState.FAILED,
            from_=PromotionState.APPROVED,
            ended_at=timezone.now(),
            problem=f"{sentence} {stays}",
            next_look_at=None,
        ):
            return Carried.NOT_OURS
        activity.record(
            promotion.team, None, "deployment.failed", promotion.stage.deployment, label=str(promotion)
        )
        announce_failed_promotion(promotion)
    return Carried.FAILED


def _put_off(promotion: Promotion, sentence: str) -> Carried:
    tries = promotion.tries + 1
    if tries >= TRIES:
        return _fail(promotion, f"{sentence} It was tried {tries} times.")
    Promotion.objects.filter(pk=promotion.pk, state=PromotionState.APPROVED).update(
        problem=sentence, tries=tries, next_look_at=timezone.now() + pause_after(promotion.tries)
    )
    return Carried.LATER


def _problem(error: GatewayError, call: str, connection: Connection) -> _Refused | PutOff:
    sentence = describe_refusal(error, call, connection.name)
    return _Refused(sentence) if isinstance(error, Rejected) else PutOff(sentence)


def due_promotions(limit: int = 25) -> Sequence[int]:
    """Ids of the approved promotions that a worker should go on with."""
    rows = Promotion.objects.filter(state=PromotionState.APPROVED, next_look_at__lte=timezone.now())
    return list(rows.order_by("next_look_at").values_list("pk", flat=True)[:limit])
