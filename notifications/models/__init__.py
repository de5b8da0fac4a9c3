"""Rows of notifications, one idea a file."""

from notifications.models.channel import Channel, ChannelKind
from notifications.models.delivery import Delivery, DeliveryAttempt, DeliveryState
from notifications.models.event import NotificationEvent, ScanPosition
from notifications.models.rule import NotificationRule

__all__ = [
    "Channel",
    "ChannelKind",
    "Delivery",
    "DeliveryAttempt",
    "DeliveryState",
    "NotificationEvent",
    "NotificationRule",
    "ScanPosition",
]
