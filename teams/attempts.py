"""How many wrong passwords are taken: axes counts them, we say for whom and from where."""

from __future__ import annotations

from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Sum

from teams import accounts


class LimitedAttempts(AxesDatabaseHandler):  # type: ignore[misc]  # axes has no types
    """Three limits: for an account from one address, for an account from anywhere, for an address and any account.

    They stand in AXES_LOCKOUT_PARAMETERS, each with its number in SIGN_IN_LIMITS. The last two are higher: one
    attacker may neither keep a person out from everywhere, nor an office its own people.
    """

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """The failures of the last minutes, as axes compares them with AXES_FAILURE_LIMIT.

        Of each limit the used part, times AXES_FAILURE_LIMIT; the largest of them.
        """
        found = self.get_user_attempts(request, credentials)
        counts = [rows.aggregate(count=Sum("failures_since_start"))["count"] or 0 for rows in found]
        shares = zip(counts, settings.SIGN_IN_LIMITS, strict=True)
        return max(count * settings.AXES_FAILURE_LIMIT // most for count, most in shares)

    def reset_user_attempts(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """Forget an account's failures from the address that it signs in from, and no others.

        An attacker with an account of their own would start anew with each sign-in.
        """
        username = (credentials or {}).get("username")
        rows = AccessAttempt.objects.filter(username=username, ip_address=request.axes_ip_address)
        deleted: int = rows.delete()[0]
        return deleted

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any
    ) -> None:
        """Count a failure and write it down for the person's teams; a try while locked is neither."""
        refused = getattr(request, "axes_locked_out", False)
        super().user_login_failed(sender, credentials, request, **kwargs)
        username = credentials.get("username")
        if request is not None and username and not refused:
            locked = bool(getattr(request, "axes_locked_out", False))
            accounts.note_failure(username, request.axes_ip_address, locked=locked)
