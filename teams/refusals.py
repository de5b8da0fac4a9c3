"""Refusing an export's address: a file with rows that nobody asked for looks right, so that no one would notice."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.http import HttpRequest, HttpResponseBadRequest


def unknown_words(request: HttpRequest, names: Collection[str]) -> dict[str, list[str]]:
    """A sentence for each word of the address that is none of `names`."""
    sentence = f"It is no parameter here; there are {', '.join(names)}."
    return {word[:60]: [sentence] for word in request.GET if word not in names}


def refused(problems: Mapping[str, list[str]]) -> HttpResponseBadRequest:
    """400 with a line of text for each word that cannot be used."""
    lines = [f"{name}: {text}\n" for name, texts in problems.items() for text in texts]
    return HttpResponseBadRequest("".join(lines), content_type="text/plain; charset=utf-8")
