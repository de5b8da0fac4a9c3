"""Shell lines that point AWS clients at an engine: what `./deck env` prints.

In a container of the engine: `python -m launcher.exports http://127.0.0.1:8070 /engine/credentials.json`.
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path


def text(engine_url: str, credentials: Path) -> str:
    """Shell lines for `eval`, one `export` each. Raises OSError or ValueError for an unreadable key file."""
    keys = json.loads(credentials.read_text())
    exports = {
        "AWS_ENDPOINT_URL": engine_url,
        "AWS_ACCESS_KEY_ID": keys["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
    }
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in exports.items()]
    # Last, so that it hides nothing from an `eval` without quotes.
    return "".join([*lines, "# For this machine; ./deck up --engine-host lets the engine answer others.\n"])


if __name__ == "__main__":
    print(text(sys.argv[1], Path(sys.argv[2])), end="")
