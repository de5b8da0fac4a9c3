"""Addresses of help."""

from __future__ import annotations

from django.urls import path

from help import pages

urlpatterns = [
    path("help/", pages.help_index, name="help"),
    path("help/<path:page>/", pages.help_page, name="help-page"),
]
