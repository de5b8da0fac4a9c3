"""The folder of a batch inference project as a deployment's body.

The folder has a configuration for each stage, the pipeline definition that its scripts write, and those scripts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import yaml

from aws.request_shapes import shape_problem
from deployments.preprocess_step import CODE_PATH
from deployments.services.bodies import DATA
from deployments.services.definition_values import Definition, ProcessingOutput
from deployments.services.files import BadFile
from transform.json_values import read_json
from transform.spec import SpecError, TransformSpec

_CONFIG = "-config.json"
_DEFINITION = "pipelinedefinition.json"
#: What such projects call a stage, by the name that it has here.
_STAGES = {
    "pre-prod": ("Staging", ("staging", "preprod", "pre-prod")),
    "prod": ("Production", ("production", "prod")),
}
_SCHEDULE_NAMES = ("ScheduleExpression", "ScheduleExpressionforPipeline")
_PERIOD = re.compile(r"\d+ (minute|hour|day)s?")
_PACKAGE = re.compile(r"arn:[a-z-]+:sagemaker:[a-z0-9-]+:\d{12}:model-package/([^/]+)/\d+")
_ROLE = re.compile(r"arn:[a-z-]+:iam::\d{12}:role/.+")
_COMMANDS = ("python3", "/bin/bash")
#: Arguments of a processing job that a preprocess step has no field for.
_NOT_IMPORTED = ("NetworkConfig", "ExperimentConfig", "Tags")


@dataclass(slots=True)
class ImportedFolder:
    """The body of a deployment, and sentences about what the folder says and a deployment has no field for."""

    body: dict[str, Any]
    notes: list[str] = field(default_factory=list)

    def write(self) -> str:
        """The body as a YAML file for `apply`, with the notes as comments."""
        comments = "".join(f"# {note}\n" for note in self.notes)
        return comments + yaml.safe_dump(self.body, sort_keys=False, allow_unicode=True, width=100)


def read_folder(
    files: Mapping[str, str],
    *,
    name: str,
    connection: str,
    stage_connections: Mapping[str, str],
    package_group: str = "",
) -> ImportedFolder:
    """The deployment of a folder's files, which are texts by their paths.

    `stage_connections` are by the stages' slugs; the others run on `connection`. Raises BadFile.
    """
    configs = {path: text for path, text in files.items() if path.endswith(_CONFIG)}
    if not configs:
        raise BadFile(f"The folder has no configuration of a stage: a file whose name ends in {_CONFIG}.")
    imported = ImportedFolder({})
    stages, settings, steps, groups = [], [], [], []
    for path in sorted(configs, key=_order):
        parameters = _parameters(path, configs[path])
        stage_name, prefixes = _stage_names(path)
        definition = Definition.read(*_definition_file(files, path, prefixes), parameters)
        processing, transform = _steps(definition)
        step = _preprocess(imported, files, definition, processing) if processing else None
        fields = _transform_fields(definition, transform)
        stages.append(_stage(stage_name, parameters, fields, step, definition, transform))
        settings.append(fields)
        steps.append(step)
        groups.append(package_group or _group(parameters))
    slugs = [stage["slug"] for stage in stages]
    named_groups = [(slug, group) for slug, group in zip(slugs, groups, strict=True) if group]
    if not named_groups:
        raise BadFile("The configurations name no version of a model package group; give --package-group.")
    for slug, stage_connection in stage_connections.items():
        if slug not in slugs:
            raise BadFile(f"The folder has no stage {slug!r}. Its stages are {', '.join(slugs)}.")
        stages[slugs.index(slug)]["connection"] = stage_connection
    imported.body = {
        "name": name,
        "connection": connection,
        "package_group": _same(
            [group for _, group in named_groups], [slug for slug, _ in named_groups], "model package group"
        ),
        "settings": _same(settings, slugs, "settings of the transform step"),
        "preprocess": _same(steps, slugs, "processing step"),
        "stages": [{"connection": connection, **stage} for stage in stages],
    }
    return imported


def _order(path: str) -> tuple[bool, str]:
    """Sorts production last."""
    return _stage_names(path)[0] == "Production", path


def _stage_names(path: str) -> tuple[str, tuple[str, ...]]:
    prefix = PurePosixPath(path).name.removesuffix(_CONFIG)
    return _STAGES.get(prefix, (prefix.replace("-", " ").capitalize(), (prefix,)))


def _parameters(path: str, text: str) -> dict[str, str]:
    """The parameters of a configuration, which is one object with Parameters, or a list of Name=Value."""
    content = _json(path, text)
    if isinstance(content, list):
        pairs = [row.partition("=") for row in content if isinstance(row, str)]
        return {key: value for key, _, value in pairs}
    values = content.get("Parameters") if isinstance(content, Mapping) else None
    if not isinstance(values, Mapping):
        raise BadFile(f'{path} must be an object with "Parameters", or a list of "Name=Value".')
    return {str(key): str(value) for key, value in values.items()}


def _definition_file(files: Mapping[str, str], config: str, prefixes: Sequence[str]) -> tuple[str, str]:
    """The path and the text of the definition of a configuration's stage."""
    paths = sorted(path for path in files if path.endswith(_DEFINITION))
    own_paths = [
        path for path in paths if PurePosixPath(path).name.startswith(tuple(f"{p}-" for p in prefixes))
    ]
    common = [path for path in paths if PurePosixPath(path).name == _DEFINITION]
    candidates = own_paths or common
    if len(candidates) == 1:
        return candidates[0], files[candidates[0]]
    name = f"{prefixes[0]}-{_DEFINITION}"
    if candidates:
        raise BadFile(f"{config} has several pipeline definitions: {', '.join(candidates)}. Leave one.")
    raise BadFile(
        f"{config} has no pipeline definition: write it to {name} or {_DEFINITION}, as build.py or "
        "get_pipeline_definition.py does."
    )


