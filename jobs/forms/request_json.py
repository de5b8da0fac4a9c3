"""The new-job form's fields as CreateTransformJob's JSON, and the JSON as the form's fields."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from jobs import queries
from jobs.forms.job import JobForm, filled_in
from jobs.models import RegisteredModel
from jobs.services.submitting import job_options
from jobs.services.texts import trouble_with
from teams.models import Team
from transform import rules
from transform.json_positions import positions
from transform.request import PATHS, read_request, write_request
from transform.request_fields import DEFAULTS

_BLANK: tuple[Any, ...] = (None, "", {}, [])


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the form cannot take over a member of the JSON: its name, a sentence, and its line and column if known."""

    name: str
    text: str
    at: tuple[int, int] | None = None

    def __str__(self) -> str:
        place = f" (line {self.at[0]}, column {self.at[1]})" if self.at else ""
        return f"{self.name}{place}: {self.text}" if self.name else f"{self.text}{place}"


@dataclass(frozen=True, slots=True)
class Reading:
    """A request's JSON as the form's data: `data` for JobForm, unless there are problems."""

    data: QueryDict
    problems: list[Problem] = field(default_factory=list)


def mark(text: str) -> str:
    """A short hash of the JSON, by which an edit is noticed. White space and the order of keys do not change it."""
    # A text that is not JSON is compared as it is, except for line ends, which a browser changes.
    with suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(text), sort_keys=True)
    return hashlib.sha256("\n".join(text.splitlines()).encode("utf-8", "replace")).hexdigest()[:16]


def checked_draft(form: JobForm) -> JobForm:
    """The form, checked. A form that was not sent yet is checked with the values that it shows."""
    if not form.is_bound:
        values = {field.html_name: field.value() for field in form if field.value() is not None}
        form = JobForm(form.team, values)
    form.is_valid()
    return form


def request_of(draft: JobForm) -> dict[str, Any]:
    """The CreateTransformJob request of a checked form, which may be incomplete or wrong."""
    if draft.is_valid():
        return draft.parsed[1].to_request()
    values = {name: value for name, value in draft.body().items() if name not in job_options.NAMES}
    model = draft.cleaned_data.get("model")
    return write_request({**DEFAULTS, **({"model_name": model.name} if model else {}), **values})


def write(draft: JobForm) -> str:
    """`request_of` the form as JSON text."""
    return json.dumps(request_of(draft), indent=2, ensure_ascii=False)


def read(text: str, data: QueryDict, make: Callable[[QueryDict], JobForm]) -> Reading:
    """The form's data with all of CreateTransformJob's fields replaced by those of the JSON; our own options stay.

    It is a problem if a member breaks a rule of its field, or if the form that `make` makes of the data would submit
    another value, since the field is locked or cannot hold it.
    """
    try:
        request = json.loads(text)
    except json.JSONDecodeError as error:
        return Reading(data, [Problem("", f"This is not JSON: {error.msg}.", (error.lineno, error.colno))])
    except (ValueError, RecursionError):
        return Reading(data, [Problem("", "A number has too many digits, or it is nested too deeply.")])
    if trouble := trouble_with(request):
        return Reading(data, [Problem("", f"The request {trouble}")])
    if not isinstance(request, Mapping):
        return Reading(data, [Problem("", "It must be an object: the CreateTransformJob JSON.")])
    values, errors = read_request(request)
    values = {name: value for name, value in values.items() if value is not None}
    for name, texts in rules.check(values).items():
        # Preflight reports the fields that are still to be filled in.
        if values.get(name.partition(".")[0]) not in _BLANK:
            errors.setdefault(name, []).extend(texts)
    if errors:
        return Reading(data, _problems(text, errors))
    team = make(data).team
    model = _model(team, str(values.get("model_name", "")), data.get("model", ""))
    if model is None and values.get("model_name"):
        says = "The team has registered no model of this name; paste the request to use it all the same."
        return Reading(data, _problems(text, {"model_name": [says]}))
    filled = _replaced(
        data, JobForm(team, initial={**filled_in(values), "model": model.pk if model else None})
    )
    form = make(filled)
    if lost := _lost(values, form):
        return Reading(data, _problems(text, {name: [_why_lost(form, name)] for name in lost}))
    return Reading(filled)


def _model(team: Team, name: str, chosen: str) -> RegisteredModel | None:
    """The model of this name: the one that is chosen already, else the latest one."""
    namesakes = list(queries.models(team).filter(name=name)) if name else []
    return next((model for model in namesakes if str(model.pk) == chosen), next(iter(namesakes), None))


def _replaced(data: QueryDict, form: JobForm) -> QueryDict:
    """The data with the form's values for all fields but our own options, as a browser would send them."""
    filled = data.copy()
    for bound in form:
        if bound.html_name not in job_options.NAMES:
            value = bound.value() if bound.html_name in form.initial else None
            filled[bound.html_name] = "" if value is None else str(value)
    return filled


def _lost(values: Mapping[str, Any], form: JobForm) -> list[str]:
    """Names of fields for which the form would submit another value than the JSON has."""
    pasted, result = _flat(write_request(values)), _flat(request_of(checked_draft(form)))
    return [name for name, path in PATHS.items() if path in pasted and pasted[path] != result.get(path)]


def _why_lost(form: JobForm, name: str) -> str:
    if form.fields["model" if name == "model_name" else name].disabled:
        return "The preset locks it."
    return "A field of the form cannot hold this as it is; paste the request to have it."


def _flat(request: Mapping[str, Any]) -> dict[tuple[str, ...], Any]:
    flat = {}
    for path in PATHS.values():
        node: Any = request
        for part in path:
            node = node.get(part) if isinstance(node, Mapping) else None
        if node not in _BLANK:
            flat[path] = node
    return flat


def _problems(text: str, errors: Mapping[str, list[str]]) -> list[Problem]:
    places = positions(text)
    problems = []
    for name, sentences in errors.items():
        path = PATHS.get(name) or next(
            (path for field, path in PATHS.items() if field.startswith(f"{name}.")), tuple(name.split("."))
        )
        at = next((places[path[:end]] for end in range(len(path), 0, -1) if path[:end] in places), None)
        problems.append(Problem(".".join(path), " ".join(sentences), at))
    return problems
