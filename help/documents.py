"""The documents that help consists of: those that docs/llms.txt lists, rendered from Markdown once a process."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

ROOT = Path(__file__).resolve().parent.parent
INDEX = ROOT / "docs" / "llms.txt"
#: Where the pages are, for links between documents.
ADDRESS = "/help/"
#: Headings that are in the contents of a page, and that begin a section of the search.
_LEVELS = {"h1": 1, "h2": 2, "h3": 3}
_ENTRY = re.compile(r"- \[(?P<title>[^\]]+)\]\((?P<path>[^)]+)\): (?P<about>.+)")
_TAGS = {
    "a", "blockquote", "br", "button", "code", "div", "em", "h1", "h2", "h3", "h4", "h5", "hr", "li", "ol", "p",
    "pre", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "class", "aria-label"},
    "button": {"type", "class", "data-copy"},
    "div": {"class"},
    "pre": {"class", "id", "tabindex"},
    "span": {"class"},
    "table": {"class"},
    "ol": {"start"},
    "td": {"class"},
    "th": {"class"},
} | {heading: {"id"} for heading in ("h1", "h2", "h3", "h4", "h5")}


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """A line of the index: the document's page, its title, what it is about, its file below ROOT, and its group."""

    page: str
    title: str
    about: str
    path: str
    group: str

    @property
    def url(self) -> str:
        """The address of its page."""
        return f"{ADDRESS}{self.page}/"


@dataclass(frozen=True, slots=True)
class DocumentGroup:
    """A part of the index, such as "Using it"."""

    title: str
    entries: tuple[DocumentEntry, ...]


@dataclass(frozen=True, slots=True)
class DocumentSection:
    """A heading with the text below it, up to the next heading."""

    anchor: str
    title: str
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A rendered document: its HTML, and its sections, of which the first is that of its title."""

    entry: DocumentEntry
    html: str
    sections: tuple[DocumentSection, ...]

    @property
    def title(self) -> str:
        """The text of its first heading."""
        return self.sections[0].title

    @property
    def contents(self) -> list[DocumentSection]:
        """The headings below the title."""
        return [section for section in self.sections if section.level == 2]

    @property
    def anchors(self) -> set[str]:
        """What a link may lead to."""
        return {section.anchor for section in self.sections}


@cache
def groups() -> tuple[DocumentGroup, ...]:
    """The index, in its order."""
    titles_and_entries: list[tuple[str, list[DocumentEntry]]] = []
    for line in INDEX.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            titles_and_entries.append((line[3:], []))
        elif entry := _ENTRY.fullmatch(line):
            path = posixpath.normpath(posixpath.join("docs", entry["path"]))
            titles_and_entries[-1][1].append(
                DocumentEntry(_page(path), entry["title"], entry["about"], path, titles_and_entries[-1][0])
            )
    return tuple(DocumentGroup(title, tuple(entries)) for title, entries in titles_and_entries)


def entries() -> Iterator[DocumentEntry]:
    """All documents, in the order of the index."""
    for group in groups():
        yield from group.entries


@cache
def find_document(page: str) -> Document | None:
    """The document with this page; None if there is none."""
    entry = next((entry for entry in entries() if entry.page == page), None)
    return _render(entry) if entry else None


def address_of(link: str) -> str:
    """The address of a link such as `schedules#times`."""
    page, mark, anchor = link.partition("#")
    return f"{ADDRESS}{page}/{mark}{anchor}"


def anchor_of(title: str) -> str:
    """The anchor of a heading, as GitHub makes it of the heading's text."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _page(path: str) -> str:
    return path.removeprefix("docs/").removesuffix(".md").removesuffix("/README").lower()


def _render(entry: DocumentEntry) -> Document:
    tokens = _MARKDOWN.parse((ROOT / entry.path).read_text(encoding="utf-8"))
    sections = tuple(_sections(tokens))
    _lead_to_pages(tokens, posixpath.dirname(entry.path))
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return Document(entry, nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, link_rel=None), sections)


