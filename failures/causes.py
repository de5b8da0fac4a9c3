"""Why transform jobs fail: the one table of rules, each with what tells it, what to do, and a change worth a try.

The patterns are those of texts that the service, its containers and the embedded engine are known to write; the
tests hold every rule to such a text. A slug is stored with jobs and used in filters, so it does not change.
"""

from __future__ import annotations

from failures.cause import UNKNOWN, Cause
from failures.causes_of_model import CONTAINER, GENERAL, RECORDS
from failures.causes_of_request import ACCESS, REQUEST, REQUEST_SIZE, RESOURCES, TIME

#: Every rule, the more telling before the less.
CAUSES: tuple[Cause, ...] = (
    *REQUEST_SIZE, *TIME, *RESOURCES, *ACCESS, *REQUEST, *RECORDS, *CONTAINER, *GENERAL,
)  # fmt: skip

_BY_SLUG = {cause.slug: cause for cause in (*CAUSES, UNKNOWN)}


def cause_named(slug: str) -> Cause:
    """The cause with this slug; UNKNOWN for a slug that there is not."""
    return _BY_SLUG.get(slug, UNKNOWN)
