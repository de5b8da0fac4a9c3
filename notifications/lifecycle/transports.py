"""The ways in which a message travels. `prepare` reads rows; what it returns only sends, so that threads can run it."""

from __future__ import annotations

import json
import smtplib
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils import timezone

from notifications.lifecycle.posting import PostFailed, post
from notifications.lifecycle.signing import signed_headers
from notifications.lifecycle.targets import BadTarget
from notifications.models import Channel, ChannelKind, Delivery
from notifications.models.delivery import ANSWER_LENGTH
from notifications.texts import MessageText, message_text

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
        return partial(_send_post, channel.address, body, {})
    body = json.dumps(delivery.payload).encode()
    now = timezone.now()
    headers = signed_headers(_secrets(channel), f"msg_{delivery.key}", int(now.timestamp()), body)
    return partial(_send_post, channel.address, body, headers)


def _secrets(channel: Channel) -> list[str]:
    until = channel.former_secret_until
    former = [channel.former_secret] if channel.former_secret and until and until > timezone.now() else []
    return [channel.secret, *former]


def _send_post(address: str, body: bytes, headers: dict[str, str]) -> SendOutcome:
    began = time.monotonic()
    all_headers = {"Content-Type": "application/json", "User-Agent": _AGENT, "Connection": "close", **headers}
    try:
        reply = post(address, body, all_headers)
    except (BadTarget, PostFailed) as error:
        return SendOutcome(Verdict.AGAIN, str(error), seconds=time.monotonic() - began)
    # PostgreSQL stores no NUL.
    answer = reply.body.decode("utf-8", "replace").replace("\0", "\ufffd")[:ANSWER_LENGTH]
    verdict, problem = _meaning(reply.code)
    return SendOutcome(verdict, problem, reply.code, answer, time.monotonic() - began)


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
    problem, verdict = "", Verdict.FINE
    if not settings.EMAIL_IS_SET_UP:
        return SendOutcome(Verdict.AGAIN, "E-mail is not set up on this installation (BATCHDECK_EMAIL_URL).")
    subject = " ".join(f"[Batchdeck] {message.title}".split())
    try:
        with get_connection() as connection:
            headers = {"Message-ID": f"<{key}@batchdeck.invalid>", "Auto-Submitted": "auto-generated"}
            EmailMessage(subject, message.plain, to=[address], headers=headers, connection=connection).send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        verdict = Verdict.REFUSED if codes and min(codes) >= 500 else Verdict.AGAIN
        problem = f"The mail server refused the recipient ({', '.join(map(str, codes))})."
    except smtplib.SMTPResponseException as error:
        verdict, problem = (
            Verdict.AGAIN,
            f"The mail server answered {error.smtp_code}: {_text(error.smtp_error)}",
        )
    except (OSError, smtplib.SMTPException, ValueError) as error:
        verdict, problem = Verdict.AGAIN, f"The mail server could not be reached: {str(error)[:200]}."
    return SendOutcome(verdict, problem, seconds=time.monotonic() - began)


def _text(error: bytes | str) -> str:
    text = error.decode("utf-8", "replace") if isinstance(error, bytes) else str(error)
    return text.replace("\0", "")[:200]
