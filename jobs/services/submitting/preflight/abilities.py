"""Checks of what the connection can run: instance types and container images. As those of places."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher, get_close_matches

from jobs.services.submitting.preflight.findings import Finding, FindingLevel, Inspection, RequestFields

#: By so much a name is more like the one that was meant than like the next: a letter of a dozen.
_CLEARLY = 0.03


def instance_types(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """SageMaker refuses a job on a type that it does not have, whatever else is right."""
    name, types = wanted.text("instance_type"), seen.instance_types
    if types is None:
        return
    if name and name not in types:
        nearest = nearest_types(name, types)
        fix = {"instance_type": nearest[0]} if len(nearest) == 1 else None
        yield Finding(
            "instance_unknown", _level(seen), "instance_type", _sentence(name, nearest, seen), fix=fix
        )
    fallbacks = wanted.values.get("fallback_instance_types") or ()
    for other in fallbacks if isinstance(fallbacks, list | tuple) else ():
        if other not in types:
            text = _sentence(str(other), nearest_types(str(other), types), seen)
            yield Finding("instance_unknown", _level(seen), "fallback_instance_types", text)


def images(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """An engine without a runtime for a model's image fails every job of it."""
    for reason in dict.fromkeys(seen.against.values()):
        yield Finding("image_cannot_run", FindingLevel.ERROR, "model_name", reason)


def _level(seen: Inspection) -> FindingLevel:
    """AWS may have types that are newer than those known here; an engine says itself what it takes."""
    return FindingLevel.ERROR if seen.is_engine else FindingLevel.WARNING


def nearest_types(name: str, types: frozenset[str]) -> list[str]:
    """The types that were meant, most likely: one if it is much nearer than the others."""
    text = name if name.startswith("ml.") else f"ml.{name}"
    if text.lower() in types:
        return [text.lower()]
    nearest = get_close_matches(text.lower(), sorted(types), n=3, cutoff=0.8)
    likeness = [SequenceMatcher(None, one, text.lower()).ratio() for one in nearest]
    clear = len(nearest) > 1 and likeness[0] - likeness[1] > _CLEARLY
    return nearest[:1] if clear else nearest


def _sentence(name: str, nearest: list[str], seen: Inspection) -> str:
    meant = f" Did you mean {' or '.join(nearest)}?" if nearest else ""
    if seen.is_engine:
        return f"There is no instance type {name[:60]}, so the job would be refused.{meant}"
    return f"No instance type {name[:60]} is known for transform jobs.{meant}"
