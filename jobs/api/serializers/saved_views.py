"""Saved views of the list of jobs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from jobs.models import SavedView


class ViewAnswer(serializers.ModelSerializer[SavedView]):
    """A saved view. `state` has parameters of the list of jobs; `url` is the page that shows it."""

    owner = serializers.CharField(source="owner.username")
    state = serializers.SerializerMethodField()
    is_default = serializers.BooleanField()
    url = serializers.SerializerMethodField()

    class Meta:
        model = SavedView
        fields = ["slug", "name", "owner", "shared", "is_default", "state", "url", "created_at", "changed_at"]

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_state(self, view: SavedView) -> dict[str, Any]:
        """Filters, sort, cols and group."""
        return dict(view.state)

    def get_url(self, view: SavedView) -> str:
        """The page."""
        return str(self.context["request"].build_absolute_uri(view.address))
