"""Addresses of the API of schedules."""

from __future__ import annotations

from django.urls import path

from schedules.api import views

urlpatterns = [
    path("schedules/", views.Schedules.as_view(), name="schedules"),
    path("schedules/preview/", views.SchedulePreview.as_view(), name="schedule-preview"),
    path("schedules/<slug:schedule>/", views.OneSchedule.as_view(), name="schedule"),
    path("schedules/<slug:schedule>/pause/", views.PauseSchedule.as_view(), name="schedule-pause"),
    path("schedules/<slug:schedule>/resume/", views.ResumeSchedule.as_view(), name="schedule-resume"),
    path("schedules/<slug:schedule>/run/", views.RunSchedule.as_view(), name="schedule-run"),
    path("schedules/<slug:schedule>/runs/", views.ScheduleRuns.as_view(), name="schedule-runs"),
]
