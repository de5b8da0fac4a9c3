"""Environment variables: read as meant, or refused by name."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from django.core.exceptions import ImproperlyConfigured

from webapp import env


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("off", False), ("", True)])
def test_a_flag_is_yes_no_or_its_default(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("A_FLAG", text)
    assert env.flag("A_FLAG", default=True) is value


def test_a_flag_that_is_neither_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_FLAG", "maybe")
    with pytest.raises(ImproperlyConfigured, match="A_FLAG='maybe' must be one of"):
        env.flag("A_FLAG")


@pytest.mark.parametrize(("text", "value"), [("2.5", 2.5), (" 0 ", 0), ("", 7)])
def test_a_number_is_read_or_its_default(monkeypatch: pytest.MonkeyPatch, text: str, value: float) -> None:
    monkeypatch.setenv("A_NUMBER", text)
    assert env.number("A_NUMBER", 7) == value


@pytest.mark.parametrize("text", ["-1", "ten", "inf", "nan", "1,5"])
def test_a_number_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("A_NUMBER", text)
    with pytest.raises(ImproperlyConfigured, match=f"A_NUMBER='{text}' must be a number from 0 up"):
        env.number("A_NUMBER", 7)


def test_the_secret_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "data" / "secret_key"
    first = env.secret_key("NO_SUCH_VARIABLE", file)
    assert env.secret_key("NO_SUCH_VARIABLE", file) == first
    assert len(first) >= 50
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_empty_secret_key_is_never_used(tmp_path: Path) -> None:
    file = tmp_path / "secret_key"
    file.touch()
    secret = env.secret_key("NO_SUCH_VARIABLE", file)
    assert len(secret) >= 50
    assert file.read_text() == secret


def test_all_that_start_at_the_same_time_get_the_same_key(tmp_path: Path) -> None:
    many = 16
    with ThreadPoolExecutor(many) as pool:
        for turn in range(50):
            together = Barrier(many)

            def start(file: Path = tmp_path / f"key-{turn}", together: Barrier = together) -> str:
                together.wait()
                return env.secret_key("NO_SUCH_VARIABLE", file)

            assert len({future.result() for future in [pool.submit(start) for _ in range(many)]}) == 1


def test_a_database_url_is_taken_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("A_DATABASE", "postgres://me:p%40ss@db.example:5433/deck?sslmode=require")
    database = env.database("A_DATABASE", tmp_path / "x.sqlite3")
    assert database["NAME"] == "deck"
    assert (database["USER"], database["PASSWORD"]) == ("me", "p@ss")
    assert (database["HOST"], database["PORT"]) == ("db.example", "5433")
    assert database["OPTIONS"] == {"sslmode": "require"}
    assert database["CONN_MAX_AGE"] == 60


@pytest.mark.parametrize("url", ["mysql://x/y", "postgres://host", "deck"])
def test_a_database_url_of_another_kind_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str
) -> None:
    monkeypatch.setenv("A_DATABASE", url)
    with pytest.raises(ImproperlyConfigured, match="A_DATABASE must look like"):
        env.database("A_DATABASE", tmp_path / "x.sqlite3")


def test_ports_are_numbers_and_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PORTS", "443, 8000-8002")
    assert env.ports("SOME_PORTS") == [range(443, 444), range(8000, 8003)]


@pytest.mark.parametrize("text", ["0", "65536", "9-8", "-9", "https", "80-", "1-2-3", "1.5"])
def test_ports_that_are_none_stop_the_start(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SOME_PORTS", text)
    with pytest.raises(ImproperlyConfigured, match="SOME_PORTS must hold ports from 1 to 65535"):
        env.ports("SOME_PORTS")


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("", None),
        ("smtp://mail.example", env.MailServer("mail.example", 25, "", "", tls=False, starttls=False)),
        ("smtps://a%40b:p%2F@m:4650", env.MailServer("m", 4650, "a@b", "p/", tls=True, starttls=False)),
        ("smtp+starttls://m", env.MailServer("m", 587, "", "", tls=False, starttls=True)),
    ],
)
def test_a_mail_server_is_read_from_its_url(
    monkeypatch: pytest.MonkeyPatch, url: str, server: env.MailServer | None
) -> None:
    monkeypatch.setenv("A_MAIL_URL", url)
    assert env.mail_server("A_MAIL_URL") == server


@pytest.mark.parametrize(
    "url", ["mail.example:25", "http://user:secret@m", "smtp://", "smtp://m:port", "smtp://m/x"]
)
def test_a_mail_url_that_is_none_stops_the_start_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("A_MAIL_URL", url)
    with pytest.raises(ImproperlyConfigured, match="A_MAIL_URL must look like smtp") as refusal:
        env.mail_server("A_MAIL_URL")
    assert "secret" not in str(refusal.value)
