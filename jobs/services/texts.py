"""What no database column holds, wherever in a document it stands."""

from __future__ import annotations

import json


def trouble_with(document: object) -> str:
    """Why these JSON values cannot be kept, as the end of a sentence; empty if they can.

    PostgreSQL refuses NUL characters, and half of a surrogate pair has no UTF-8.
    """
    try:
        written = json.dumps(document, ensure_ascii=False).encode()
    except RecursionError:
        return "is nested too deeply."
    except UnicodeEncodeError:
        return "holds half of a surrogate pair, which is no text."
    return "holds a NUL character, which no field can." if b"\\u0000" in written else ""
