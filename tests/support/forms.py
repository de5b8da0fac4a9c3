"""What a browser would send of a page's fields as they stand, to the last blank."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.sent: dict[str, str] = {}
        self._select = self._textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        name = attributes.get("name", "")
        if tag == "input" and name and attributes.get("type") != "checkbox":
            self.sent[name] = attributes.get("value", "")
        elif tag == "select":
            self._select = name
            self.sent[name] = ""
        elif tag == "option" and "selected" in attributes:
            self.sent[self._select] = attributes.get("value", "")
        elif tag == "textarea":
            self._textarea = name
            self.sent[name] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            # HTML drops the line end that a text area begins with.
            self.sent[self._textarea] = self.sent[self._textarea].removeprefix("\n")
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.sent[self._textarea] += data


def form_values(answer: Any) -> dict[str, str]:
    """Each field's name and value but the CSRF token, the form's key and its team; check boxes count as not ticked."""
    parser = _Fields()
    parser.feed(answer.content.decode())
    parser.close()
    beside = {"csrfmiddlewaretoken", "form_key", "form_team"}
    return {name: text for name, text in parser.sent.items() if name not in beside}
