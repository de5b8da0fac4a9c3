"""A session belongs to the browser that has its cookie, and to nobody who reads the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from teams.tasks import clear_sessions
from tests.cast import House
from webapp import celery_app

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(house: House) -> Client:
    """A browser in which Alice is signed in."""
    client = Client()
    client.force_login(house.people["alice"])
    return client


def status(cookie: str) -> int:
    """What a browser with this session cookie gets of a page that needs a person."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    return client.get("/jobs/").status_code


def test_the_cookie_opens_pages_and_the_key_in_the_database_does_not(browser: Client) -> None:
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value
    assert status(cookie) == 200
    stored_keys = list(Session.objects.values_list("session_key", flat=True))
    assert len(stored_keys) == 1
    assert cookie not in stored_keys
    assert status(stored_keys[0]) == 302


def test_signing_out_ends_the_session(browser: Client) -> None:
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value
    browser.post("/signout/")
    assert status(cookie) == 302
    assert not Session.objects.exists()


def test_a_session_ends_at_its_time(browser: Client) -> None:
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert status(cookie) == 302


def test_a_session_keeps_what_is_put_into_it(browser: Client) -> None:
    session = browser.session
    session["note"] = "kept"
    session.save()
    assert browser.session["note"] == "kept"
    session.cycle_key()
    assert Session.objects.count() == 1


def test_sessions_whose_time_is_over_are_deleted_and_others_stay(browser: Client, house: House) -> None:
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    Client().force_login(house.people["bob"])
    clear_sessions()
    assert Session.objects.count() == 1
    assert Session.objects.get().expire_date > timezone.now()


def test_beat_asks_for_that_by_a_name_that_the_worker_knows() -> None:
    entries = settings.CELERY_BEAT_SCHEDULE.values()
    celery_app.loader.import_default_modules()
    assert {entry["task"] for entry in entries} <= celery_app.tasks.keys()
    assert clear_sessions.name in {entry["task"] for entry in entries}
