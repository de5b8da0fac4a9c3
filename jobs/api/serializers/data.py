"""Objects that are uploaded and deleted."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from jobs.models import Conversion, EngineKey
from jobs.models.conversion import ConversionState, TextFormat
from jobs.services.connections.member_keys import NewEngineKey
from jobs.services.data.uploading import Progress


class ObjectAnswer(serializers.Serializer[Any]):
    """The address of an object, folder or bucket that was written."""

    uri = serializers.CharField()


class LossAnswer(serializers.Serializer[Any]):
    """What was deleted; `more` if objects are left because the time of one request was over."""

    uri = serializers.CharField()
    objects = serializers.IntegerField()
    bytes = serializers.IntegerField()
    more = serializers.BooleanField()


class CountAnswer(LossAnswer):
    """What a delete would take away; what is written after `counted_at` stays if the delete names that time."""

    counted_at = serializers.DateTimeField()


class UploadAnswer(serializers.Serializer[Progress]):
    """An upload that has not ended. Part `n` has `part_size` bytes, the last one the rest; `parts` have come whole."""

    id = serializers.CharField(source="upload.key")
    uri = serializers.CharField(source="upload.uri")
    size = serializers.IntegerField(source="upload.size")
    part_size = serializers.IntegerField(source="upload.part_size")
    part_count = serializers.IntegerField(source="upload.part_count")
    parts = serializers.ListField(child=serializers.IntegerField())
    started_at = serializers.DateTimeField(source="upload.started_at")


class ConversionAnswer(serializers.Serializer[Conversion]):
    """A conversion of Parquet files. `bytes` and `files` are those to read; `rows` are those of files that are done."""

    id = serializers.CharField(source="key")
    path = serializers.CharField(source="source")
    output = serializers.CharField()
    format = serializers.ChoiceField(choices=TextFormat.choices)
    header = serializers.BooleanField(source="has_header")
    state = serializers.ChoiceField(choices=ConversionState.choices)
    problem = serializers.CharField(help_text="Why it failed; else empty.")
    files = serializers.IntegerField()
    files_done = serializers.IntegerField()
    bytes = serializers.IntegerField()
    rows = serializers.IntegerField()
    share = serializers.FloatField(help_text="The part that is converted, 0 to 1.")
    created_by = serializers.CharField(source="user.username")
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class EngineKeyAnswer(serializers.ModelSerializer[EngineKey]):
    """A member's key to the engine, without its secret."""

    id = serializers.CharField(source="key")
    owner = serializers.CharField(source="user.username")

    class Meta:
        model = EngineKey
        fields = ("id", "name", "owner", "reads_only", "access_key_id", "created_at", "revoked_at")
        read_only_fields = fields


class NewEngineKeyAnswer(serializers.Serializer[NewEngineKey]):
    """A key that was made; the secret is shown this once, and null for a request that was repeated."""

    id = serializers.CharField(source="row.key")
    name = serializers.CharField(source="row.name")
    endpoint_url = serializers.CharField(source="row.connection.public_url")
    region = serializers.CharField(source="row.connection.region")
    access_key_id = serializers.CharField(source="row.access_key_id")
    secret_access_key = serializers.CharField(allow_null=True)
