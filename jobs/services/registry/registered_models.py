"""Register models: check the fields, create the model in SageMaker, save its row."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.db.models.lookups import IContains

from aws import GatewayError, Rejected, Target, models, objects
from aws.abilities import Abilities, abilities
from aws.scoping import allows_package
from jobs.lifecycle.aws_session import asking, target_of
from jobs.models import Connection, RegisteredModel
from jobs.models.scoped import TeamQuerySet
from jobs.services.errors import InvalidFields, Unavailable
from teams import activity
from teams.models import ApiToken, User
from transform.keys import parse_s3_uri
from transform.request_addresses import SUBMIT_DIRECTORY, package_group
from transform.scope import Scope

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_DATA = re.compile(r"(https|s3)://([^/]+)/?(.*)")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")
_ENV_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
#: The fields of ContainerDefinition that batch transform can use.
_CONTAINER_FIELDS = frozenset(
    {"Image", "ImageConfig", "Mode", "ModelDataUrl", "Environment", "ContainerHostname", "ModelPackageName",
     "InferenceSpecificationName"}
)  # fmt: skip


def search(rows: TeamQuerySet[RegisteredModel], text: str) -> TeamQuerySet[RegisteredModel]:
    """The rows that have each word of `text` in their name, description, connection's name or containers."""
    for word in text.split():
        of_container = IContains(Cast("containers", TextField()), word)
        of_model = (
            Q(name__icontains=word) | Q(description__icontains=word) | Q(connection__name__icontains=word)
        )
        rows = rows.filter(of_model | Q(of_container))
    return rows


