"""The registry's packages: CreateModelPackage, DescribeModelPackage, ListModelPackages, Update…, Delete….

A package is a version of a group or has a name of its own. The engine has no validation and no marketplace:
packages are Completed at once, and requests that need either are refused.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from engine.errors import ServiceError, validation_error
from engine.operations.arns import package_arn, parse_resource, resource_name
from engine.operations.artifacts import check_artifacts
from engine.operations.context import Context
from engine.operations.package_groups import find_group
from engine.operations.paging import list_page
from engine.operations.table import operation
from engine.operations.tags import tag_mapping
from engine.store.clock import now
from engine.store.models import model_containers
from engine.store.packages import PackageOrder, PackageRow, package_position

_ORDER_TYPES: dict[PackageOrder, tuple[type, ...]] = {"Name": (str, int), "CreationTime": (float, str, int)}

#: Members that the engine does not support; they are refused, not ignored.
_UNSUPPORTED = ("ValidationSpecification", "SourceAlgorithmSpecification")

#: Members of the request that summaries contain.
_SUMMARY = (
    "ModelPackageDescription",
    "ModelApprovalStatus",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)

#: Members that UpdateModelPackage replaces.
_REPLACED = (
    "ApprovalDescription",
    "InferenceSpecification",
    "ModelApprovalStatus",
    "ModelCard",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
    "SourceUri",
)


@operation("sagemaker", "CreateModelPackage")
def create_package(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Create a package. A repeated request with the same ClientToken returns the existing package."""
    _check_request(params)
    if earlier := _earlier_package(ctx, params):
        return {"ModelPackageArn": earlier.arn}
    params = _with_specification_of_source(ctx, params)
    _check_specification(ctx, params.get("InferenceSpecification", {}))
    row = _new_version(ctx, params) if "ModelPackageGroupName" in params else _new_unversioned(ctx, params)
    return {"ModelPackageArn": row.arn}


