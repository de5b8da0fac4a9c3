"""Teams and people in Django's admin."""

# Django's admin classes are generic for the type checker only; at run time they take no arguments.
# mypy: disable-error-code="type-arg"
from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest

from teams.models import Activity, ApiToken, Membership, Team, User

admin.site.register(User, UserAdmin)


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):
    list_display = ["name", "slug", "created_at"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [MembershipInline]


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):
    """Tokens can be seen and revoked here; a secret could not be shown, so none are made."""

    list_display = [
        "prefix",
        "name",
        "team",
        "user",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    ]
    list_select_related = ["team", "user"]
    readonly_fields = ["team", "user", "prefix", "digest", "created_at", "last_used_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: tokens are made where their secret can be shown."""
        return False


@admin.register(Activity)
class ActivityAdmin(admin.ModelAdmin):
    """A record of the past: to be read only."""

    list_display = ["at", "team", "user", "verb", "object_label"]
    list_select_related = ["team", "user"]
    list_filter = ["verb"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: the services write these."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Activity | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Activity | None = None) -> bool:
        """Nobody."""
        return False