def container(image: str, model_data: str = "", env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A ContainerDefinition from the fields of a form or the API; empty fields are left out, none is checked."""
    definition: dict[str, Any] = {"Image": image}
    if model_data:
        definition["ModelDataUrl"] = model_data
    if env:
        definition["Environment"] = env
    return definition


def validate(name: str, containers: Sequence[Mapping[str, Any]], execution_role_arn: str = "") -> None:
    """Raise InvalidFields naming each field that SageMaker would refuse.

    One container's problems are keyed `image`, `model_data` and `env`; those of a pipeline `containers`.
    """
    problems: dict[str, list[str]] = {}
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        problems["name"] = [
            "It must be 1 to 63 letters, digits and hyphens, beginning and ending with no hyphen."
        ]
    if execution_role_arn and not (_ROLE.fullmatch(execution_role_arn) and len(execution_role_arn) <= 2048):
        problems["execution_role_arn"] = ["It must look like arn:aws:iam::123456789012:role/name."]
    if not 1 <= len(containers) <= 15:
        problems["containers"] = ["It must be 1 to 15 containers."]
    for position, definition in enumerate(containers):
        container_problems = _container_problems(definition)
        if len(containers) == 1:
            problems |= container_problems
        elif container_problems:
            texts = [
                f"Container {position + 1}{'' if field == 'containers' else f', {field}'}: {text}"
                for field, container_texts in container_problems.items()
                for text in container_texts
            ]
            problems["containers"] = [*problems.get("containers", []), *texts]
    if problems:
        raise InvalidFields(problems)


def register(
    connection: Connection,
    *,
    name: str,
    containers: Sequence[Mapping[str, Any]],
    by: User | None,
    execution_role_arn: str = "",
    description: str = "",
    token: ApiToken | None = None,
) -> RegisteredModel:
    """Create the model in SageMaker and save its row. A model that exists with the same containers is adopted.

    Raises InvalidFields, and Unavailable if SageMaker does not answer.
    """
    validate(name, containers, execution_role_arn)
    if not connection.is_engine and not execution_role_arn:
        raise InvalidFields(
            {"execution_role_arn": ["It is required: the role that SageMaker runs the model with."]}
        )
    if outside := outside_scope(connection.scope, name, containers):
        raise InvalidFields(
            {field: [f"{text} {connection.name} may use nothing else."] for field, text in outside}
        )
    if RegisteredModel.objects.filter(connection=connection, name=name).exists():
        raise InvalidFields(
            {"name": [f"{name} is registered already on {connection.name}; choose another name."]}
        )
    check_images(connection, containers)
    arn = _create_or_adopt(connection, name, containers, execution_role_arn)
    try:
        with transaction.atomic():
            model = RegisteredModel.objects.create(
                team=connection.team,
                connection=connection,
                name=name,
                containers=[dict(definition) for definition in containers],
                execution_role_arn=execution_role_arn,
                arn=arn,
                description=description[:200],
                registered_by=by,
            )
            activity.record(connection.team, by, "model.registered", model, token=token)
    except IntegrityError as error:
        raise InvalidFields({"name": [f"{name} is registered already; choose another name."]}) from error
    return model


def runnable(connections: Iterable[Connection], images: Collection[str]) -> dict[str, str]:
    """The images that at least one of these engines can run, each with the library that predicts there.

    The library is "XGBoost 2.1.4", or empty where it is not known. An engine that does not answer counts as running
    all.
    """
    libraries: dict[str, str] = {}
    for connection in connections:
        answer = abilities(target_of(connection), images) or Abilities(frozenset())
        for image in images:
            if image not in answer.against:
                libraries[image] = libraries.get(image) or answer.libraries.get(image, "")
    return libraries


def check_images(connection: Connection, containers: Sequence[Mapping[str, Any]]) -> None:
    """Raise InvalidFields for an image that an engine has no runtime for."""
    images = [str(definition["Image"]) for definition in containers if definition.get("Image")]
    answer = abilities(target_of(connection), images) if connection.is_engine and images else None
    against = answer.against if answer else {}
    if len(containers) == 1 and against:
        raise InvalidFields({"image": list(against.values())})
    texts = [
        f"Container {position}: {against[definition['Image']]}"
        for position, definition in enumerate(containers, start=1)
        if definition.get("Image") in against
    ]
    if texts:
        raise InvalidFields({"containers": texts})


def outside_scope(scope: Scope, name: str, containers: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """The fields of a model that are outside the scope, each with what it must be."""
    problems = [] if scope.allows_model(name) else [("name", f"It must be {' or '.join(scope.names)}.")]
    places = f"It must be in {' or '.join(scope.uris)}."
    for definition in containers:
        environment = definition.get("Environment", {})
        script = str(environment.get(SUBMIT_DIRECTORY, ""))
        data = definition.get("ModelDataUrl", "")
        if data and not scope.allows_uri(data):
            problems.append(("model_data" if len(containers) == 1 else "containers", places))
        if (package := package_group(definition.get("ModelPackageName", ""))) and not allows_package(
            scope, package
        ):
            problems.append(("containers", f"The model package {package} is not allowed on this connection."))
        if script.startswith("s3://") and not scope.allows_uri(script):
            problems.append(("env" if len(containers) == 1 else "containers", places))
    return problems


def _create_or_adopt(
    connection: Connection, name: str, containers: Sequence[Mapping[str, Any]], role: str
) -> str:
    try:
        with asking(connection) as target:
            try:
                return models.create(target, name=name, containers=containers, execution_role_arn=role)
            except models.ModelNameTaken:
                remote_model = models.describe(target, name)
                if remote_model is not None and _same(remote_model, containers):
                    return remote_model.arn
                raise
    except models.ModelNameTaken as error:
        raise InvalidFields({"name": [error.sentence]}) from error
    except Rejected as error:
        field = _refused_field(connection, containers)
        raise InvalidFields({field: [f"SageMaker refused the model: {error.sentence}"]}) from error
    except GatewayError as error:
        raise Unavailable(f"{error.sentence} The model was not registered.") from error


def _refused_field(connection: Connection, containers: Sequence[Mapping[str, Any]]) -> str:
    """The field that a refusal is shown at: that of an archive that is not there, else that of the whole form."""
    uris = [str(definition.get("ModelDataUrl", "")) for definition in containers]
    try:
        with asking(connection) as target:
            missing = any(_is_missing(target, uri) for uri in uris if uri.startswith("s3://"))
    except GatewayError:
        return "__all__"
    if not missing:
        return "__all__"
    return "model_data" if len(containers) == 1 else "containers"


def _is_missing(target: Target, uri: str) -> bool:
    return objects.head(target, *parse_s3_uri(uri)) is None


def _same(remote_model: models.RemoteModel, containers: Sequence[Mapping[str, Any]]) -> bool:
    """Whether SageMaker's model has the same containers, by the fields that decide its predictions."""
    compared_fields = ("Image", "ModelDataUrl", "ModelPackageName")
    ours = [[c.get(field) for field in compared_fields] + [c.get("Environment") or {}] for c in containers]
    theirs = [
        [c.get(field) for field in compared_fields] + [c.get("Environment") or {}]
        for c in remote_model.containers
    ]
    return ours == theirs


def _container_problems(definition: Mapping[str, Any]) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    if not isinstance(definition, Mapping):
        return {"containers": ["It must be an object: a SageMaker ContainerDefinition."]}
    unknown = sorted(set(definition) - _CONTAINER_FIELDS)
    if unknown:
        problems["containers"] = [f"{', '.join(unknown)} cannot be used with batch transform."]
    package = definition.get("ModelPackageName", "")
    if not isinstance(package, str):
        problems["containers"] = ["ModelPackageName must be a text."]
    image = definition.get("Image", "")
    if not definition.get("ModelPackageName") and (not image or not isinstance(image, str)):
        problems["image"] = ["It is required: a container image's URI."]
    elif not isinstance(image, str) or len(image) > 255 or any(letter.isspace() for letter in image):
        problems["image"] = ["It must be an image URI of at most 255 characters without blanks."]
    data = definition.get("ModelDataUrl", "")
    if data and (not isinstance(data, str) or not _DATA.fullmatch(data) or not data.endswith(".tar.gz")):
        problems["model_data"] = ["It must be the s3:// address of one .tar.gz archive."]
    environment = definition.get("Environment", {})
    if not isinstance(environment, Mapping) or len(environment) > 100:
        problems["env"] = ["It must be an object of at most 100 names and texts."]
    elif bad := [key for key, value in environment.items() if not _fits(key, value)]:
        problems["env"] = [
            f"{key} must be a name of letters, digits and _, with a text." for key in map(str, bad)
        ]
    return problems


def _fits(key: object, value: object) -> bool:
    named = isinstance(key, str) and len(key) <= 1024 and _ENV_NAME.fullmatch(key) is not None
    return named and isinstance(value, str) and len(value) <= 1024
