"""Addresses of the pages of tunings."""

from __future__ import annotations

from django.urls import path

from tuning import pages

urlpatterns = [
    path("tunings/new/", pages.new_tuning, name="new-tuning"),
    path("tunings/<slug:tuning>/", pages.tuning, name="tuning"),
    path("tunings/<slug:tuning>/stop/", pages.stop_tuning, name="stop-tuning"),
]
