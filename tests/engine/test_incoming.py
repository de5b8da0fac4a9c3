"""Bodies that do not arrive as they should."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.errors import ServiceError
from engine.wire.request_body import read_body


def messages(*incoming: dict[str, Any]) -> Any:
    """A server that has these messages, and nothing after them."""
    waiting_messages = list(incoming)

    async def receive() -> dict[str, Any]:
        return (
            waiting_messages.pop(0) if waiting_messages else await asyncio.get_running_loop().create_future()
        )

    return receive


async def read(receive: Any) -> list[bytes]:
    return [chunk async for chunk in read_body(receive, idle=0.01)]


async def test_a_body_comes_piece_by_piece() -> None:
    pieces = ({"body": b"a", "more_body": True}, {"more_body": True}, {"body": b"b"})
    assert await read(messages(*({"type": "http.request", **piece} for piece in pieces))) == [b"a", b"b"]


async def test_a_client_that_falls_silent_is_not_waited_for() -> None:
    with pytest.raises(ServiceError) as caught:
        await read(messages({"type": "http.request", "body": b"a", "more_body": True}))
    assert caught.value.code == "RequestTimeout"
    assert caught.value.headers == {"connection": "close"}


async def test_a_client_that_leaves_has_sent_no_body() -> None:
    with pytest.raises(ServiceError) as caught:
        await read(messages({"type": "http.disconnect"}))
    assert caught.value.code == "IncompleteBody"
