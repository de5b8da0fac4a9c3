"""Addresses of the registry's API."""

from __future__ import annotations

from django.urls import URLPattern, path

from deployments.registry.api import views

_GROUP = "registry/groups/<slug:slug>/<str:group>/"
_VERSION = f"{_GROUP}versions/<int:number>/"

urlpatterns: list[URLPattern] = [
    path("registry/groups/", views.PackageGroups.as_view(), name="registry-groups"),
    path(_GROUP, views.OnePackageGroup.as_view(), name="registry-group"),
    path(f"{_GROUP}versions/", views.PackageVersions.as_view(), name="registry-versions"),
    path(_VERSION, views.OnePackageVersion.as_view(), name="registry-version"),
    path(f"{_VERSION}approval/", views.PackageApproval.as_view(), name="registry-approval"),
    path(f"{_VERSION}model/", views.ModelOfVersion.as_view(), name="registry-model"),
]
