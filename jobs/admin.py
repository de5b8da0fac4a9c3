"""Connections, models and jobs in Django's admin. Jobs are read-only: their states change by guarded moves."""

# Django's admin classes are generic for the type checker only; at run time they take no arguments.
# mypy: disable-error-code="type-arg"
from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from jobs.models import Connection, ContainerImage, RegisteredModel, TransformJob


class ReadOnlyAdmin(admin.ModelAdmin):
    """For rows that only services create and change."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """No."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """No."""
        return False


@admin.register(Connection)
class ConnectionAdmin(admin.ModelAdmin):
    list_display = ["slug", "team", "kind", "region", "last_ok_at", "last_error"]
    list_select_related = ["team"]
    readonly_fields = ["checked_at", "last_ok_at", "last_error", "polled_at", "poll_lease_until"]


@admin.register(RegisteredModel)
class RegisteredModelAdmin(ReadOnlyAdmin):
    list_display = ["name", "team", "connection", "created_at"]
    list_select_related = ["team", "connection"]
    search_fields = ["name"]


@admin.register(TransformJob)
class TransformJobAdmin(ReadOnlyAdmin):
    list_display = ["name", "team", "connection", "state", "created_at"]
    list_select_related = ["team", "connection"]
    list_filter = ["state"]
    search_fields = ["name", "key"]
    show_full_result_count = False


@admin.register(ContainerImage)
class ContainerImageAdmin(ReadOnlyAdmin):
    list_display = ["framework", "version", "py_version", "processor", "region", "uri"]
    list_filter = ["region", "framework"]
