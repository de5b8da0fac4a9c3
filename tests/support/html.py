"""Looking at a page as a browser would: its elements, and whether the markup is whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.test.html import Element, parse_html


class Page:
    """A parsed answer. Markup that does not close what it opens raises HTMLParseError."""

    def __init__(self, answer: Any) -> None:
        self._root = parse_html(answer.content.decode())

    @property
    def text(self) -> str:
        """All text of the page, with single blanks."""
        return Node(self._root).text

    def all(self, *tags: str) -> list[Node]:
        """The elements of these kinds in document order; without `tags`, all."""
        return [node for node in _walk(self._root) if not tags or node.tag in tags]

    @staticmethod
    def all_below(node: Node, *tags: str) -> list[Node]:
        """The elements of these kinds inside another."""
        return [inner for inner in _walk(node.element) if inner.tag in tags]

    def of_class(self, name: str) -> list[Node]:
        """The elements of a class."""
        return [node for node in self.all() if name in node.get("class").split()]

    def by_id(self, name: str) -> Node:
        """The one element with this id."""
        nodes = [node for node in self.all() if node.get("id") == name]
        assert len(nodes) == 1, f"{len(nodes)} elements have the id {name!r}"
        return nodes[0]

    def links(self) -> set[str]:
        """Where the page's links lead, without what follows a question mark."""
        return {node.get("href").partition("?")[0] for node in self.all("a")}

    def posts_to(self) -> set[str]:
        """Where the page's forms would send something."""
        return {form.get("action") for form in self.all("form") if form.get("method").lower() == "post"}


class Node:
    """One element: its kind, its attributes, its text."""

    def __init__(self, element: Element) -> None:
        self.element = element
        self.tag = element.name
        self.attributes = {name: value if value is not None else "" for name, value in element.attributes}

    def get(self, name: str) -> str:
        """An attribute's text; empty if it is not there."""
        return str(self.attributes.get(name, ""))

    @property
    def text(self) -> str:
        """All text below the element, with single blanks."""
        return " ".join(" ".join(_texts(self.element)).split())


def _walk(element: Any) -> Iterator[Node]:
    if not isinstance(element, Element):
        return
    if element.name:
        yield Node(element)
    for child in element.children:
        yield from _walk(child)


def _texts(element: Any) -> Iterator[str]:
    for child in element.children:
        if isinstance(child, str):
            yield child
        else:
            yield from _texts(child)
