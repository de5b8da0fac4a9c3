"""The new-job form's fields as CreateTransformJob's JSON, and the JSON as fields. What cannot go over is refused."""

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
    """Why a member of the JSON cannot be taken over: its name, a sentence, and its line and column if it is there."""

    name: str
    text: str
    at: tuple[int, int] | None = None

    def __str__(self) -> str:
        where = f" (line {self.at[0]}, column {self.at[1]})" if self.at else ""
        return f"{self.name}{where}: {self.text}" if self.name else f"{self.text}{where}"


@dataclass(frozen=True, slots=True)
class Reading:
    """A request's JSON as the form's data: `data` to be given to JobForm, unless there are problems."""

    data: QueryDict
    problems: list[Problem] = field(default_factory=list)


def mark(text: str) -> str:
    """A short text that tells whether the JSON was edited since it was shown; how it is laid out does not count."""
    # What is no JSON is compared as it is but for its line ends, which a browser changes.
    with suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(text), sort_keys=True)
    return hashlib.sha256("\n".join(text.splitlines()).encode("utf-8", "replace")).hexdigest()[:16]


def drafted(form: JobForm) -> JobForm:
    """The form with what it shows as if that had been sent; it was checked."""
    if not form.is_bound:
        form = JobForm(form.team, {one.html_name: one.value() for one in form if one.value() is not None})
    form.is_valid()
    return form


def request_of(draft: JobForm) -> dict[str, Any]:
    """The CreateTransformJob request that a form would submit, which was checked; half of one too."""
    if draft.is_valid():
        return draft.parsed[1].to_request()
    values = {name: value for name, value in draft.body().items() if name not in job_options.NAMES}
    model = draft.cleaned_data.get("model")
    return write_request({**DEFAULTS, **({"model_name": model.name} if model else {}), **values})


def write(draft: JobForm) -> str:
    """The same as a text."""
    return json.dumps(request_of(draft), indent=2, ensure_ascii=False)


def read(text: str, data: QueryDict, make: Callable[[QueryDict], JobForm]) -> Reading:
    """The form's data with all of CreateTransformJob's fields replaced by those of the JSON; its terms stay.

    What breaks a rule of its field is a problem, and what the form that `make` makes of the data would not give back
    as it is, since it is locked or no line can hold it.
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
        # What is still to be filled in is for preflight to say.
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
    """The model of this name: the one that is chosen already, else the latest."""
    found = list(queries.models(team).filter(name=name)) if name else []
    return next((one for one in found if str(one.pk) == chosen), next(iter(found), None))


def _replaced(data: QueryDict, form: JobForm) -> QueryDict:
    """The data with the form's values for all but the terms, as a browser would send them."""
    filled = data.copy()
    for bound in form:
        if bound.html_name not in job_options.NAMES:
            value = bound.value() if bound.html_name in form.initial else None
            filled[bound.html_name] = "" if value is None else str(value)
    return filled


def _lost(values: Mapping[str, Any], form: JobForm) -> list[str]:
    """Names of fields that the form would submit otherwise than the JSON says."""
    wanted, got = _flat(write_request(values)), _flat(request_of(drafted(form)))
    return [name for name, path in PATHS.items() if path in wanted and wanted[path] != got.get(path)]


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
    found = []
    for name, sentences in errors.items():
        path = PATHS.get(name) or next(
            (path for field, path in PATHS.items() if field.startswith(f"{name}.")), tuple(name.split("."))
        )
        at = next((places[path[:end]] for end in range(len(path), 0, -1) if path[:end] in places), None)
        found.append(Problem(".".join(path), " ".join(sentences), at))
    return found
