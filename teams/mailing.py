"""Sending one mail now, and whether mail is set up at all."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

NOT_SET_UP = "E-mail is not set up on this installation (BATCHDECK_EMAIL_URL)."


@dataclass(frozen=True, slots=True)
class MailProblem:
    """Why a mail was not sent, as a sentence; `final` if another try would be refused too."""

    text: str
    final: bool = False


def can_send_links() -> bool:
    """Whether mails with links to this installation can be sent: its mail server and its address are known.

    The address is never taken from a request, whose Host header its sender writes.
    """
    return bool(settings.EMAIL_IS_SET_UP and settings.PUBLIC_URL)


def send_mail(address: str, subject: str, text: str, key: str) -> MailProblem | None:
    """Send a mail; None if the server took it. `key` names it, so that receivers know a second copy."""
    if not settings.EMAIL_IS_SET_UP:
        return MailProblem(NOT_SET_UP)
    headers = {"Message-ID": f"<{key}@batchdeck.invalid>", "Auto-Submitted": "auto-generated"}
    subject = " ".join(f"[Batchdeck] {subject}".split())
    try:
        with get_connection() as connection:
            EmailMessage(subject, text, to=[address], headers=headers, connection=connection).send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        text = f"The mail server refused the recipient ({', '.join(map(str, codes))})."
        return MailProblem(text, final=bool(codes) and min(codes) >= 500)
    except smtplib.SMTPResponseException as error:
        return MailProblem(f"The mail server answered {error.smtp_code}: {_text(error.smtp_error)}")
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return MailProblem(f"The mail server could not be reached: {str(error)[:200]}.")
    return None


def _text(error: bytes | str) -> str:
    text = error.decode("utf-8", "replace") if isinstance(error, bytes) else str(error)
    return text.replace("\0", "")[:200]
