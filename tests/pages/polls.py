"""Asking for the parts of pages that renew themselves."""

from __future__ import annotations

from typing import Any

from django.test import Client


def poll(client: Client, path: str, etag: str = "") -> Any:
    """Ask as htmx does for a part of a page, with the ETag of what is there already."""
    headers = {"If-None-Match": etag} if etag else {}
    return client.get(path, headers={"HX-Request": "true", **headers})


def settled(client: Client, path: str) -> str:
    """The part's ETag, after a poll with it was answered 304.

    What runs counts as changed every few seconds, so one try may fall on such a moment, but not several.
    """
    for _ in range(20):
        first = poll(client, path)
        assert first.status_code == 200
        again = poll(client, path, first.headers["ETag"])
        if again.status_code == 304:
            assert again.content == b""
            assert again.headers["ETag"] == first.headers["ETag"]
            return str(first.headers["ETag"])
    raise AssertionError(f"{path} is never answered 304")
