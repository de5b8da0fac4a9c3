"""Systems Manager's Parameter Store: PutParameter, GetParameter, GetParameters, GetParametersByPath,
DescribeParameters, DeleteParameter, and their tags."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from typing import Any

import regex

from engine.config import Config
from engine.errors import ServiceError, validation_error
from engine.operations.context import Context
from engine.operations.paging import make_token, read_token
from engine.operations.parameter_filters import matches_filters
from engine.operations.table import operation
from engine.operations.tags import tag_mapping
from engine.patterns import PatternTime, PatternTooSlow
from engine.store.parameters import ParameterRow

_NAME = re.compile(r"/?[a-zA-Z0-9_.-]+(?:/[a-zA-Z0-9_.-]+)*")
#: Maximum characters of a name, levels of a hierarchy, and bytes of a value by tier (API reference of PutParameter).
_LONGEST_NAME = 1011
_MOST_LEVELS = 15
_LONGEST_VALUES = {"Standard": 4096, "Advanced": 8192, "Intelligent-Tiering": 8192}
_PAGE = 10


@operation("ssm", "PutParameter")
def put_parameter(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Create a parameter, or with Overwrite add a version."""
    name = params["Name"]
    overwrite = params.get("Overwrite", False)
    _check_name(name)
    tags = tag_mapping(params.get("Tags", []))
    if tags and overwrite:
        raise validation_error("Tags and Overwrite can't be used together; use AddTagsToResource.")
    if "Policies" in params:
        raise validation_error("The embedded engine has no Policies of parameters.")
    row = ctx.store.parameters.get(name)
    if row is not None and not overwrite:
        raise _already_exists()
    before = row.request if row is not None else {}
    request = {**before, **{key: value for key, value in params.items() if key not in ("Tags", "Overwrite")}}
    _check_type(name, request, before)
    _check_value(request)
    after = row.version if row is not None else 0
    version = ctx.store.parameters.put(name, parameter_arn(ctx.config, name), request, tags, after=after)
    if version is None:
        raise (
            _already_exists()
            if not overwrite
            else ServiceError("TooManyUpdates", "Another update came in between.")
        )
    return {"Version": version, "Tier": request.get("Tier", "Standard")}


