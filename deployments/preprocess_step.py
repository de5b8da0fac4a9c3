"""The step before the transform: a script in a processing job, whose output is the transform's input."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from jobs.options import INSTANCE_TYPE
from transform.keys import parse_s3_uri

#: Bounds of CreateProcessingJob, and ours of a script that is stored in the row.
MAX_INSTANCES, MAX_GB, MAX_SECONDS = 100, 16_384, 777_600
MAX_ARGUMENTS, MAX_ARGUMENT, MAX_INPUTS = 100, 256, 8
MAX_SCRIPT_BYTES = 256 * 1024
#: Where SageMaker mounts what a processing job reads and writes.
ROOT = "/opt/ml/processing/"
CODE_PATH = f"{ROOT}input/code"
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}\.(py|sh)")
_ENV_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class BadStep(ValueError):
    """A step that breaks rules. `errors` maps a field's name to sentences."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, texts in errors.items() for text in texts))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class StepInput:
    """A further input: all objects below `s3_uri` lie in the folder `local_path`."""

    s3_uri: str
    local_path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreprocessStep:
    """A script and what it runs on. Either `script` has its text, or `script_uri` its address in S3.

    The stage's input lies in `input_path`; what the script writes to `output_path` is the transform's input. In
    arguments `{data}` stands for the address of the stage's input, and dates are as in the stage's paths.
    """

    image: str
    script: str = ""
    script_uri: str = ""
    script_name: str = "preprocess.py"
    arguments: tuple[str, ...] = ()
    inputs: tuple[StepInput, ...] = ()
    input_path: str = f"{ROOT}input/data"
    output_path: str = f"{ROOT}output"
    instance_type: str = "ml.m5.large"
    instance_count: int = 1
    volume_size_in_gb: int = 30
    max_runtime_in_seconds: int = 3600
    env: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> PreprocessStep:
        """The step of an API's or a form's fields. None and absent are the same. Raises BadStep."""
        names = [item.name for item in fields(cls)]
        errors = {
            str(name): [f"There is no such field. There are {', '.join(names)}."]
            for name in values
            if name not in names
        }
        present = {name: value for name, value in values.items() if name in names and value is not None}
        errors |= _problems(present)
        if errors:
            raise BadStep(errors)
        if "inputs" in present:
            present["inputs"] = tuple(StepInput(**row) for row in present["inputs"])
        if "arguments" in present:
            present["arguments"] = tuple(present["arguments"])
        return cls(**present)

    def to_fields(self) -> dict[str, Any]:
        """The fields as plain JSON values; `read` reads them."""
        values = asdict(self)
        return {**values, "arguments": list(self.arguments), "inputs": [asdict(row) for row in self.inputs]}

    @property
    def file_name(self) -> str:
        """The script's name in the container."""
        return self.script_uri.rpartition("/")[2] if self.script_uri else self.script_name


def processing_request(
    step: PreprocessStep, *, name: str, data: str, output: str, code: str, role: str
) -> dict[str, Any]:
    """The CreateProcessingJob request. `data`, `output` and `code` are addresses in S3; `code` is the script's own."""
    command = "python3" if step.file_name.endswith(".py") else "/bin/bash"
    shared = "ShardedByS3Key" if step.instance_count > 1 else "FullyReplicated"
    inputs = [_input("code", code, CODE_PATH), _input("data", data, step.input_path, shared)]
    inputs += [
        _input(f"input-{number}", row.s3_uri, row.local_path) for number, row in enumerate(step.inputs, 1)
    ]
    specification: dict[str, Any] = {
        "ImageUri": step.image,
        "ContainerEntrypoint": [command, f"{CODE_PATH}/{step.file_name}"],
    }
    if step.arguments:
        specification["ContainerArguments"] = list(step.arguments)
    request: dict[str, Any] = {
        "ProcessingJobName": name,
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": step.instance_count,
                "InstanceType": step.instance_type,
                "VolumeSizeInGB": step.volume_size_in_gb,
            }
        },
        "AppSpecification": specification,
        "RoleArn": role,
        "ProcessingInputs": inputs,
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "inference",
                    "S3Output": {
                        "S3Uri": output,
                        "LocalPath": step.output_path,
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": step.max_runtime_in_seconds},
    }
    if step.env:
        request["Environment"] = dict(step.env)
    return request


