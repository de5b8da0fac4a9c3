"""Read an engine's own report about itself."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request

#: Seconds for an answer: a person waits for the page that shows it, and can do without.
_TIMEOUT = 2.0
_LARGEST_ANSWER = 64 * 1024


def read_confinement_gaps(endpoint_url: str) -> list[str] | None:
    """Sentences about what model code is not kept from on the engine's machine; None if the engine does not answer.

    `endpoint_url` is an engine's http or https address.
    """
    url = f"{endpoint_url.rstrip('/')}/_engine/health"
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:  # noqa: S310 - checked with the connection
            health = json.loads(answer.read(_LARGEST_ANSWER))
    except (OSError, ValueError, http.client.HTTPException, urllib.error.URLError):
        return None
    gaps = health.get("confinement_gaps") if isinstance(health, dict) else None
    if not isinstance(gaps, list) or not all(isinstance(gap, str) for gap in gaps):
        return None
    return gaps
