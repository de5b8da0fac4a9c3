"""Refusing unknown query words of an export: nobody would notice that a file has rows too many."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.http import HttpRequest, HttpResponseBadRequest


def unknown_words(request: HttpRequest, names: Collection[str]) -> dict[str, list[str]]:
    """A sentence for each query word that is not in `names`."""
    sentence = f"It is no parameter here; there are {', '.join(names)}."
    return {word[:60]: [sentence] for word in request.GET if word not in names}


def refused(problems: Mapping[str, list[str]]) -> HttpResponseBadRequest:
    """400 with a line of text for each problem."""
    lines = [f"{name}: {text}\n" for name, texts in problems.items() for text in texts]
    return HttpResponseBadRequest("".join(lines), content_type="text/plain; charset=utf-8")
