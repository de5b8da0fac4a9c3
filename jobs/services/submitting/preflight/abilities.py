"""Checks of what the connection can run: instance types and container images."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher, get_close_matches

from jobs.services.submitting.preflight.findings import Finding, FindingLevel, Inspection, RequestValues

#: The least difference in likeness between the nearest name and the next: a letter of a dozen.
_CLEARLY = 0.03


def instance_types(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """SageMaker refuses a job with an unknown instance type."""
    name, types = request.text("instance_type"), inspection.instance_types
    if types is None:
        return
    if name and name not in types:
        nearest = nearest_types(name, types)
        fix = {"instance_type": nearest[0]} if len(nearest) == 1 else None
        yield Finding(
            "instance_unknown",
            _level(inspection),
            "instance_type",
            _sentence(name, nearest, inspection),
            fix=fix,
        )
    fallbacks = request.values.get("fallback_instance_types") or ()
    for fallback in fallbacks if isinstance(fallbacks, list | tuple) else ():
        if fallback not in types:
            text = _sentence(str(fallback), nearest_types(str(fallback), types), inspection)
            yield Finding("instance_unknown", _level(inspection), "fallback_instance_types", text)


def images(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """An engine fails every job of a model if it has no runtime for the model's image."""
    for reason in dict.fromkeys(inspection.against.values()):
        yield Finding("image_cannot_run", FindingLevel.ERROR, "model_name", reason)


def _level(inspection: Inspection) -> FindingLevel:
    """AWS may have newer types than we know; an engine lists its types itself."""
    return FindingLevel.ERROR if inspection.is_engine else FindingLevel.WARNING


def nearest_types(name: str, types: frozenset[str]) -> list[str]:
    """The types with the most similar names: one if it is much nearer than the others."""
    text = name if name.startswith("ml.") else f"ml.{name}"
    if text.lower() in types:
        return [text.lower()]
    nearest = get_close_matches(text.lower(), sorted(types), n=3, cutoff=0.8)
    likeness = [SequenceMatcher(None, candidate, text.lower()).ratio() for candidate in nearest]
    clear = len(nearest) > 1 and likeness[0] - likeness[1] > _CLEARLY
    return nearest[:1] if clear else nearest


def _sentence(name: str, nearest: list[str], inspection: Inspection) -> str:
    suggestion = f" Did you mean {' or '.join(nearest)}?" if nearest else ""
    if inspection.is_engine:
        return f"There is no instance type {name[:60]}, so the job would be refused.{suggestion}"
    return f"No instance type {name[:60]} is known for transform jobs.{suggestion}"
