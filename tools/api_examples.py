"""The examples in the API's schema, made from what a generated client sent and was answered.

    API_EXCHANGES=/tmp/exchanges.json ./deck test tests/contract/test_openapi_client.py
    python -m tools.api_examples /tmp/exchanges.json

Writes webapp/api_examples.json: the same exchanges with short lists and texts, and with an address of no machine.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from webapp.api_examples import FILE

#: What is kept of a list, and of a text.
_ITEMS, _CHARACTERS = 2, 600
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
#: In place of secrets, by the names of their fields or by how they begin.
_SECRET_KEYS = {"secret_access_key": "EXAMPLEsecretEXAMPLEsecretEXAMPLEsecret"}
_SECRETS = {
    re.compile(r"whsec_.*"): "whsec_c2VjcmV0IG9mIGFuIGV4YW1wbGU=",
    re.compile(r"bd_.{20,}"): "bd_EXAMPLEsecretEXAMPLEsecretEXAMPLEsecret",
}


def example_of(value: Any) -> Any:
    """A value as an example shows it."""
    if isinstance(value, Mapping):
        return {name: _SECRET_KEYS.get(name) or example_of(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [example_of(inner) for inner in value[:_ITEMS]]
    if isinstance(value, str):
        for pattern, example in _SECRETS.items():
            if pattern.fullmatch(value):
                return example
        return _ADDRESS.sub("https://batchdeck.example.com", value[:_CHARACTERS])
    return value


def main() -> None:
    """Write the file."""
    exchanges = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    text = json.dumps(
        {name: example_of(exchanges[name]) for name in sorted(exchanges)}, indent=1, ensure_ascii=False
    )
    FILE.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
