"""Where the current request comes from: its id and the client's address, for logs, answers and the record of acts."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.http import HttpRequest

from teams.addresses import client_address

HEADER = "X-Request-ID"
#: An id that a client or proxy chose is kept if it looks like this.
_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


@dataclass(frozen=True, slots=True)
class RequestSource:
    """A request's id, and the address that it came from; None on a Unix socket."""

    id: str
    address: str | None


_current: ContextVar[RequestSource | None] = ContextVar("request_source", default=None)


def new_id() -> str:
    """An id for a request that has none."""
    return secrets.token_hex(16)


@contextmanager
def entered(request: HttpRequest) -> Iterator[RequestSource]:
    """Make this request the current one."""
    sent = request.headers.get(HEADER, "")
    source = RequestSource(sent if _ID.fullmatch(sent) else new_id(), client_address(request))
    before = _current.set(source)
    try:
        yield source
    finally:
        _current.reset(before)


def find_current() -> RequestSource | None:
    """The current request's source; None outside of requests, as in a worker."""
    return _current.get()