def _steps(definition: Definition) -> tuple[Mapping[str, Any] | None, Mapping[str, Any]]:
    """The processing step, if there is one, and the transform step."""
    kinds = [step["Type"] for step in definition.steps]
    if kinds not in (["Transform"], ["Processing", "Transform"]):
        raise BadFile(
            f"{definition.path} has the steps {', '.join(kinds) or 'none'}. A deployment has one Transform step, "
            "and at most one Processing step before it."
        )
    return (definition.steps[0] if len(kinds) == 2 else None), definition.steps[-1]


def _transform_fields(definition: Definition, step: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the transform step's request, without the model."""
    request = _request(definition, step, "TransformJob")
    source = request["TransformInput"]["DataSource"]["S3DataSource"]
    if isinstance(source["S3Uri"], ProcessingOutput):
        source["S3Uri"] = "s3://bucket/"  # The stage has the input of the step before.
    try:
        fields = TransformSpec.from_request(request).to_fields()
    except SpecError as error:
        raise BadFile(f"{definition.path}: {step['Name']}: {error}") from error
    if fields.get("data_type") == "S3Prefix":
        del fields["data_type"]  # The service's default.
    return {key: value for key, value in fields.items() if key not in ("name", "model_name")}


def _stage(
    name: str,
    parameters: Mapping[str, str],
    fields: dict[str, Any],
    step: dict[str, Any] | None,
    definition: Definition,
    transform: Mapping[str, Any],
) -> dict[str, Any]:
    """The stage's entry; takes what a stage has itself out of `fields` and `step`."""
    role = parameters.get("ExecutionRoleArn", "") or (step or {}).get("role", "")
    data = fields.pop("data")
    if step is not None:
        step.pop("role")
        data = step.pop("data")
        if not data:
            raise BadFile(
                f"{definition.path}: the processing step before {transform['Name']} reads nothing that could be the "
                "stage's input: it needs an input named data, or an argument that is an S3 URI."
            )
    stage = {
        "slug": name.lower().replace(" ", "-"),
        "name": name,
        "instance_type": fields.pop("instance_type", ""),
        "instance_count": fields.pop("instance_count", 1),
        "data": data,
        "output_path": fields.pop("output_path"),
        "needs_approval": name == "Production",
        "schedule": _schedule(parameters),
    }
    return {**stage, "execution_role_arn": role} if _ROLE.fullmatch(role) else stage


def _schedule(parameters: Mapping[str, str]) -> dict[str, str] | None:
    text = next((parameters[key] for key in _SCHEDULE_NAMES if parameters.get(key)), "")
    if not text or parameters.get("ScheduleState") == "DISABLED":
        return None
    return {"expression": f"rate({text})" if _PERIOD.fullmatch(text) else text}


def _group(parameters: Mapping[str, str]) -> str:
    match = _PACKAGE.fullmatch(parameters.get("ModelPackageName", ""))
    return match[1] if match else parameters.get("ModelPackageGroupName", "")


def _preprocess(
    imported: ImportedFolder, files: Mapping[str, str], definition: Definition, step: Mapping[str, Any]
) -> dict[str, Any]:
    """The fields of the preprocess step, with `data` and `role`, which are the stage's."""
    arguments = _request(definition, step, "ProcessingJob")
    place = f"{definition.path}: {step['Name']}"
    for name in _NOT_IMPORTED:
        note = f"{name} of {step['Name']} is left out: a deployment's preprocess step has none."
        if arguments.get(name) and note not in imported.notes:
            imported.notes.append(note)
    application = arguments["AppSpecification"]
    cluster = arguments["ProcessingResources"]["ClusterConfig"]
    inputs = {row["InputName"]: row.get("S3Input", {}) for row in arguments.get("ProcessingInputs", [])}
    outputs = arguments.get("ProcessingOutputConfig", {}).get("Outputs", [])
    if len(outputs) != 1:
        raise BadFile(
            f"{place} has {len(outputs)} outputs; a preprocess step has one, the transform's input."
        )
    texts = application.get("ContainerArguments", [])
    data = inputs.get("data", {}).get("S3Uri") or next((t for t in texts if t.startswith("s3://")), "")
    fields = {
        "image": application["ImageUri"],
        **_script(place, files, application.get("ContainerEntrypoint", []), inputs),
        "arguments": [DATA if data and text == data else text for text in texts],
        "inputs": [
            {"s3_uri": row["S3Uri"], "local_path": row.get("LocalPath", "")}
            for name, row in inputs.items()
            if name not in ("code", "data")
        ],
        "input_path": inputs.get("data", {}).get("LocalPath"),
        "output_path": outputs[0].get("S3Output", {}).get("LocalPath", ""),
        "instance_type": cluster["InstanceType"],
        "instance_count": cluster["InstanceCount"],
        "volume_size_in_gb": cluster["VolumeSizeInGB"],
        "max_runtime_in_seconds": arguments.get("StoppingCondition", {}).get("MaxRuntimeInSeconds"),
        "env": arguments.get("Environment"),
        "data": data,
        "role": arguments.get("RoleArn", ""),
    }
    return {name: value for name, value in fields.items() if value not in (None, [])}


def _script(
    place: str, files: Mapping[str, str], entrypoint: Sequence[str], inputs: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """The script's text where the folder has it, else its address."""
    folder = inputs.get("code", {}).get("LocalPath", "")
    if len(entrypoint) != 2 or entrypoint[0] not in _COMMANDS or folder != CODE_PATH:
        raise BadFile(
            f"{place} starts {' '.join(entrypoint) or 'the image as it is'}. A preprocess step starts a script with "
            f'{" or ".join(_COMMANDS)}, from the input "code" in {CODE_PATH}.'
        )
    name = PurePosixPath(entrypoint[1]).name
    texts = [text for path, text in files.items() if PurePosixPath(path).name == name]
    if len(texts) == 1:
        return {"script": texts[0], "script_name": name}
    return {"script_uri": inputs["code"].get("S3Uri", "")}


def _same(values: Sequence[Any], slugs: Sequence[str], label: str) -> Any:
    """The value that all stages have. Raises BadFile."""
    for slug, value in zip(slugs[1:], values[1:], strict=True):
        if value != values[0]:
            names = ""
            if isinstance(value, Mapping) and isinstance(values[0], Mapping):
                keys = sorted({*value, *values[0]})
                names = ": " + ", ".join(key for key in keys if value.get(key) != values[0].get(key))
            raise BadFile(
                f"The {label} of {slugs[0]} and {slug} differ{names}. A deployment has one for all stages."
            )
    return values[0]


def _request(definition: Definition, step: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The request of a step's job without expressions, which has the members that SageMaker wants. Raises BadFile."""
    request = definition.resolve(step["Arguments"], step["Name"])
    complete = {**request, f"{kind}Name": "name"}
    if not request.get("RoleArn") and kind == "ProcessingJob":
        complete["RoleArn"] = "arn:aws:iam::000000000000:role/none"  # Engines need none.
    if problem := shape_problem("sagemaker", f"Create{kind}", complete):
        raise BadFile(f"{definition.path}: {step['Name']}: {problem}")
    return dict(request)


def _json(path: str, text: str) -> Any:
    try:
        return read_json(text)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"{path} is no JSON: {error}.") from error


__all__ = ["ImportedFolder", "read_folder"]
