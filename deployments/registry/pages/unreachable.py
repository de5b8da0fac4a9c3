"""The page that is shown where SageMaker cannot be asked: it says which call failed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from jobs.services.errors import NotPossible, Unavailable
from teams.access import MemberRequest

_P = ParamSpec("_P")
_View = Callable[Concatenate[MemberRequest, _P], HttpResponseBase]


def says_what_failed(view: _View[_P]) -> _View[_P]:
    """Decorate a page: a call that fails becomes a page with its sentence."""

    @wraps(view)
    def respond(request: MemberRequest, /, *args: _P.args, **kwargs: _P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except (Unavailable, NotPossible) as error:
            return _page(request, str(error), *kwargs.values())

    return respond


def _page(request: MemberRequest, sentence: str, *names: object) -> HttpResponse:
    title = " ".join(str(name) for name in names[1:]) or "Model registry"
    return render(request, "registry/unreachable.html", {"says": sentence, "title": title})
