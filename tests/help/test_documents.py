"""Documents as pages: what Markdown becomes, and that every link and every field's explanation leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django import forms
from django.urls import get_resolver

from help import areas, documents
from help.documents import DocumentEntry
from jobs.options import OPTIONS
from transform.request_fields import FIELDS

ROOT = Path(__file__).resolve().parents[2]


class Links(HTMLParser):
    """The addresses of a page's links, and the ids that it has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.ids: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids.add(values.get("id") or "")
        if tag == "a":
            self.found.append(values.get("href") or "")


def page_of(name: str) -> documents.Document:
    """The document with this page."""
    document = documents.find_document(name)
    assert document is not None, name
    return document


def has(link: str) -> bool:
    """Whether a link such as `schedules#times` leads to a heading."""
    page, _, anchor = link.partition("#")
    document = documents.find_document(page)
    return document is not None and (not anchor or anchor in Links(document.html).ids)


def test_every_link_inside_help_leads_to_a_page_and_a_heading() -> None:
    wrong: list[str] = []
    for entry in documents.entries():
        document = page_of(entry.page)
        for link in Links(document.html).found:
            if link.startswith(("https://", "http://")):
                continue
            target = link.removeprefix("/help/").replace("/#", "#").rstrip("/")
            target = f"{entry.page}{link}" if link.startswith("#") else target
            if not has(target):
                wrong.append(f"{entry.path}: {link}")
    assert wrong == []


def test_a_link_between_documents_leads_to_its_page_and_one_to_code_is_text() -> None:
    accounts = Links(page_of("accounts").html)
    assert "/help/security/" in accounts.found
    assert "#forgotten-passwords" in accounts.found
    assert "/help/settings/" in Links(page_of("readme").html).found
    assert not [
        link
        for entry in documents.entries()
        for link in Links(page_of(entry.page).html).found
        if "tests/" in link
    ]


def test_each_heading_has_an_anchor_of_its_own() -> None:
    for entry in documents.entries():
        anchors = [section.anchor for section in page_of(entry.page).sections]
        assert len(anchors) == len(set(anchors)), entry.path
        assert "" not in anchors, entry.path


def test_marks_of_generated_tables_are_not_shown() -> None:
    assert "table:" not in page_of("api").html
    assert "<td><code>data</code></td>" in page_of("api").html.replace("\n", "")


def test_code_is_shown_as_it_is_with_a_button_that_copies_it() -> None:
    html = page_of("schedules").html + page_of("deployments").html
    assert re.search(r'<pre class="code" id="(code-\d+)".*?data-copy="#\1"', html, re.DOTALL)


def test_html_and_scripts_in_a_document_stay_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "# T <img src=x onerror=alert(1)>\n\n<script>alert(1)</script> [a](javascript:alert(1)) "
        "[b](data:text/html,x)\n\n```sh\n<b onclick=x>\n```\n"
    )
    (tmp_path / "page.md").write_text(text)
    monkeypatch.setattr(documents, "ROOT", tmp_path)
    html = documents._render(DocumentEntry("page", "Page", "About it", "page.md", "Using it")).html
    assert "<script" not in html
    assert "<img" not in html
    assert "<b " not in html
    assert Links(html).found == []
    assert "&lt;script&gt;" in html


def test_a_document_that_is_not_in_the_index_has_no_page() -> None:
    for page in ("nothing", "../webapp/settings", "docs/api.md", ""):
        assert documents.find_document(page) is None


def declared() -> Iterator[tuple[str, str]]:
    """Every link that code and templates declare, with where it is from."""
    for source in (
        path
        for folder in ("jobs", "schedules", "deployments", "notifications", "teams", "transform")
        for path in (ROOT / folder).rglob("*.py")
    ):
        for link in re.findall(
            r'explained\(\s*"([^"]+)"|help_link="([^"]+)"|"([a-z]+#[a-z-]+)"', source.read_text()
        ):
            yield next(filter(None, link)), source.name
    for template in (ROOT / "templates").rglob("*.html"):
        for link in re.findall(r'{% help_link "([^"]+)"', template.read_text()):
            yield link, template.name
    for start, link in areas.AREAS:
        yield link, start


def test_each_link_from_a_field_or_a_page_leads_to_a_heading() -> None:
    links = list(declared())
    assert len(links) > 60
    assert [(link, source) for link, source in links if not has(link)] == []


def test_each_area_begins_with_an_address_that_there_is() -> None:
    routes = [
        str(pattern.pattern)
        for resolver in get_resolver().url_patterns
        for pattern in getattr(resolver, "url_patterns", [resolver])
    ]
    assert [
        start for start, _ in areas.AREAS if not any(route.startswith(start.strip("/")) for route in routes)
    ] == []


def unexplained(fields: Mapping[str, forms.Field]) -> list[str]:
    """The fields without a link to help; those that nobody sees are left out."""
    return [
        name
        for name, field in fields.items()
        if not getattr(field, "help_link", "") and not isinstance(field.widget, forms.HiddenInput)
    ]


def test_the_forms_of_jobs_have_an_explanation_for_each_field() -> None:
    from jobs.forms.job_fields import job_fields

    fields = job_fields()
    assert set(fields) == (set(FIELDS) - {"model_name"}) | set(OPTIONS)
    assert [name for name, field in fields.items() if not has(getattr(field, "help_link", ""))] == []
