"""How many requests tokens and teams may send in a minute: counted in the broker, for all processes together.

The headers are those of draft-ietf-httpapi-ratelimit-headers. While the broker does not answer nothing is limited.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis
import structlog
from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from teams.models import ApiToken
from teams.tokens import Bearer

log = structlog.get_logger(__name__)
#: Seconds in which requests are counted together.
WINDOW = 60
#: Seconds that a request waits for the broker, and for which a broker that did not answer is left alone.
_PATIENCE, _PAUSE = 0.2, 5.0
_left_alone_until = 0.0


@dataclass(frozen=True, slots=True)
class Count:
    """The requests of a token or a team in the present window, of which it may send `most`."""

    name: str
    most: int
    sent: int
    seconds_left: int

    @property
    def is_over(self) -> bool:
        """Whether more were sent than allowed."""
        return self.sent > self.most

    @property
    def sentence(self) -> str:
        """What is over."""
        return f"This {self.name} may send {self.most:,} requests a minute, and has sent them."


class TokenRate(BaseThrottle):
    """Limits requests with a token; pages and their own calls have a session and are not limited."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether the request is within all limits; the view gets the counts for its headers."""
        view.counts = count(request.auth.token) if isinstance(request.auth, Bearer) else []
        return not any(counted.is_over for counted in view.counts)

    def wait(self) -> float | None:
        """The seconds until requests are counted from 0."""
        return float(_seconds_left())


def headers(counts: Sequence[Count]) -> dict[str, str]:
    """The header fields that say the limits and what is left of them."""
    if not counts:
        return {}
    policies = (f'"{counted.name}";q={counted.most};w={WINDOW}' for counted in counts)
    remainders = (
        f'"{counted.name}";r={max(counted.most - counted.sent, 0)};t={counted.seconds_left}'
        for counted in counts
    )
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(remainders)}


def count(token: ApiToken) -> list[Count]:
    """Count a request of this token; empty where nothing is limited, or the broker does not answer."""
    limits = [
        ("token", token.digest, settings.TOKEN_RATE),
        ("team", str(token.team_id), settings.TEAM_RATE),
    ]
    limited = [(name, key, int(most)) for name, key, most in limits if most]
    sent = _increase([f"{name}:{key}" for name, key, _ in limited])
    seconds_left = _seconds_left()
    return [
        Count(name, most, number, seconds_left)
        for (name, _, most), number in zip(limited, sent, strict=False)
    ]


def _increase(keys: Sequence[str]) -> list[int]:
    """The numbers of requests in this window, with this one; empty if the broker does not answer."""
    global _left_alone_until  # one broker for the process
    if not keys or time.monotonic() < _left_alone_until:
        return []
    window = int(time.time()) // WINDOW
    try:
        pipeline = _broker(settings.REDIS_URL).pipeline(transaction=False)
        for key in keys:
            name = f"batchdeck:requests:{key}:{window}"
            pipeline.incr(name)
            pipeline.expire(name, 2 * WINDOW)
        return [int(number) for number in pipeline.execute()[::2]]
    except redis.RedisError as error:
        _left_alone_until = time.monotonic() + _PAUSE
        log.warning("requests_not_counted", error=type(error).__name__)
        return []


def _seconds_left() -> int:
    return WINDOW - math.floor(time.time()) % WINDOW


@functools.cache
def _broker(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE)
