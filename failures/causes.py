"""Why transform jobs fail: the table of rules, each with patterns, advice and a change to try.

The patterns match texts that the service, its containers and the embedded engine are known to write; a test holds
each rule to such a text. A slug is stored with jobs and used in filters, so it does not change.
"""

from __future__ import annotations

from failures.cause import UNKNOWN, Cause
from failures.causes_of_model import CONTAINER, GENERAL, RECORDS
from failures.causes_of_request import ACCESS, REQUEST, REQUEST_SIZE, RESOURCES, TIME

#: All rules, the more specific before the less specific.
CAUSES: tuple[Cause, ...] = (
    *REQUEST_SIZE, *TIME, *RESOURCES, *ACCESS, *REQUEST, *RECORDS, *CONTAINER, *GENERAL,
)  # fmt: skip

_BY_SLUG = {cause.slug: cause for cause in (*CAUSES, UNKNOWN)}


def cause_named(slug: str) -> Cause:
    """The cause with this slug; UNKNOWN if there is none."""
    return _BY_SLUG.get(slug, UNKNOWN)
