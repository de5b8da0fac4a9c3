"""SageMaker's Model: CreateModel, DescribeModel, ListModels, DeleteModel."""

from __future__ import annotations

from functools import partial
from typing import Any

from engine.errors import ServiceError, validation_error
from engine.operations.arns import model_arn
from engine.operations.artifacts import check_artifacts
from engine.operations.context import Context
from engine.operations.packages import containers_of_package
from engine.operations.paging import list_page
from engine.operations.table import operation
from engine.operations.tags import tag_mapping
from engine.store import ModelRow
from engine.store.clock import now
from engine.store.models import ModelOrder, model_containers, model_position

_ORDER_TYPES: dict[ModelOrder, tuple[type, ...]] = {"Name": (str,), "CreationTime": (float, str)}

#: Maximum bytes of all environment variables of a model's containers (API reference of Environment).
_ENVIRONMENT_LIMIT = 32 * 1024


@operation("sagemaker", "CreateModel")
def create_model(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Create a model. The artifacts of its containers must exist."""
    name = params["ModelName"]
    arn = model_arn(ctx.config, name)
    _check_containers(params)
    tags = tag_mapping(params.get("Tags", []))
    if ctx.store.models.get(name) is not None:
        raise _name_taken(arn)
    for container in model_containers(params):
        if "ModelPackageName" in container:
            containers_of_package(ctx, container)
        else:
            check_artifacts(ctx, container)
    request = {key: value for key, value in params.items() if key != "Tags"}
    if not ctx.store.models.create(ModelRow(name, arn, request, now()), tags):
        raise _name_taken(arn)
    return {"ModelArn": arn}


@operation("sagemaker", "DescribeModel")
def describe_model(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Describe a model."""
    row = find_model(ctx, params["ModelName"])
    answer: dict[str, Any] = {
        "EnableNetworkIsolation": False,
        **row.request,
        "ModelArn": row.arn,
        "CreationTime": row.created,
    }
    if "PrimaryContainer" in answer:
        answer["PrimaryContainer"] = _described(answer["PrimaryContainer"])
    if "Containers" in answer:
        answer["Containers"] = [_described(container) for container in answer["Containers"]]
    return answer


@operation("sagemaker", "ListModels")
def list_models(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """List the models that the caller may use, by default newest first."""
    allowed = partial(ctx.store.models.list, names=ctx.scope.names)
    rows, more = list_page(params, allowed, listing="models", orders=_ORDER_TYPES, position=model_position)
    summaries = [{"ModelName": row.name, "ModelArn": row.arn, "CreationTime": row.created} for row in rows]
    return {"Models": summaries, **more}


@operation("sagemaker", "DeleteModel")
def delete_model(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Delete a model. Its artifacts and jobs stay."""
    row = find_model(ctx, params["ModelName"])
    if not ctx.store.models.delete(row.name):
        raise _no_such_model(row.arn)
    ctx.store.tags.clear(row.arn)
    return {}


def find_model(ctx: Context, name: str) -> ModelRow:
    """The model with that name. Raises ServiceError(ValidationException)."""
    row = ctx.store.models.get(name)
    if row is None:
        raise _no_such_model(model_arn(ctx.config, name))
    return row


def _check_containers(params: dict[str, Any]) -> None:
    if "PrimaryContainer" in params and params.get("Containers"):
        raise validation_error("A model has either a PrimaryContainer or Containers, not both.")
    containers = model_containers(params)
    if not containers:
        raise validation_error("A model needs a PrimaryContainer or Containers.")
    names = [container["ContainerHostname"] for container in containers if "ContainerHostname" in container]
    if len(containers) > 1 and names and len(names) != len(containers):
        raise validation_error("Give ContainerHostname for every container of a pipeline, or for none.")
    if len(set(names)) != len(names):
        raise validation_error("Each container of a pipeline needs a ContainerHostname of its own.")
    size = sum(
        len(key.encode()) + len(value.encode())
        for container in containers
        for key, value in container.get("Environment", {}).items()
    )
    if size > _ENVIRONMENT_LIMIT:
        raise validation_error(
            f"The environment variables of a model may have {_ENVIRONMENT_LIMIT} bytes, these have {size}."
        )


def _described(container: dict[str, Any]) -> dict[str, Any]:
    """The container with SageMaker's defaults."""
    return {"Mode": "SingleModel", "Environment": {}, **container}


def _name_taken(arn: str) -> ServiceError:
    return validation_error(f'Cannot create already existing model "{arn}".')


def _no_such_model(arn: str) -> ServiceError:
    return validation_error(f'Could not find model "{arn}".')
