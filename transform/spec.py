"""`TransformSpec`: one transform request in the SDK's words, to and from CreateTransformJob's JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from transform.request import read_request, write_request
from transform.rules import check


class SpecError(ValueError):
    """A request that breaks rules. `errors` maps a field's SDK name to sentences: what it must be."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, texts in errors.items() for text in texts))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class ModelClientConfig:
    """How long one call to the model may take and how often it is tried again."""

    invocations_timeout_in_seconds: int | None = None
    invocations_max_retries: int | None = None


@dataclass(frozen=True, slots=True)
class DataCaptureConfig:
    """Where the service keeps a copy of what went in and came out."""

    destination_s3_uri: str = ""
    kms_key_id: str | None = None
    generate_inference_id: bool | None = None


@dataclass(frozen=True, slots=True)
class TransformSpec:
    """A transform request. None means "not given": the service's default holds and nothing is sent.

    Field names are those of the SDK's `Transformer` and `transform()`. Making one that breaks a rule raises
    SpecError with every problem at once.
    """

    model_name: str
    data: str
    output_path: str
    instance_type: str
    instance_count: int = 1
    name: str | None = None
    data_type: str = "S3Prefix"
    content_type: str | None = None
    compression_type: str | None = None
    split_type: str | None = None
    strategy: str | None = None
    accept: str | None = None
    assemble_with: str | None = None
    max_concurrent_transforms: int | None = None
    max_payload: int | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    input_filter: str | None = None
    output_filter: str | None = None
    join_source: str | None = None
    model_client_config: ModelClientConfig | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    output_kms_key: str | None = None
    volume_kms_key: str | None = None
    transform_ami_version: str | None = None
    data_capture_config: DataCaptureConfig | None = None
    experiment_config: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        errors = check(self.to_fields())
        if errors:
            raise SpecError(errors)

    @classmethod
    def from_fields(cls, values: Mapping[str, Any]) -> TransformSpec:
        """Read the REST API's or the form's fields. None and absent are the same. Raises SpecError."""
        known = {item.name for item in fields(cls)}
        errors = {
            str(name): ["There is no such field. The fields are: " + ", ".join(sorted(known)) + "."]
            for name in values
            if name not in known
        }
        given = {name: value for name, value in values.items() if name in known and value is not None}
        missing = [name for name in REQUIRED if name not in given]
        for name, texts in check({**dict.fromkeys(missing), **given}).items():
            errors.setdefault(name, []).extend(texts)
        if errors:
            raise SpecError(errors)
        return cls(**_nested(given))

    @classmethod
    def from_request(cls, request: Mapping[str, Any]) -> TransformSpec:
        """Read a CreateTransformJob request. Raises SpecError, its fields in the SDK's words."""
        values, errors = read_request(request)
        try:
            spec = cls.from_fields(values)
        except SpecError as error:
            # A field with its own error may be missing for that alone.
            raise SpecError({**error.errors, **errors}) from None
        if errors:
            raise SpecError(errors)
        return spec

    def to_fields(self) -> dict[str, Any]:
        """What was given, under SDK names, as plain JSON values; `from_fields` reads it back."""
        return {
            item.name: plain for item in fields(self) if _given(plain := _plain(getattr(self, item.name)))
        }

    def to_request(self, name: str | None = None) -> dict[str, Any]:
        """The CreateTransformJob request: only what was given. `name` overrides the spec's own."""
        request = write_request(self.to_fields())
        job_name = name or self.name
        return {"TransformJobName": job_name, **request} if job_name else request


REQUIRED = ("model_name", "data", "output_path", "instance_type")

_NESTED = {"model_client_config": ModelClientConfig, "data_capture_config": DataCaptureConfig}


def _nested(values: dict[str, Any]) -> dict[str, Any]:
    """Turn the checked mappings of nested fields into their classes; empty ones mean "not given"."""
    out = dict(values)
    for name, cls in _NESTED.items():
        if name in out:
            inner = {key: value for key, value in out[name].items() if value is not None}
            out[name] = cls(**inner) if inner else None
    return out


def _plain(value: Any) -> Any:
    if isinstance(value, ModelClientConfig | DataCaptureConfig):
        return {
            item.name: inner for item in fields(value) if (inner := getattr(value, item.name)) is not None
        }
    return dict(value) if isinstance(value, Mapping) else value


def _given(value: Any) -> bool:
    return value is not None and value != {}
