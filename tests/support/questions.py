"""The page that asks before an act, and what its button sends."""

from __future__ import annotations

from typing import Any

from tests.support.html import Page


def sent(answer: Any) -> dict[str, Any]:
    """What the question's form sends as it stands; a name that is there several times has a list."""
    page = Page(answer)
    (heading,) = page.all("h1")
    assert heading.text.endswith("?"), heading.text
    (form,) = [item for item in page.of_class("page")[0:1] for item in Page.all_below(item, "form")]
    questions: dict[str, list[str]] = {}
    for node in Page.all_below(form, "input"):
        if node.get("type") != "radio" or "checked" in node.attributes:
            questions.setdefault(node.get("name"), []).append(node.get("value"))
    return {name: values if len(values) > 1 else values[0] for name, values in questions.items()}
