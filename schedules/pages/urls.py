"""Addresses of the pages about schedules."""

from __future__ import annotations

from django.urls import path

from schedules.pages import actions, forms, schedules

urlpatterns = [
    path("schedules/", schedules.schedules, name="schedules"),
    path("schedules/next/", schedules.calendar, name="schedules-next"),
    path("schedules/new/", forms.new_schedule, name="new-schedule"),
    path("schedules/times/", forms.times, name="schedule-times"),
    path("schedules/<slug:schedule>/", schedules.schedule, name="schedule"),
    path("schedules/<slug:schedule>/runs/", schedules.runs, name="schedule-runs"),
    path("schedules/<slug:schedule>/edit/", forms.edit_schedule, name="edit-schedule"),
    path("schedules/<slug:schedule>/pause/", actions.pause, name="pause-schedule"),
    path("schedules/<slug:schedule>/resume/", actions.resume, name="resume-schedule"),
    path("schedules/<slug:schedule>/run/", actions.run, name="run-schedule"),
    path("schedules/<slug:schedule>/delete/", actions.delete, name="delete-schedule"),
]
