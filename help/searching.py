"""Search in all documents by words: title, heading and text, the best sections first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from help.documents import ADDRESS, Document, DocumentSection, entries, find_document

#: The letters of a query that are looked for, and the sections that are shown.
LONGEST, MOST_RESULTS = 100, 40
#: Letters of an excerpt before and after the first word that was found.
_BEFORE, _AFTER = 80, 200
#: What a word counts in the document's title, in a heading, and in the text.
_IN_TITLE, _IN_HEADING, _IN_TEXT = 6, 10, 1
#: Groups of documents that explain the use; others, such as those about the code, come after them.
_OF_USE = frozenset({"Using it", "From programs", "Running it"})


@dataclass(frozen=True, slots=True)
class TextPart:
    """A part of an excerpt; `is_match` if it is a word that was looked for."""

    text: str
    is_match: bool


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A section with all words of the query, and the part of its text that has them."""

    document: Document
    section: DocumentSection
    excerpt: tuple[TextPart, ...]
    score: int

    @property
    def url(self) -> str:
        """The address of the section."""
        return f"{ADDRESS}{self.document.entry.page}/#{self.section.anchor}"


def search(query: str) -> list[SearchResult]:
    """The sections in which each word of the query begins a word, best first."""
    words = _words(query)
    if not words:
        return []
    results = [result for document in _documents() for result in _search_document(document, words)]
    return sorted(results, key=lambda result: -result.score)[:MOST_RESULTS]


def find_headings(query: str) -> Iterator[tuple[Document, DocumentSection]]:
    """The headings that have each word of the query, or whose document's title has it; those about the use alone."""
    words = _words(query)
    for document in _documents() if words else ():
        for section in document.sections if document.entry.group in _OF_USE else ():
            texts = (section.title, document.title)
            if words[0].search(section.title) and all(any(map(word.search, texts)) for word in words):
                yield document, section


def _words(query: str) -> list[re.Pattern[str]]:
    return [re.compile(rf"(?<!\w){re.escape(word)}", re.IGNORECASE) for word in query[:LONGEST].split()]


def _documents() -> Iterator[Document]:
    for entry in entries():
        document = find_document(entry.page)
        if document is not None:
            yield document


def _search_document(document: Document, words: Sequence[re.Pattern[str]]) -> Iterator[SearchResult]:
    for section in document.sections:
        scores = [_score(document, section, word) for word in words]
        if all(scores):
            worth = sum(scores) * (4 if document.entry.group in _OF_USE else 1)
            yield SearchResult(document, section, _excerpt(section.text, words), worth)


def _score(document: Document, section: DocumentSection, word: re.Pattern[str]) -> int:
    score = _IN_HEADING if word.search(section.title) else 0
    score += min(len(word.findall(section.text)), 3) * _IN_TEXT
    if word.search(document.title) or word.search(document.entry.title):
        score += _IN_TITLE
    return score


def _excerpt(text: str, words: Sequence[re.Pattern[str]]) -> tuple[TextPart, ...]:
    """The part of the text with the most of the words, cut at spaces; without any the beginning of the text."""
    flat = " ".join(text.split())
    places = [(number, match.start()) for number, word in enumerate(words) for match in word.finditer(flat)]
    first = max(
        sorted(at for _, at in places),
        key=lambda start: len({number for number, at in places if start <= at < start + _AFTER}),
        default=0,
    )
    start = flat.rfind(" ", 0, max(first - _BEFORE, 0)) + 1 if first > _BEFORE else 0
    end = first + _AFTER if len(flat) > first + _AFTER else len(flat)
    end = end if end == len(flat) else max(flat.rfind(" ", first, end), first + 1)
    cut = f"{'… ' if start else ''}{flat[start:end]}{' …' if end < len(flat) else ''}"
    return tuple(_parts(cut, words))


def _parts(text: str, words: Sequence[re.Pattern[str]]) -> Iterator[TextPart]:
    at = 0
    for match in re.finditer("|".join(word.pattern for word in words), text, re.IGNORECASE):
        if match.start() > at:
            yield TextPart(text[at : match.start()], False)
        yield TextPart(match[0], True)
        at = match.end()
    if at < len(text):
        yield TextPart(text[at:], False)
