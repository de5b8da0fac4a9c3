"""`TransformSpec`: one transform request in the SDK's field names, converted to and from CreateTransformJob's JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any

from transform.request import read_request, write_request
from transform.request_fields import GROUPS, REQUIRED_NAMES, RequestFields
from transform.rules import check


class SpecError(ValueError):
    """A request that breaks rules. `errors` maps a field's SDK name to sentences that say what it must be."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, texts in errors.items() for text in texts))
        self.errors = errors


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformSpec(RequestFields):
    """A checked transform request. A field that is None is not sent, so that the service uses its default.

    Field names are those of the SDK's `Transformer` and `transform()`. Making one that breaks a rule raises
    SpecError with every problem at once.
    """

    def __post_init__(self) -> None:
        errors = check(self.to_fields())
        if errors:
            raise SpecError(errors)

    @classmethod
    def from_fields(cls, values: Mapping[str, Any]) -> TransformSpec:
        """Read the REST API's or the form's fields. None and absent are the same. Raises SpecError."""
        field_names = {item.name for item in fields(cls)}
        errors = {
            str(name): ["There is no such field. The fields are: " + ", ".join(sorted(field_names)) + "."]
            for name in values
            if name not in field_names
        }
        present = {name: value for name, value in values.items() if name in field_names and value is not None}
        missing = [name for name in REQUIRED_NAMES if name not in present]
        for name, texts in check({**dict.fromkeys(missing), **present}).items():
            errors.setdefault(name, []).extend(texts)
        if errors:
            raise SpecError(errors)
        return cls(**_nested(present))

    @classmethod
    def from_request(cls, request: Mapping[str, Any]) -> TransformSpec:
        """Read a CreateTransformJob request. Raises SpecError with the SDK's field names."""
        values, errors = read_request(request)
        try:
            spec = cls.from_fields(values)
        except SpecError as error:
            # A field with an error of its own is missing from the values only because of it.
            raise SpecError({**error.errors, **errors}) from None
        if errors:
            raise SpecError(errors)
        return spec

    def to_fields(self) -> dict[str, Any]:
        """The fields that are set, by SDK name, as plain JSON values; `from_fields` reads them."""
        return {
            item.name: plain
            for item in fields(self)
            if _is_present(plain := _plain(getattr(self, item.name)))
        }

    def to_request(self, name: str | None = None) -> dict[str, Any]:
        """The CreateTransformJob request of the fields that are set. `name` replaces the spec's own."""
        request = write_request(self.to_fields())
        job_name = name or self.name
        return {"TransformJobName": job_name, **request} if job_name else request


def _nested(values: dict[str, Any]) -> dict[str, Any]:
    """Turn the checked mappings of groups into their classes, and empty mappings into None."""
    arguments = dict(values)
    for name, group in GROUPS.items():
        if name in arguments:
            inner = {key: value for key, value in arguments[name].items() if value is not None}
            arguments[name] = group.type(**inner) if inner else None
    return arguments


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: inner for name, inner in asdict(value).items() if inner is not None}
    return dict(value) if isinstance(value, Mapping) else value


def _is_present(value: Any) -> bool:
    return value is not None and value != {}
