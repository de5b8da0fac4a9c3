"""A client of the REST API that repeats a request only without an answer, or after 503 with Retry-After."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

#: Seconds between two tries of a request that got no answer, and how long they go on.
PAUSE, PATIENCE = 0.3, 180.0


class Refused(Exception):
    """The API answered with an error; `code` is its word for it."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(f"{status} {code}: {text}")
        self.status = status
        self.code = code


class Api:
    """The REST API of one house, by one token."""

    def __init__(self, url: str, token: str) -> None:
        self._base = f"{url}/api/v1/"
        self._token = token
        # No proxy stands between us and our own machine, whatever the environment says.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        #: Requests that got no answer and were sent again.
        self.repeats = 0

    def get(self, path: str) -> Any:
        """The JSON at a path below /api/v1/, or at a whole address. Raises Refused, or TimeoutError."""
        return self._until_answered(path, None)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The API's answer. Raises Refused, or TimeoutError."""
        return self._until_answered(path, body)

    def submit(self, body: dict[str, Any]) -> bool:
        """Submit a job that has a name; False if an earlier try had arrived though its answer did not."""
        before = self.repeats
        try:
            self.post("jobs/", body)
        except Refused as refused:
            # Only we use this name, so whoever has it is the job of our own first try.
            if refused.code == "name_taken" and self.repeats > before:
                return False
            raise
        return True

    def every(self, path: str) -> Iterator[dict[str, Any]]:
        """All rows of a list, page by page."""
        address = path
        while address:
            page = self.get(address)
            yield from page["results"]
            address = page["next"]

    def _until_answered(self, path: str, body: dict[str, Any] | None) -> Any:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._once(path, body)
            except urllib.error.HTTPError as error:
                if error.code != 503 or "Retry-After" not in error.headers or time.monotonic() > deadline:
                    raise _refused(error) from error
                self.repeats += 1
                time.sleep(PAUSE)
            except (OSError, http.client.HTTPException) as error:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"no answer from {path} for {PATIENCE:.0f} s: {error}") from error
                self.repeats += 1
                time.sleep(PAUSE)

    def _once(self, path: str, body: dict[str, Any] | None) -> Any:
        request = urllib.request.Request(
            path if path.startswith("http") else self._base + path,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        with self._opener.open(request, timeout=30) as answer:
            return json.load(answer)


def _refused(error: urllib.error.HTTPError) -> Refused:
    text = error.read().decode(errors="replace")
    try:
        error_body = json.loads(text)["error"]
        return Refused(error.code, error_body["code"], f"{error_body['message']} {error_body['fields']}")
    except (ValueError, KeyError, TypeError):
        return Refused(error.code, "", text[:200])
