"""Teams and people in Django's admin."""

# Django's admin classes are generic for the type checker only; at run time they take no arguments.
# mypy: disable-error-code="type-arg"
from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.forms import BaseModelForm, BaseModelFormSet
from django.http import HttpRequest, HttpResponse

from teams import accounts
from teams.models import Activity, ApiToken, Membership, Team, User


@admin.register(User)
class PeopleAdmin(UserAdmin):
    """Django's user admin, which also records for the person's teams that their password was set."""

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Set a person's password."""
        answer = super().user_change_password(request, id, form_url)
        if request.method == "POST" and answer.status_code == 302 and isinstance(request.user, User):
            accounts.note_password(User.objects.get(pk=id), first=False, by=request.user)
        return answer


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):
    list_display = ["name", "slug", "created_at"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [MembershipInline]

    def save_formset(
        self, request: HttpRequest, form: BaseModelForm, formset: BaseModelFormSet, change: bool
    ) -> None:
        """Save members; end the sessions and links of the accounts that became members."""
        super().save_formset(request, form, formset, change)
        added: list[Any] = formset.new_objects
        for member in added:
            accounts.end_sessions(member.user)


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):
    """Tokens can be seen and revoked here. They are not created here, as their secret could not be shown."""

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
        """Never: tokens are created where their secret can be shown."""
        return False


@admin.register(Activity)
class ActivityAdmin(admin.ModelAdmin):
    """A record of the past: to be read only."""

    list_display = ["at", "team", "user", "verb", "object_label"]
    list_select_related = ["team", "user"]
    list_filter = ["verb"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: the services write these rows."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Activity | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Activity | None = None) -> bool:
        """Never."""
        return False
