"""CloudWatch's SEARCH expressions in their plain form: SEARCH('{namespace,dimension} terms', 'statistic', period)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SEARCH = re.compile(r"\s*SEARCH\(\s*(['\"])(.*)\1\s*,\s*(['\"])(\w+)\3\s*(?:,\s*(\d+)\s*)?\)\s*")
_SCHEMA = re.compile(r"\s*\{([^,}]+)((?:,[^,}]+)*)\}(.*)")
_TERM = re.compile(r"(?:(\w+)\s*=\s*)?(\"[^\"]*\"|[^\s\"=]+)\s*")
_UNSUPPORTED_WORDS = ("AND", "OR", "NOT")


class BadSearch(ValueError):
    """The expression is not a SEARCH, or has more than plain terms."""


@dataclass(frozen=True, slots=True)
class Search:
    """A parsed SEARCH. A term is (property or "", text, exact); all terms must match."""

    namespace: str
    dimensions: tuple[str, ...]
    terms: tuple[tuple[str, str, bool], ...]
    statistic: str
    period: int | None

    @property
    def substring(self) -> str | None:
        """A text that all matching hosts contain; None if the terms require none."""
        return next((text for name, text, _ in self.terms if name in self.dimensions), None)

    def matches(self, host: str, metric: str) -> bool:
        """Whether all terms match this metric. Quoted terms match whole values, others parts of them."""
        values = {"MetricName": [metric], **{name: [host] for name in self.dimensions}, "": [metric, host]}
        return all(
            any(text == value if exact else text in value for value in values.get(name, []))
            for name, text, exact in self.terms
        )


def parse_search(expression: str) -> Search:
    """Parse a SEARCH expression. Raises BadSearch, also for metric math, AND, OR, NOT and brackets."""
    outer = _SEARCH.fullmatch(expression)
    schema = _SCHEMA.fullmatch(outer[2]) if outer else None
    if outer is None or schema is None:
        raise BadSearch("only SEARCH('{namespace,dimension} terms', 'statistic', period) is known")
    return Search(
        namespace=schema[1].strip().strip('"'),
        dimensions=tuple(part.strip().strip('"') for part in schema[2].split(",")[1:]),
        terms=_terms(schema[3].strip()),
        statistic=outer[4],
        period=int(outer[5]) if outer[5] else None,
    )


def _terms(text: str) -> tuple[tuple[str, str, bool], ...]:
    terms, position = [], 0
    while position < len(text):
        term = _TERM.match(text, position)
        if term is None or term[2] in _UNSUPPORTED_WORDS or set(term[2]) & set("()"):
            raise BadSearch(f"its terms have more than plain words at {text[position:][:20]!r}")
        exact = term[2].startswith('"')
        terms.append((term[1] or "", term[2].strip('"'), exact))
        position = term.end()
    return tuple(terms)
