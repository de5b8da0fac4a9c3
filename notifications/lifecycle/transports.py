"""The ways in which a message travels. `prepare` reads rows; what it returns only sends, so that threads can run it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from urllib.parse import quote, urlsplit

from django.utils import timezone

from notifications.lifecycle.posting import PostFailed, post
from notifications.lifecycle.signing import signed_headers
from notifications.lifecycle.targets import BadTarget
from notifications.models import Channel, ChannelKind, Delivery
from notifications.models.delivery import ANSWER_LENGTH
from notifications.texts import MessageText, message_text
from teams.mailing import send_mail

_AGENT = "Batchdeck-Notifications/1"


class Verdict(Enum):
    """What an outcome means: sent; try again; the receiver wants nothing more; refused for good."""

    FINE = auto()
    AGAIN = auto()
    GONE = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """The outcome of a try. `problem` is a sentence, empty if it was sent; `code` is an HTTP status."""

    verdict: Verdict
    problem: str = ""
    code: int | None = None
    answer: str = ""
    seconds: float = 0.0


def prepare(delivery: Delivery) -> Callable[[], SendOutcome]:
    """The call that sends this message; it raises nothing."""
    channel = delivery.channel
    if channel.kind == ChannelKind.EMAIL:
        return partial(_send_mail, channel.address, message_text(delivery.payload), delivery.key)
    if channel.kind == ChannelKind.SLACK:
        body = json.dumps({"text": message_text(delivery.payload).slack}).encode()
        return partial(_send_post, channel.address, body, {}, secret_path=urlsplit(channel.address).path)
    body = json.dumps(delivery.payload).encode()
    now = timezone.now()
    headers = signed_headers(_secrets(channel), f"msg_{delivery.key}", int(now.timestamp()), body)
    return partial(_send_post, channel.address, body, headers)


def _secrets(channel: Channel) -> list[str]:
    until = channel.former_secret_until
    former = [channel.former_secret] if channel.former_secret and until and until > timezone.now() else []
    return [channel.secret, *former]


def _send_post(address: str, body: bytes, headers: dict[str, str], secret_path: str = "") -> SendOutcome:
    """Send the body. What of the answer repeats `secret_path`, as pages of errors do, is left out of the log."""
    began = time.monotonic()
    all_headers = {"Content-Type": "application/json", "User-Agent": _AGENT, "Connection": "close", **headers}
    try:
        reply = post(address, body, all_headers)
    except (BadTarget, PostFailed) as error:
        return SendOutcome(Verdict.AGAIN, str(error), seconds=time.monotonic() - began)
    # PostgreSQL stores no NUL.
    answer = _without(secret_path, reply.body.decode("utf-8", "replace").replace("\0", "\ufffd"))[
        :ANSWER_LENGTH
    ]
    verdict, problem = _meaning(reply.code)
    return SendOutcome(verdict, problem, reply.code, answer, time.monotonic() - began)


def _without(secret_path: str, answer: str) -> str:
    """The answer with marks in place of the path, as it is and with `%` before its characters, and of its last part."""
    last = secret_path.rstrip("/").rpartition("/")[2]
    for text in (secret_path.strip("/"), quote(secret_path.strip("/"), safe=""), last):
        if text:
            answer = answer.replace(text, "[secret]")
    return answer


def _meaning(code: int) -> tuple[Verdict, str]:
    if 200 <= code < 300:
        return Verdict.FINE, ""
    if code == 410:
        return Verdict.GONE, "The receiver answered 410 Gone, so the channel is switched off."
    if 300 <= code < 400:
        return Verdict.AGAIN, f"The receiver answered {code}; redirects are not followed."
    return Verdict.AGAIN, f"The receiver answered {code}; only 200 to 299 counts as success."


def _send_mail(address: str, message: MessageText, key: str) -> SendOutcome:
    began = time.monotonic()
    problem = send_mail(address, message.title, message.plain, key)
    seconds = time.monotonic() - began
    if problem is None:
        return SendOutcome(Verdict.FINE, seconds=seconds)
    return SendOutcome(Verdict.REFUSED if problem.final else Verdict.AGAIN, problem.text, seconds=seconds)
