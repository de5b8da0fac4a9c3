"""Small readers of environment variables. A value that cannot be understood stops the start, by name."""

from __future__ import annotations

import fcntl
import math
import os
import secrets
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from hosting.private_files import BadFolder, make_private
from teams.whole_numbers import parse_whole_number

_WORDS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}

#: Days of a setting: ten years.
_MOST_DAYS = 3650


def text(name: str, default: str = "") -> str:
    """The variable's text without outer blanks; `default` when it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool = False) -> bool:
    """A yes or no; anything that is neither raises ImproperlyConfigured rather than meaning "no"."""
    value = text(name).lower()
    if not value:
        return default
    if value not in _WORDS:
        raise ImproperlyConfigured(f"{name}={value!r} must be one of {', '.join(_WORDS)}.")
    return _WORDS[value]


def number(name: str, default: float) -> float:
    """A number from 0 up; anything else raises ImproperlyConfigured."""
    value = text(name)
    try:
        read = float(value) if value else default
    except ValueError:
        read = -1.0
    if not 0 <= read < math.inf:
        raise ImproperlyConfigured(f"{name}={value!r} must be a number from 0 up.")
    return read


def days(name: str, default: int) -> int:
    """A whole number of days, 0 to 3650; anything else raises ImproperlyConfigured."""
    read = number(name, default)
    if read != int(read) or read > _MOST_DAYS:
        raise ImproperlyConfigured(
            f"{name}={text(name)!r} must be a whole number of days, 0 to {_MOST_DAYS}."
        )
    return int(read)


def items(name: str, default: str = "") -> list[str]:
    """A comma-separated list, blanks trimmed, empty entries dropped."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def private_folder(name: str, default: str) -> Path:
    """The absolute path of a folder that only we can enter, created when missing; else ImproperlyConfigured."""
    folder = Path(text(name, default)).resolve()
    try:
        make_private(folder)
    except BadFolder as error:
        raise ImproperlyConfigured(f"{name}: {error}") from None
    return folder


def networks(name: str, default: str = "") -> list[IPv4Network | IPv6Network]:
    """A comma-separated list of IP addresses and networks such as 10.0.0.0/8."""
    try:
        return [ip_network(part) for part in items(name, default)]
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} must hold IP addresses and networks such as 10.0.0.0/8, with commas between them: {error}."
        ) from error


def ports(name: str, default: str = "") -> list[range]:
    """A comma-separated list of TCP ports and ranges such as 8000-8100."""
    ranges = []
    for part in items(name, default):
        first, dash, last = part.partition("-")
        low = parse_whole_number(first, high=65535)
        high = parse_whole_number(last, high=65535) if dash else low
        if not low or not high or low > high:
            raise ImproperlyConfigured(
                f"{name} must hold ports from 1 to 65535 and ranges such as 8000-8100, with commas between them; "
                f"{part!r} is neither."
            )
        ranges.append(range(low, high + 1))
    return ranges


def issuer(name: str) -> str:
    """The https:// address of an OpenID Connect provider; http:// on this machine alone. Empty when it is unset."""
    url = text(name)
    parts = urlsplit(url)
    is_local = parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if url and not (parts.hostname and (parts.scheme == "https" or is_local)):
        raise ImproperlyConfigured(f"{name} must look like https://login.example.com/realms/main.")
    return url


def group_roles(name: str) -> list[tuple[str, str, str]]:
    """Groups with the team and the role that each gives, such as ml=growth:operator, with commas between them."""
    triples = []
    for part in items(name):
        group, _, place = part.rpartition("=")
        slug, _, role = place.partition(":")
        if not group or not slug or role not in {"viewer", "operator", "admin"}:
            raise ImproperlyConfigured(
                f"{name} must hold groups such as ml=growth:operator, with commas between them: a group, the slug of a "
                f"team, and viewer, operator or admin; {part!r} is none."
            )
        triples.append((group.strip(), slug.strip(), role))
    return triples


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail server. `tls` is TLS from the first byte, `starttls` TLS that is begun in the session."""

    host: str
    port: int
    user: str
    password: str
    tls: bool
    starttls: bool


def mail_server(name: str) -> MailServer | None:
    """The server of an smtp://, smtp+starttls:// or smtps:// URL; None when the variable is unset."""
    url = text(name)
    if not url:
        return None
    default_ports = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in default_ports or not parts.hostname or port == -1 or parts.path.strip("/"):
        # The value holds a password, so it is not repeated.
        raise ImproperlyConfigured(
            f"{name} must look like smtp+starttls://user:password@host:587; there are {', '.join(default_ports)}."
        )
    return MailServer(
        host=parts.hostname,
        port=port or default_ports[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=parts.scheme == "smtps",
        starttls=parts.scheme == "smtp+starttls",
    )


def secret_key(name: str, file: Path) -> str:
    """The variable, else the key kept in `file`, made at first use, readable by its owner only."""
    if key := text(name):
        return key
    key = file.read_text().strip() if file.exists() else ""
    return key or _make_secret(file)


def _make_secret(file: Path) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+") as stream:
        # Of several processes that start together one makes the key, and the others wait to read it.
        fcntl.flock(stream, fcntl.LOCK_EX)
        key = stream.read().strip()
        if not key:
            key = secrets.token_urlsafe(50)
            stream.write(key)
            stream.flush()
    return key


def database(name: str, sqlite_file: Path) -> dict[str, object]:
    """Django's database settings from a postgres:// URL, or the SQLite file when the variable is unset."""
    url = text(name)
    if not url:
        return _sqlite(sqlite_file)
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ImproperlyConfigured(f"{name} must look like postgres://user:password@host:5432/name.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


def _sqlite(file: Path) -> dict[str, object]:
    # WAL alone makes lock errors worse: a deferred transaction that reads first and writes later fails at
    # once instead of waiting. IMMEDIATE takes the write lock at BEGIN, where the timeout applies.
    file.parent.mkdir(parents=True, exist_ok=True)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(file),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
        },
    }
