"""Celery tasks about people."""

from __future__ import annotations

from importlib import import_module

from celery import shared_task
from django.conf import settings

from teams import account_mails, browser_sessions, once, token_lifetimes


@shared_task
def clear_sessions() -> None:
    """Delete expired sessions, and old mails about accounts."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    browser_sessions.forget()
    account_mails.forget()


@shared_task
def forget_requests() -> None:
    """Delete old answers of idempotent requests."""
    once.forget()


@shared_task
def send_account_mails() -> None:
    """Send the mails about accounts that are due."""
    account_mails.send_due()


@shared_task
def announce_token_endings() -> None:
    """Announce API tokens that end soon."""
    token_lifetimes.announce_endings()
