"""The pages of help: the index with the search, and one page for each document."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from help import documents, searching
from teams.access import MemberRequest, member_required


@require_GET
@member_required()
def help_index(request: MemberRequest) -> HttpResponse:
    """All documents by group, or the sections that have the words of `q`."""
    query = request.GET.get("q", "")[: searching.LONGEST].strip()
    context = {"groups": documents.groups(), "q": query, "results": searching.search(query)}
    return render(request, "help/index.html", context)


@require_GET
@member_required()
def help_page(request: MemberRequest, page: str) -> HttpResponse:
    """One document."""
    document = documents.find_document(page)
    if document is None:
        raise Http404("Help has no such page.")
    group = next(group for group in documents.groups() if document.entry in group.entries)
    return render(request, "help/page.html", {"document": document, "group": group})
