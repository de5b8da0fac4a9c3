"""Celery tasks about people."""

from __future__ import annotations

from importlib import import_module

from celery import shared_task
from django.conf import settings

from teams import once


@shared_task
def clear_sessions() -> None:
    """Delete expired sessions."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


@shared_task
def forget_requests() -> None:
    """Delete old answers of idempotent requests."""
    once.forget()
