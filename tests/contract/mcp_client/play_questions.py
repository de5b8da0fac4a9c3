"""Call the tools that the questions of a file expect, by the official client, and check what they answer.

Arguments: the service's address, the file. The token is in BATCHDECK_TOKEN. Prints for each way to connect the agreed
version and the number of questions.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client


def value_at(result: Any, path: list[str | int]) -> Any:
    """The member of a result at a path."""
    for name in path:
        result = result[name]
    return result


def check(question: dict[str, Any], result: Any) -> None:
    """Raise AssertionError unless the result holds the answer."""
    answer = question["answer"]
    value = value_at(result, answer["path"])
    fits = {
        "is": lambda expected: value == expected,
        "has": lambda expected: expected in value,
        "length": lambda expected: len(value) == expected,
    }
    for name, expected in answer.items():
        assert name == "path" or fits[name](expected), f"{question['question']} {value!r} of {result}"


async def play(url: str, questions: list[dict[str, Any]], mode: str) -> None:
    """Connect in this way, and ask everything."""
    headers = {"Authorization": f"Bearer {os.environ['BATCHDECK_TOKEN']}"}
    async with httpx2.AsyncClient(headers=headers, timeout=120) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport, mode=mode) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert {question["tool"] for question in questions} <= set(tools), sorted(tools)
            for question in questions:
                result = await client.call_tool(question["tool"], question["arguments"])
                assert not result.is_error, f"{question['question']} {result.content}"
                check(question, result.structured_content)
            assert tools["get_job"].annotations.read_only_hint
            print(mode, client.protocol_version, len(questions))


def main() -> None:
    """Play the questions in both ways to connect."""
    questions = json.loads(Path(sys.argv[2]).read_text())
    for mode in ("auto", "legacy"):
        asyncio.run(play(sys.argv[1], questions, mode))


main()
