"""`python -m launcher.probe URL [PART]`: a container's health check, which an image without curl can run.

Exits with 0 when URL answers 200, or, with PART, when the /readyz at URL reports this part as well.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping


def problem(url: str, part: str = "", environment: Mapping[str, str] = os.environ) -> str:
    """A sentence about the problem; empty if there is none."""
    # No proxy stands between the containers, whatever the environment says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, headers={"Host": _host(environment)})  # noqa: S310  (from our own files)
    try:
        with opener.open(request, timeout=5) as answer:
            status, body = int(answer.status), answer.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    except (OSError, http.client.HTTPException) as error:
        return f"{url}: {error}"
    if part:
        return _problem_of(part, body)
    return "" if status == 200 else f"{url} answered {status}"


def _problem_of(part: str, body: bytes) -> str:
    try:
        check = json.loads(body)["checks"][part]
        return "" if check["ok"] else f"{part}: {check['detail']}"
    except (ValueError, KeyError, TypeError):
        return f"{part}: the answer is not one of /readyz"


def _host(environment: Mapping[str, str]) -> str:
    # The dashboard answers under its own names only, and a container's name is none of them.
    first = environment.get("BATCHDECK_ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".")
    return first if first not in ("", "*") else "localhost"


if __name__ == "__main__":
    sys.exit(problem(sys.argv[1], "".join(sys.argv[2:])) or 0)