def _sections(tokens: Sequence[Token]) -> Iterator[DocumentSection]:
    """The sections of a document; each heading's token gets its anchor."""
    anchor_counts: Counter[str] = Counter()
    heading, texts = ("", "", 1), [""]
    for token, following in zip(tokens, [*tokens[1:], Token("", "", 0)], strict=True):
        if token.type == "heading_open":
            if heading[0]:
                yield DocumentSection(*heading, " ".join(texts))
            title = _plain(following)
            anchor = anchor_of(title)
            anchor_counts[anchor] += 1
            token.attrSet(
                "id", anchor if anchor_counts[anchor] == 1 else f"{anchor}-{anchor_counts[anchor] - 1}"
            )
            heading, texts = (str(token.attrGet("id")), title, _LEVELS.get(token.tag, 4)), []
        elif token.type == "inline":
            # The heading's own text is its title.
            texts += [] if _plain(token) == heading[1] and not texts else [_plain(token)]
        elif token.type in ("fence", "code_block"):
            texts.append(token.content)
    yield DocumentSection(*heading, " ".join(texts))


def _plain(token: Token) -> str:
    """The text of an inline token, without its marks."""
    return "".join(
        " " if child.type in ("softbreak", "hardbreak") else child.content for child in token.children or ()
    )


def _lead_to_pages(tokens: Sequence[Token], folder: str) -> None:
    """Let links between documents lead to their pages; a link to another file of the checkout is its text alone."""
    pages = {entry.path: entry.page for entry in entries()}
    for token in tokens:
        children = token.children or []
        for number, child in enumerate(children):
            if child.type != "link_open":
                continue
            target = str(child.attrGet("href"))
            path, mark, anchor = target.partition("#")
            page = pages.get(posixpath.normpath(posixpath.join(folder, path)))
            if page is not None and path:
                child.attrSet("href", f"{ADDRESS}{page}/{mark}{anchor}")
            elif path and ":" not in path:
                close = next(at for at in range(number, len(children)) if children[at].type == "link_close")
                for end in (child, children[close]):
                    end.type, end.tag, end.content = "text", "", ""


class _Renderer(RendererHTML):
    """HTML with anchors at headings, code to copy, and tables that scroll inside themselves."""

    def heading_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        opened = tokens[idx - 2]
        anchor = opened.attrGet("id")
        link = f'<a class="to-here" href="#{anchor}" aria-label="Link to this heading">#</a>'
        return f"{'' if opened.tag == 'h1' else link}</{opened.tag}>\n"

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        text = tokens[idx].content.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        name = f"code-{idx}"
        return (
            f'<div class="snippet"><pre class="code" id="{name}" tabindex="0">{text}</pre>'
            f'<button class="btn tiny" type="button" data-copy="#{name}">Copy</button></div>\n'
        )

    code_block = fence

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return '<div class="scroll"><table class="tbl">'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</table></div>\n"


def _markdown() -> MarkdownIt:
    # HTML in a document stays text: documents have none but comments, which are removed below.
    markdown = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")
    markdown.core.ruler.push("comments", _remove_comments)
    return markdown


def _remove_comments(state: Any) -> None:
    """Remove paragraphs that are comments for tools, such as the marks of generated tables."""
    visible_tokens: list[Token] = []
    for token in state.tokens:
        is_comment = token.type == "inline" and re.fullmatch(r"<!--.*-->", token.content, re.DOTALL)
        if is_comment:
            visible_tokens.pop()
            visible_tokens.append(Token("", "", 0, hidden=True))
        elif visible_tokens and visible_tokens[-1].type == "" and token.type == "paragraph_close":
            visible_tokens.pop()
        else:
            visible_tokens.append(token)
    state.tokens = visible_tokens


_MARKDOWN = _markdown()
