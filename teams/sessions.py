"""Sessions in the database under a digest of their key, so that a reader of the table cannot sign in with it."""

from __future__ import annotations

import hashlib
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db.models import QuerySet
from django.utils import timezone


class SessionStore(db.SessionStore):
    """Django's session store, with a digest of the cookie's value as the primary key instead of the value itself.

    The key has 32 random characters out of 36, so its digest needs no salt. Rows that
    older versions made match no cookie; they go with the other expired ones.
    """

    def exists(self, session_key: str | None) -> bool:
        """Whether there is a row for the key of a cookie."""
        return self._rows(session_key).exists()

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """The row to save."""
        row = super().create_model_instance(data)
        row.session_key = digest(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        """End the session of a cookie's key, by default this one."""
        self._rows(session_key or self.session_key).delete()

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        row = self._rows(self.session_key).filter(expire_date__gt=timezone.now()).first()
        if row is None:
            # As Django's: a key that is unknown is never taken over from a cookie.
            self._session_key = None
        return row

    def _rows(self, session_key: str | None) -> QuerySet[AbstractBaseSession]:
        return self.model._default_manager.filter(session_key=digest(session_key or ""))

    async def aexists(self, session_key: str | None) -> bool:
        """`exists` for coroutines."""
        return await sync_to_async(self.exists)(session_key)

    async def acreate_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """`create_model_instance` for coroutines."""
        return await sync_to_async(self.create_model_instance)(data)

    async def adelete(self, session_key: str | None = None) -> None:
        """`delete` for coroutines."""
        await sync_to_async(self.delete)(session_key)

    async def _aget_session_from_db(self) -> AbstractBaseSession | None:
        return await sync_to_async(self._get_session_from_db)()


def digest(session_key: str) -> str:
    """The digest of a session's key: 160 bits of SHA-256 in hex, as long as the column."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:40]
