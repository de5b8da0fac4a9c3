"""Codes of an authenticator app (TOTP, RFC 6238) and recovery codes: set up, checked, removed."""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from datetime import timedelta

import pyotp
from cryptography.fernet import Fernet, InvalidToken
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from teams import accounts
from teams.models import RecoveryCode, SecondFactor, User
from teams.secrets import digest

#: So many wrong codes within this time, from wherever they come; whoever tries has the password or a link already.
MOST_WRONG = 5
LOCKED_FOR = timedelta(minutes=15)
_STEP = 30
_CODES = 10
_SALT = "teams.second-factor"


class WrongCode(Exception):
    """The code is wrong, or was used before."""


class TooManyCodes(Exception):
    """There were too many wrong codes; none is taken for a while."""


def is_on(user: User) -> bool:
    """Whether the account signs in with a code."""
    return SecondFactor.objects.filter(user=user).exists()


def new_key() -> str:
    """A key for an authenticator app, in base 32."""
    return pyotp.random_base32()


def uri(user: User, key: str) -> str:
    """The otpauth:// address of a key, which apps read as a QR code."""
    return pyotp.TOTP(key).provisioning_uri(name=user.get_username(), issuer_name="Batchdeck")


def set_up(user: User, key: str, code: str) -> list[str]:
    """Ask for codes of this key from now on; returns the recovery codes, which are not kept.

    Raises WrongCode if the code is not the key's present one.
    """
    step = _step_of(key, _plain(code))
    if step is None:
        raise WrongCode
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        values = {"secret": encrypt(key), "last_step": step, "wrong_codes": 0, "wrong_since": None}
        SecondFactor.objects.update_or_create(user=user, defaults=values)
        accounts.note(user, "account.codes_on", by=user)
        return _recovery_codes(user)


def check(user: User, code: str) -> None:
    """Use up a code of the app or a recovery code.

    Raises WrongCode, which is counted and recorded, or TooManyCodes.
    """
    with transaction.atomic():
        factor = SecondFactor.objects.select_for_update().get(user=user)
        now = timezone.now()
        recent = factor.wrong_since is not None and factor.wrong_since > now - LOCKED_FOR
        if recent and factor.wrong_codes >= MOST_WRONG:
            raise TooManyCodes
        is_right = _use_up(factor, _plain(code))
        if is_right:
            factor.wrong_codes, factor.wrong_since = 0, None
        else:
            factor.wrong_codes = factor.wrong_codes + 1 if recent else 1
            factor.wrong_since = factor.wrong_since if recent else now
            accounts.note(user, "account.code_failed")
        factor.save()
    if not is_right:
        raise WrongCode


def new_recovery_codes(user: User, *, by: User) -> list[str]:
    """Other recovery codes; those before are invalid."""
    with transaction.atomic():
        accounts.note(user, "account.recovery_codes_made", by=by)
        return _recovery_codes(user)


def remove(user: User, *, by: User | None) -> None:
    """Ask for no codes any more; without `by` it is an act of the machine's operator."""
    with transaction.atomic():
        RecoveryCode.objects.filter(user=user).delete()
        if SecondFactor.objects.filter(user=user).delete()[0]:
            accounts.note(user, "account.codes_off", by=by)


def encrypt(text: str) -> str:
    """The text encrypted with the installation's secret key."""
    return _fernet().encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    """The text that was encrypted; empty if it was with another secret key."""
    try:
        return _fernet().decrypt(text.encode()).decode()
    except InvalidToken:
        return ""


def _fernet() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(salted_hmac(_SALT, "", algorithm="sha256").digest()))


def _plain(code: str) -> str:
    return "".join(code.split()).replace("-", "").upper()[:40]


def _use_up(factor: SecondFactor, code: str) -> bool:
    if len(code) != 6:
        return RecoveryCode.objects.filter(user=factor.user, digest=digest(code)).delete()[0] == 1
    key = decrypt(factor.secret)
    step = _step_of(key, code) if key else None
    if step is None or step <= factor.last_step:
        return False
    factor.last_step = step
    return True


def _step_of(key: str, code: str) -> int | None:
    """The time step, now or beside now, whose code this is."""
    totp, present = pyotp.TOTP(key), int(time.time()) // _STEP
    steps = (present, present - 1, present + 1)
    codes = [(step, totp.at(step * _STEP)) for step in steps]
    right = [step for step, text in codes if hmac.compare_digest(text.encode(), code.encode())]
    return max(right, default=None)


def _recovery_codes(user: User) -> list[str]:
    RecoveryCode.objects.filter(user=user).delete()
    # 80 bits each: too many to be found from a digest.
    codes = [base64.b32encode(secrets.token_bytes(10)).decode() for _ in range(_CODES)]
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=digest(code)) for code in codes)
    return ["-".join(code[start : start + 4] for start in range(0, 16, 4)) for code in codes]
