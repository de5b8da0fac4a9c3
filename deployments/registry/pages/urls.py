"""Addresses of the registry's pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from deployments.registry.pages import approval, groups, new_version, version_actions, versions

_GROUP = "registry/<slug:slug>/<str:group>/"
_VERSION = f"{_GROUP}<int:number>/"

urlpatterns: list[URLPattern] = [
    path("registry/", groups.groups, name="registry"),
    path("registry/new/", groups.new_group, name="new-registry-group"),
    path(_GROUP, groups.group, name="registry-group"),
    path(f"{_GROUP}new/", new_version.new_version, name="new-registry-version"),
    path(f"{_GROUP}delete/", groups.delete_group, name="delete-registry-group"),
    path(_VERSION, versions.version, name="registry-version"),
    path(f"{_VERSION}approval/", approval.approve, name="registry-approval"),
    path(f"{_VERSION}metadata/", version_actions.metadata, name="registry-metadata"),
    path(f"{_VERSION}model/", version_actions.new_model, name="registry-model"),
    path(f"{_VERSION}delete/", version_actions.delete_version, name="delete-registry-version"),
]