@operation("sagemaker", "DescribeModelPackage")
def describe_package(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Describe a package."""
    row = find_package(ctx, params["ModelPackageName"])
    return {
        "CertifyForMarketplace": False,
        **_with_environments(row.request),
        **_summary(row),
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CreatedBy": {},
        "LastModifiedTime": row.modified,
    }


@operation("sagemaker", "BatchDescribeModelPackage")
def describe_packages(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Describe several versions by ARN; the answer has an error for each that does not exist."""
    summaries: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for arn in params["ModelPackageArnList"]:
        try:
            row = find_package(ctx, arn)
        except ServiceError as error:
            errors[arn] = {"ErrorCode": error.code, "ErrorResponse": error.message}
        else:
            specification = row.request.get("InferenceSpecification", {"Containers": []})
            summaries[arn] = {**_summary(row), "InferenceSpecification": specification}
    return {"ModelPackageSummaries": summaries, "BatchDescribeModelPackageErrorMap": errors}


@operation("sagemaker", "ListModelPackages")
def list_packages(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """List packages, by default oldest first: those of a group, or by default those without a group."""
    group = params.get("ModelPackageGroupName")
    kind = params.get("ModelPackageType", "Unversioned" if group is None else "Versioned")
    chosen = partial(
        ctx.store.packages.list,
        group=None if group is None else find_group(ctx, group).name,
        versioned=None if kind == "Both" else kind == "Versioned",
        approval=params.get("ModelApprovalStatus"),
    )
    rows, more = list_page(
        params,
        chosen,
        listing="model-packages",
        orders=_ORDER_TYPES,
        position=package_position,
        ascending=True,
    )
    return {"ModelPackageSummaryList": [_summary(row) for row in rows], **more}


@operation("sagemaker", "UpdateModelPackage")
def update_package(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Approve or reject a package, or change other members that may change."""
    row = find_package(ctx, params["ModelPackageArn"])
    _check_specification(ctx, params.get("InferenceSpecification", {}))
    changed = {**row.request, **{name: params[name] for name in _REPLACED if name in params}}
    if "ModelCard" in params:
        changed["ModelCard"] = {**row.request.get("ModelCard", {}), **params["ModelCard"]}
    custom = {
        **row.request.get("CustomerMetadataProperties", {}),
        **params.get("CustomerMetadataProperties", {}),
    }
    for name in params.get("CustomerMetadataPropertiesToRemove", []):
        custom.pop(name, None)
    more = params.get("AdditionalInferenceSpecificationsToAdd", [])
    changed["CustomerMetadataProperties"] = custom or None
    changed["AdditionalInferenceSpecifications"] = [
        *row.request.get("AdditionalInferenceSpecifications", []),
        *more,
    ] or None
    ctx.store.packages.change(row, {name: value for name, value in changed.items() if value is not None})
    return {"ModelPackageArn": row.arn}


@operation("sagemaker", "DeleteModelPackage")
def delete_package(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Delete a package. Models created from it and their jobs stay."""
    row = find_package(ctx, params["ModelPackageName"])
    if not ctx.store.packages.delete(row):
        raise _no_such_package(row.arn)
    ctx.store.tags.clear(row.arn)
    return {}


def find_package(ctx: Context, reference: str) -> PackageRow:
    """The package with that name, `group/version` or ARN. Raises ServiceError(ValidationException)."""
    path = resource_name(ctx.config, "model-package", reference)
    row = ctx.store.packages.by_path(path) if path else None
    if row is None:
        raise _no_such_package(package_arn(ctx.config, path) if path else reference)
    return row


def containers_of_package(ctx: Context, container: dict[str, Any]) -> list[dict[str, Any]]:
    """The containers of the package that a model's container names. Its own Environment overrides the package's.

    Raises ServiceError(ValidationException) if the package or its InferenceSpecification does not exist.
    """
    row = find_package(ctx, container["ModelPackageName"])
    specification = row.request.get("InferenceSpecification")
    if name := container.get("InferenceSpecificationName"):
        specifications = row.request.get("AdditionalInferenceSpecifications", [])
        specification = next((entry for entry in specifications if entry["Name"] == name), None)
    if specification is None:
        raise validation_error(
            f"ModelPackage {row.arn} has no inference specification{f' {name}' if name else ''}."
        )
    overrides = container.get("Environment", {})
    return [
        {**entry, "Environment": {**entry.get("Environment", {}), **overrides}}
        for entry in specification["Containers"]
    ]


def _check_request(params: dict[str, Any]) -> None:
    if ("ModelPackageName" in params) == ("ModelPackageGroupName" in params):
        raise validation_error("Give either ModelPackageName or ModelPackageGroupName.")
    for name in _UNSUPPORTED:
        if name in params:
            raise validation_error(f"The embedded engine does not support {name}.")
    if params.get("CertifyForMarketplace"):
        raise validation_error("The embedded engine does not support CertifyForMarketplace.")
    if "ModelPackageName" in params and "InferenceSpecification" not in params:
        raise validation_error("A model package of no group needs an InferenceSpecification.")
    if "ModelPackageGroupName" in params and params.get("Tags"):
        raise validation_error("A version has the tags of its group: Tags can not be given with a group.")


def _with_specification_of_source(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The request with the InferenceSpecification of the package or model whose ARN is its SourceUri.

    One that the request has itself stays. Raises ServiceError(ValidationException) if there is none of that ARN.
    """
    source = parse_resource(ctx.config, params.get("SourceUri", ""))
    if source is None or "InferenceSpecification" in params:
        return params
    if source.kind == "model-package":
        specification = find_package(ctx, params["SourceUri"]).request.get("InferenceSpecification")
    elif source.kind == "model":
        model = ctx.store.models.get(source.name)
        if model is None:
            raise validation_error(f"SourceUri names a model that does not exist: {params['SourceUri']}")
        specification = {"Containers": _package_containers(model.request)}
    else:
        return params
    return {**params, "InferenceSpecification": specification} if specification else params


def _package_containers(model: dict[str, Any]) -> list[dict[str, Any]]:
    """A model's containers as those of a package, which have fewer members."""
    names = ("ContainerHostname", "Image", "ModelDataUrl", "Environment", "ModelDataSource")
    return [{name: entry[name] for name in names if name in entry} for entry in model_containers(model)]


def _check_specification(ctx: Context, specification: dict[str, Any]) -> None:
    for container in specification.get("Containers", []):
        check_artifacts(ctx, container)


def _earlier_package(ctx: Context, params: dict[str, Any]) -> PackageRow | None:
    """The package that an earlier request with this ClientToken created, for the same group or package name."""
    token, group = params.get("ClientToken"), params.get("ModelPackageGroupName")
    name = resource_name(ctx.config, "model-package-group", group) if group else params["ModelPackageName"]
    if not token or not name:
        return None
    return ctx.store.packages.by_client_token(token, name, versioned=group is not None)


def _new_version(ctx: Context, params: dict[str, Any]) -> PackageRow:
    group = find_group(ctx, params["ModelPackageGroupName"])
    request = {"ModelApprovalStatus": "PendingManualApproval", **params, "ModelPackageGroupName": group.name}
    row = ctx.store.packages.add_version(group.name, request)
    if row is None:
        raise validation_error(f"ModelPackageGroup {group.arn} does not exist.")
    return row


def _new_unversioned(ctx: Context, params: dict[str, Any]) -> PackageRow:
    name = params["ModelPackageName"]
    request = {key: value for key, value in params.items() if key != "Tags"}
    row = PackageRow(name, 0, package_arn(ctx.config, name), request, now(), None)
    if not ctx.store.packages.add_unversioned(row, tag_mapping(params.get("Tags", []))):
        raise ServiceError("ConflictException", f"Model Package already exists: {row.arn}")
    return row


def _summary(row: PackageRow) -> dict[str, Any]:
    place: dict[str, Any] = {"ModelPackageName": row.name}
    if row.version:
        place = {"ModelPackageGroupName": row.name, "ModelPackageVersion": row.version}
    return {
        **{name: row.request.get(name) for name in _SUMMARY},
        **place,
        "ModelPackageArn": row.arn,
        "CreationTime": row.created,
        "ModelPackageStatus": "Completed",
    }


def _with_environments(request: dict[str, Any]) -> dict[str, Any]:
    """The request with the Environment of each container, which SageMaker's answer always has."""
    specification = request.get("InferenceSpecification")
    if specification is None:
        return request
    containers = [{"Environment": {}, **container} for container in specification["Containers"]]
    return {**request, "InferenceSpecification": {**specification, "Containers": containers}}


def _no_such_package(arn: str) -> ServiceError:
    return validation_error(f"ModelPackage {arn} does not exist.")
