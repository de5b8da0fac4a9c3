"""Limits for wrong passwords: axes counts them, by account and by address."""

from __future__ import annotations

from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Sum

from teams import accounts


class LimitedAttempts(AxesDatabaseHandler):  # type: ignore[misc]  # axes has no types
    """Three limits: for an account from one address, for an account from anywhere, for an address and any account.

    The limits are in AXES_LOCKOUT_PARAMETERS, their numbers in SIGN_IN_LIMITS. The last two are higher: one
    attacker may neither lock a person out everywhere, nor an office that shares one address.
    """

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """The recent failures, as a number that axes compares with AXES_FAILURE_LIMIT.

        Each limit's used share, times AXES_FAILURE_LIMIT; the largest of the three.
        """
        attempts = self.get_user_attempts(request, credentials)
        counts = [rows.aggregate(count=Sum("failures_since_start"))["count"] or 0 for rows in attempts]
        shares = zip(counts, settings.SIGN_IN_LIMITS, strict=True)
        return max(count * settings.AXES_FAILURE_LIMIT // most for count, most in shares)

    def reset_user_attempts(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """Delete the account's failures from the address of this sign-in only.

        Otherwise attackers could reset their count by signing in with an account of their own.
        """
        username = (credentials or {}).get("username")
        rows = AccessAttempt.objects.filter(username=username, ip_address=request.axes_ip_address)
        deleted: int = rows.delete()[0]
        return deleted

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any
    ) -> None:
        """Count a failure and record it for the person's teams, unless the account is locked already."""
        refused = getattr(request, "axes_locked_out", False)
        super().user_login_failed(sender, credentials, request, **kwargs)
        username = credentials.get("username")
        if request is not None and username and not refused:
            locked = bool(getattr(request, "axes_locked_out", False))
            accounts.note_failure(username, request.axes_ip_address, locked=locked)
