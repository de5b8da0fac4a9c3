"""Serializer fields for the fields of a table, in bodies and in answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from jobs.options import OPTIONS
from transform.field_facts import FieldFacts, Kind
from transform.request_fields import FIELDS, GROUPS, RequestGroup, fields_of

SerializerFields = dict[str, Any]


def body_field(facts: FieldFacts, *, required: bool = False) -> serializers.Field[Any, Any, Any, Any]:
    """The field in a body, with its bounds."""
    about: dict[str, Any] = {"required": required, "help_text": facts.help}
    match facts.kind:
        case Kind.WHOLE:
            return serializers.IntegerField(min_value=facts.low, max_value=facts.high, **about)
        case Kind.FLAG:
            return serializers.BooleanField(**about)
        case Kind.CHOICE:
            return serializers.ChoiceField(choices=list(facts.choices), **about)
        case Kind.TEXTS:
            text = serializers.CharField(allow_blank=not facts.shortest, max_length=facts.longest)
            return serializers.DictField(child=text, **about)
        case Kind.AMOUNT:
            return serializers.FloatField(min_value=float(facts.low), max_value=float(facts.high), **about)
        case Kind.WORDS:
            word = serializers.RegexField(f"^({facts.pattern})$")
            return serializers.ListField(child=word, max_length=facts.most, **about)
    if facts.pattern:
        return serializers.RegexField(f"^({facts.pattern})$", **about)
    return serializers.CharField(allow_blank=not facts.required, max_length=facts.longest, **about)


def answer_field(facts: FieldFacts, **more: Any) -> serializers.Field[Any, Any, Any, Any]:
    """The field in an answer. SageMaker's words are texts, since it may add new ones."""
    about: dict[str, Any] = {"allow_null": True, "help_text": facts.help, **more}
    match facts.kind:
        case Kind.WHOLE:
            return serializers.IntegerField(**about)
        case Kind.FLAG:
            return serializers.BooleanField(**about)
        case Kind.AMOUNT:
            return serializers.FloatField(**about)
        case Kind.WORDS:
            return serializers.ListField(child=serializers.CharField(), **about)
        case Kind.TEXTS:
            return serializers.DictField(child=serializers.CharField(allow_blank=True), **about)
    return serializers.CharField(allow_blank=True, **about)


def _group_serializer(group: RequestGroup) -> type[serializers.Serializer[Any]]:
    inner = {
        name: body_field(facts, required=facts.required) for name, facts in fields_of(group.name).items()
    }
    return type(group.type.__name__, (serializers.Serializer,), {"__doc__": group.help, **inner})


_GROUP_SERIALIZERS = {name: _group_serializer(group) for name, group in GROUPS.items()}


def request_names(without: Iterable[str] = ()) -> list[str]:
    """The request's fields under the SDK's names, a group by its own name, in the table's order."""
    names = dict.fromkeys(name.partition(".")[0] for name in FIELDS)
    return [name for name in names if name not in without]


def request_body_fields() -> SerializerFields:
    """The request's fields for a submission's body."""
    return {
        "model" if name == "model_name" else name: (
            _GROUP_SERIALIZERS[name](required=False) if name in GROUPS else body_field(FIELDS[name])
        )
        for name in request_names()
    }


def request_answer_fields() -> SerializerFields:
    """The request's fields for a job's answer, without the name and the model, which are the job's own."""
    return {
        name: (
            _GROUP_SERIALIZERS[name](source=f"spec.{name}", default=None, allow_null=True)
            if name in GROUPS
            else answer_field(FIELDS[name], source=f"spec.{name}", default=None)
        )
        for name in request_names(without=("name", "model_name"))
    }


def option_body_fields() -> SerializerFields:
    """Our own options for a submission's body."""
    return {name: body_field(option) for name, option in OPTIONS.items()}


def option_answer_fields() -> SerializerFields:
    """Our own options for a job's answer; null is no limit."""
    return {name: answer_field(option, allow_null=option.default is None) for name, option in OPTIONS.items()}