@operation("ssm", "GetParameter")
def get_parameter(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """A parameter with its value; the name may end in a version."""
    row = find_parameter(ctx, params["Name"])
    return {"Parameter": _parameter(ctx, row, params)}


@operation("ssm", "GetParameters")
def get_parameters(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Several parameters; unknown names are listed as InvalidParameters."""
    parameters: list[dict[str, Any]] = []
    unknown: list[str] = []
    for name in dict.fromkeys(params["Names"]):
        try:
            parameters.append(_parameter(ctx, find_parameter(ctx, name), params))
        except ServiceError:
            unknown.append(name)
    return {"Parameters": parameters, "InvalidParameters": unknown}


@operation("ssm", "GetParametersByPath")
def get_parameters_by_path(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The parameters below a path, of its own level or of all levels."""
    path = params["Path"]
    if not path.startswith("/"):
        raise validation_error(f"The parameter path {path!r} must begin with a slash.")
    filters = [
        {"Key": "Path", "Option": "Recursive" if params.get("Recursive") else "OneLevel", "Values": [path]},
        *params.get("ParameterFilters", []),
    ]
    rows, more = _page(_matching(ctx, filters), params, params.get("MaxResults", _PAGE))
    return {"Parameters": [_parameter(ctx, row, params) for row in rows], **more}


@operation("ssm", "DescribeParameters")
def describe_parameters(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The parameters that the caller may use, without their values."""
    if "Filters" in params:
        raise validation_error("Filters are not supported; use ParameterFilters.")
    rows, more = _page(
        _matching(ctx, params.get("ParameterFilters", [])), params, params.get("MaxResults", 50)
    )
    return {"Parameters": [_metadata(ctx, row) for row in rows], **more}


@operation("ssm", "DeleteParameter")
def delete_parameter(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Delete a parameter with all its versions."""
    name = parameter_name(params["Name"])
    if not ctx.store.parameters.delete(name, parameter_arn(ctx.config, name)):
        raise _not_found(params["Name"])
    return {}


@operation("ssm", "AddTagsToResource")
def add_tags_to_resource(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Add tags to a parameter."""
    ctx.store.tags.add(_tagged(ctx, params), tag_mapping(params["Tags"]))
    return {}


@operation("ssm", "ListTagsForResource")
def list_tags_for_resource(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The tags of a parameter."""
    tags = ctx.store.tags.list(_tagged(ctx, params))
    return {"TagList": [{"Key": key, "Value": value} for key, value in tags.items()]}


@operation("ssm", "RemoveTagsFromResource")
def remove_tags_from_resource(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Remove tags from a parameter."""
    ctx.store.tags.remove(_tagged(ctx, params), params["TagKeys"])
    return {}


def parameter_arn(config: Config, name: str) -> str:
    """The ARN of the parameter with that name."""
    return f"arn:aws:ssm:{config.region}:{config.account_id}:parameter/{name.removeprefix('/')}"


def parameter_name(reference: str) -> str:
    """The name in a name, an ARN, or either with a version or label behind a colon."""
    if reference.startswith("arn:"):
        path = reference.split(":", 5)[-1].removeprefix("parameter/")
        reference = f"/{path}" if "/" in path else path
    return reference.partition(":")[0]


def parameter_owner(reference: str) -> str:
    """The name in a scope that allows a parameter: the first part of its path."""
    return parameter_name(reference).removeprefix("/").partition("/")[0]


def find_parameter(ctx: Context, reference: str) -> ParameterRow:
    """The parameter of a name or ARN, in the version behind a colon, else the newest.

    Raises ServiceError(ParameterNotFound or ParameterVersionNotFound).
    """
    name = parameter_name(reference)
    selector = "" if reference.startswith("arn:") else reference.partition(":")[2]
    row = ctx.store.parameters.get(name)
    if row is None:
        raise _not_found(reference)
    if selector:
        row = ctx.store.parameters.get(name, int(selector)) if re.fullmatch(r"[0-9]{1,9}", selector) else None
    if row is None:
        raise ServiceError(
            "ParameterVersionNotFound",
            f"Systems Manager could not find version {selector} of {name}. Verify the version and try again.",
        )
    return row


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise validation_error(
            f"Parameter name: can't be {name!r}. It has letters, digits and . - _ /, at most {_LONGEST_NAME} of them."
        )
    if "/" in name and not name.startswith("/"):
        raise validation_error(
            f"Parameter name must be a fully qualified name: {name!r} must begin with a slash."
        )
    if re.match(r"/?(aws|ssm)", name, re.IGNORECASE):
        raise validation_error(
            f'Parameter name {name!r}: can\'t be prefixed with "aws" or "ssm" (case-insensitive).'
        )
    if name.count("/") > _MOST_LEVELS:
        raise ServiceError(
            "HierarchyLevelLimitExceededException", f"A hierarchy has at most {_MOST_LEVELS} levels."
        )


def _check_type(name: str, request: dict[str, Any], before: dict[str, Any]) -> None:
    kind = request.get("Type")
    if kind is None:
        raise validation_error("A parameter type is required when you create a parameter.")
    if before and before["Type"] != kind:
        raise ServiceError(
            "HierarchyTypeMismatchException",
            f"The type of {name} is {before['Type']} and can't be changed to {kind}.",
        )
    if request.get("DataType", "text") != "text":
        raise validation_error(f"The data type {request['DataType']!r} is not supported; use text.")


def _check_value(request: dict[str, Any]) -> None:
    value, longest = request["Value"], _LONGEST_VALUES[request.get("Tier", "Standard")]
    if not value:
        raise validation_error("Parameter value can't be empty.")
    if len(value.encode()) > longest:
        raise validation_error(
            f"The value has {len(value.encode())} bytes; a parameter of its tier has {longest}."
        )
    pattern = request.get("AllowedPattern")
    if not pattern:
        return
    try:
        fits = PatternTime().fits(pattern, value, whole=False)
    except regex.error as error:
        raise ServiceError(
            "InvalidAllowedPatternException", f"{pattern!r} is no regular expression: {error}."
        ) from None
    except PatternTooSlow as error:
        raise ServiceError("InvalidAllowedPatternException", str(error)) from None
    if not fits:
        raise ServiceError(
            "ParameterPatternMismatchException",
            f"Parameter value, cannot be validated against allowedPattern: {pattern}",
        )


def _matching(ctx: Context, filters: Iterable[dict[str, Any]]) -> list[ParameterRow]:
    filters = list(filters)
    return [
        row
        for row in ctx.store.parameters.list()
        if ctx.scope.allows_model(parameter_owner(row.name)) and matches_filters(row, filters)
    ]


def _page(
    rows: list[ParameterRow], params: dict[str, Any], limit: int
) -> tuple[list[ParameterRow], dict[str, Any]]:
    if token := params.get("NextToken"):
        position = read_token("parameters", token, (str,))
        if position is None:
            raise ServiceError("InvalidNextToken", "The specified token is not valid.")
        rows = [row for row in rows if row.name > position[0]]
    more = {"NextToken": make_token("parameters", [rows[limit - 1].name])} if len(rows) > limit else {}
    return rows[:limit], more


def _parameter(ctx: Context, row: ParameterRow, params: dict[str, Any]) -> dict[str, Any]:
    value = row.request["Value"]
    if row.request["Type"] == "SecureString" and not params.get("WithDecryption"):
        value = base64.b64encode(hashlib.sha256(f"{row.name}:{row.version}".encode()).digest()).decode()
    return {
        "Name": row.name,
        "Type": row.request["Type"],
        "Value": value,
        "Version": row.version,
        "LastModifiedDate": row.modified,
        "ARN": parameter_arn(ctx.config, row.name),
        "DataType": "text",
    }


def _metadata(ctx: Context, row: ParameterRow) -> dict[str, Any]:
    members = ("Name", "Type", "Description", "AllowedPattern", "KeyId")
    return {
        "ARN": parameter_arn(ctx.config, row.name),
        **{key: row.request[key] for key in members if key in row.request},
        "LastModifiedDate": row.modified,
        "Version": row.version,
        "Tier": row.request.get("Tier", "Standard"),
        "DataType": "text",
    }


def _tagged(ctx: Context, params: dict[str, Any]) -> str:
    if params["ResourceType"] != "Parameter":
        raise ServiceError(
            "InvalidResourceType", f"The engine has only Parameters, no {params['ResourceType']}."
        )
    name = parameter_name(params["ResourceId"])
    if ctx.store.parameters.get(name) is None:
        raise ServiceError("InvalidResourceId", f"There is no parameter {name}.")
    return parameter_arn(ctx.config, name)


def _already_exists() -> ServiceError:
    return ServiceError(
        "ParameterAlreadyExists",
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
    )


def _not_found(name: str) -> ServiceError:
    return ServiceError("ParameterNotFound", f"Parameter {name} not found.")
