"""ClientRequestTokens: a request that is sent again gets the first one's answer, and nothing is done twice."""

from __future__ import annotations

import sqlite3
import time

from engine.sqlite import Database

#: Seconds until a token is forgotten.
_KEPT_SECONDS = 24 * 3600.0


class RequestTokens:
    """The table of tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def answer(self, operation: str, token: str) -> str | None:
        """The ARN with which the first request with this token was answered; None if there was none."""
        rows = self._database.read(
            "SELECT arn FROM request_tokens WHERE operation = ? AND token = ?", (operation, token)
        )
        return str(rows[0][0]) if rows else None


def insert_token(connection: sqlite3.Connection, operation: str, token: str, arn: str) -> None:
    """Record the answer within the transaction of the request's change; old tokens are deleted."""
    at = time.time()
    connection.execute("DELETE FROM request_tokens WHERE at < ?", (at - _KEPT_SECONDS,))
    connection.execute(
        "INSERT OR REPLACE INTO request_tokens (operation, token, arn, at) VALUES (?, ?, ?, ?)",
        (operation, token, arn, at),
    )
