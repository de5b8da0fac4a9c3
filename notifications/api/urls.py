"""Addresses of the API of notifications."""

from __future__ import annotations

from django.urls import path

from notifications.api import views

urlpatterns = [
    path("notifications/channels/", views.Channels.as_view(), name="channels"),
    path("notifications/channels/<str:channel>/", views.OneChannel.as_view(), name="channel"),
    path(
        "notifications/channels/<str:channel>/secret/", views.ChannelSecret.as_view(), name="channel-secret"
    ),
    path("notifications/channels/<str:channel>/test/", views.ChannelTest.as_view(), name="channel-test"),
    path("notifications/rules/", views.Rules.as_view(), name="notification-rules"),
    path("notifications/rules/<int:rule_pk>/", views.OneRule.as_view(), name="notification-rule"),
    path("notifications/deliveries/", views.Deliveries.as_view(), name="deliveries"),
    path("notifications/deliveries/<str:delivery>/", views.OneDelivery.as_view(), name="delivery"),
    path("notifications/deliveries/<str:delivery>/redeliver/", views.Redeliver.as_view(), name="redeliver"),
]