def _input(name: str, uri: str, path: str, distribution: str = "FullyReplicated") -> dict[str, Any]:
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": path,
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": distribution,
        },
    }


def _problems(values: Mapping[str, Any]) -> dict[str, list[str]]:
    checks = {
        "image": _image_problem,
        "script": _script_problem,
        "script_uri": _uri_problem,
        "script_name": _script_name_problem,
        "arguments": _arguments_problem,
        "inputs": _inputs_problem,
        "input_path": _path_problem,
        "output_path": _path_problem,
        "instance_type": _type_problem,
        "instance_count": _bounds(1, MAX_INSTANCES),
        "volume_size_in_gb": _bounds(1, MAX_GB),
        "max_runtime_in_seconds": _bounds(1, MAX_SECONDS),
        "env": _env_problem,
    }
    errors = {name: [text] for name, value in values.items() if (text := checks[name](value))}
    if not values.get("image"):
        errors["image"] = ["It is required: the URI of the image that runs the script."]
    if bool(values.get("script")) == bool(values.get("script_uri")):
        errors.setdefault("script", ["Give either the script's text or its S3 address."])
    return errors


def _bounds(low: int, high: int) -> Any:
    def problem(value: object) -> str:
        is_right = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return "" if is_right else f"{value!r} is not a whole number from {low} to {high:,}."

    return problem


def _image_problem(value: object) -> str:
    is_right = isinstance(value, str) and len(value) <= 255 and not any(letter.isspace() for letter in value)
    return "" if is_right else "It must be an image URI of at most 255 characters without blanks."


def _script_problem(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        return "It must be a text."
    size = len(value.encode(errors="replace"))
    if size <= MAX_SCRIPT_BYTES:
        return ""
    return f"It has {size:,} bytes; at most {MAX_SCRIPT_BYTES:,} are stored. Upload it to S3 and give its address."


def _uri_problem(value: object) -> str:
    if value == "":
        return ""
    try:
        is_right = isinstance(value, str) and bool(_FILE.fullmatch(parse_s3_uri(value)[1].rpartition("/")[2]))
    except ValueError:
        is_right = False
    return "" if is_right else f"{value!r} is not the S3 address of a .py or .sh file."


def _script_name_problem(value: object) -> str:
    is_right = isinstance(value, str) and bool(_FILE.fullmatch(value))
    return "" if is_right else f"{value!r} is not a file name that ends in .py or .sh."


def _arguments_problem(value: object) -> str:
    if not isinstance(value, list) or len(value) > MAX_ARGUMENTS:
        return f"It must be a list of at most {MAX_ARGUMENTS} texts."
    if not all(isinstance(text, str) and len(text) <= MAX_ARGUMENT for text in value):
        return f"Each must be a text of at most {MAX_ARGUMENT} characters."
    return ""


def _inputs_problem(value: object) -> str:
    if not isinstance(value, list) or len(value) > MAX_INPUTS:
        return f"It must be a list of at most {MAX_INPUTS} objects with s3_uri and local_path."
    for row in value:
        if not isinstance(row, Mapping) or set(row) != {"s3_uri", "local_path"}:
            return "Each must be an object with s3_uri and local_path."
        if not isinstance(row["s3_uri"], str) or not row["s3_uri"].startswith("s3://"):
            return f"{row['s3_uri']!r} is not an S3 URI; write it as s3://bucket/prefix."
        if text := _path_problem(row["local_path"]):
            return text
    return ""


def _path_problem(value: object) -> str:
    is_right = isinstance(value, str) and value.startswith(ROOT) and len(value) <= 256 and ".." not in value
    return "" if is_right else f"{value!r} is not a folder below {ROOT}."


def _type_problem(value: object) -> str:
    is_right = isinstance(value, str) and bool(INSTANCE_TYPE.fullmatch(value))
    return "" if is_right else f"{value!r} is not an instance type such as ml.m5.large."


def _env_problem(value: object) -> str:
    is_right = (
        isinstance(value, Mapping)
        and len(value) <= 100
        and all(
            isinstance(key, str)
            and _ENV_NAME.fullmatch(key)
            and isinstance(text, str)
            and len(key) <= 256
            and len(text) <= 256
            for key, text in value.items()
        )
    )
    return (
        "" if is_right else "It must be an object of at most 100 names and texts of at most 256 characters."
    )
