"""True examples of bodies and answers for the API's schema.

api_examples.json has one exchange for each operation, recorded while a generated client used a running house;
`tools.api_examples` writes it.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("api_examples.json")
_JSON = "application/json"


@functools.cache
def examples() -> dict[str, Any]:
    """For each operation's id: `status` and `answer`, and `body` if it was sent with one."""
    exchanges: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return exchanges


def add_examples(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the recorded body and answer to each operation of the schema.

    An operation that was refused whenever it was recorded shows another one's answer of the same schema.
    """
    answers: dict[str, Any] = {}
    unrecorded = []
    for path in result["paths"].values():
        for operation in path.values():
            exchange = examples().get(operation["operationId"])
            if exchange is None:
                unrecorded.append(operation)
                continue
            if "body" in exchange:
                operation["requestBody"]["content"][_JSON]["example"] = exchange["body"]
            if "answer" in exchange:
                content = operation["responses"][str(exchange["status"])]["content"][_JSON]
                content["example"] = exchange["answer"]
                answers[content["schema"].get("$ref", "")] = exchange["answer"]
    for operation in unrecorded:
        for answer in operation["responses"].values():
            content = answer.get("content", {}).get(_JSON, {})
            if (example := answers.get(content.get("schema", {}).get("$ref"))) is not None:
                content["example"] = example
    return result
