"""Addresses of the pages of notifications."""

from __future__ import annotations

from django.urls import path

from notifications.pages import channels, deliveries, rules

urlpatterns = [
    path("notifications/", channels.notifications, name="notifications"),
    path("notifications/channels/new/", channels.new_channel, name="new-channel"),
    path("notifications/channels/<str:channel>/", channels.channel, name="channel"),
    path("notifications/channels/<str:channel>/test/", channels.test_channel, name="test-channel"),
    path("notifications/channels/<str:channel>/switch/", channels.switch_channel, name="switch-channel"),
    path("notifications/channels/<str:channel>/secret/", channels.renew_secret, name="channel-secret"),
    path("notifications/channels/<str:channel>/remove/", channels.remove_channel, name="remove-channel"),
    path("notifications/channels/<str:channel>/rules/new/", rules.new_rule, name="new-rule"),
    path("notifications/rules/<int:rule_pk>/", rules.edit_rule, name="edit-rule"),
    path("notifications/rules/<int:rule_pk>/remove/", rules.remove_rule, name="remove-rule"),
    path("notifications/browser/", channels.use_browser, name="use-browser"),
    path("notifications/news/", deliveries.news, name="notification-news"),
    path("notifications/deliveries/", deliveries.deliveries, name="deliveries"),
    path("notifications/deliveries/<str:delivery>/", deliveries.delivery, name="delivery"),
    path("notifications/deliveries/<str:delivery>/again/", deliveries.redeliver, name="redeliver"),
]
