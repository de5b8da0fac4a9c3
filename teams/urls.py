"""Addresses of sign-in."""

from __future__ import annotations

from django.urls import path

from teams import views

urlpatterns = [
    path("signin/", views.SignIn.as_view(), name="sign-in"),
    path("signin/link/<str:secret>/", views.follow_link, name="sign-in-link"),
    path("signout/", views.SignOut.as_view(), name="sign-out"),
    path("team/", views.switch_team, name="switch-team"),
]
