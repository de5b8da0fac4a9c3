"""The contents of a connection's buckets."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class EntryAnswer(serializers.Serializer[Any]):
    """A bucket, folder or object; `size` and `modified` are null if it has none."""

    uri = serializers.CharField()
    name = serializers.CharField()
    size = serializers.IntegerField(allow_null=True)
    modified = serializers.DateTimeField(allow_null=True)


class GroupAnswer(serializers.Serializer[Any]):
    """The objects of one folder that a prefix matches; `also`: probably by accident. `key` is empty for no folder."""

    key = serializers.CharField(allow_blank=True)
    objects = serializers.IntegerField()
    bytes = serializers.IntegerField()
    also = serializers.BooleanField()


class MatchesAnswer(serializers.Serializer[Any]):
    """What a job with this prefix would read; if `more`, numbers are minimums. `fix` is a URI without siblings."""

    objects = serializers.IntegerField()
    bytes = serializers.IntegerField()
    largest = serializers.IntegerField()
    more = serializers.BooleanField()
    groups = GroupAnswer(many=True)
    fix = serializers.CharField(allow_blank=True)


class BrowseAnswer(serializers.Serializer[Any]):
    """A page of names at an address; `next` is the address of the following page."""

    path = serializers.CharField(source="listing.path")
    buckets = EntryAnswer(many=True, source="listing.buckets")
    folders = EntryAnswer(many=True, source="listing.folders")
    objects = EntryAnswer(many=True, source="listing.objects")
    next = serializers.CharField(allow_null=True)
    matches = MatchesAnswer(allow_null=True)
