"""Addresses of the API of tunings."""

from __future__ import annotations

from django.urls import path

from tuning.api import views

urlpatterns = [
    path("tunings/", views.Tunings.as_view(), name="tunings"),
    path("tunings/plan/", views.TuningPlans.as_view(), name="tuning-plan"),
    path("tunings/<slug:tuning>/", views.OneTuning.as_view(), name="tuning"),
    path("tunings/<slug:tuning>/stop/", views.StopTuning.as_view(), name="tuning-stop"),
]
