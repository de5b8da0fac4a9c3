"""The confirmation page before something is stopped, archived, deleted or replaced; it needs no script.

The address of the act shows the question when it is opened, and acts when the question's form is sent to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from teams.models import User


@dataclass(frozen=True, slots=True)
class Question:
    """A question: `title` names the act, its objects and their owners; `says` what is lost and what stays.

    `facts` are pairs of label and value, `fields` names and values of what the form sends, `action` the address that it
    is sent to, `back` where whoever says no goes.
    """

    title: str
    says: str
    button: str
    action: str
    back: str
    facts: tuple[tuple[str, object], ...] = ()
    fields: tuple[tuple[str, object], ...] = ()


#: The field with which a question's form says yes, where the same address also takes a form that asks first.
SURE = "sure"


def is_sure(request: HttpRequest) -> bool:
    """Whether the question's form was sent."""
    return SURE in request.POST


def ask(
    request: HttpRequest, question: Question, template: str = "confirm.html", **context: Any
) -> HttpResponse:
    """The page with the question; `template` is one that extends confirm.html."""
    return render(request, template, {"question": question, **context})


def whose(owner: User | None, asker: User) -> str:
    """The owner as the asker reads it: "you", a name, or "someone who left"."""
    if owner is None:
        return "someone who left"
    return "you" if owner.pk == asker.pk else owner.label


def sum_of(counts: Iterable[tuple[str, int]]) -> str:
    """Counts by owner, the largest first: "3 by ana, 2 by you"."""
    ordered = sorted(counts, key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{count:,} by {name}" for name, count in ordered)
