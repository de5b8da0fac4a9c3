"""What the data log says of single objects, kept beside those that have no output."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from jobs import queries
from jobs.models import PlannedObject, TransformJob

_MOST = 300
#: What the service writes before a model's answer.
_HEADING = "Message:"
_AT_ONCE = 500


def keep(job: TransformJob, lines: Iterable[str]) -> None:
    """Write down what `lines` of the job's data logs, without stamps, say of its objects.

    Of earlier attempts too, whose plans name the same objects.
    """
    missing = PlannedObject.objects.filter(job__in=queries.attempts(job).order_by(), done=False)
    said = errors(lines, set(missing.values_list("key", flat=True)))
    rows = [row for row in missing if row.key in said]
    for row in rows:
        row.error = said[row.key]
    PlannedObject.objects.bulk_update(rows, ["error"], batch_size=_AT_ONCE)


def errors(lines: Iterable[str], keys: Collection[str]) -> dict[str, str]:
    """What is said of each of the `keys` in one short line: the status, then how the model's answer begins."""
    found: dict[str, list[str]] = {}
    for line in lines:
        key, text = _split(line, keys)
        if key and text and text != _HEADING:
            found.setdefault(key, []).append(text)
    return {key: _cut(": ".join(texts)) for key, texts in found.items()}


def _split(line: str, keys: Collection[str]) -> tuple[str, str]:
    """The key and the text of a line `bucket/key: text`; keys may have colons too. Empty if it is of no such key."""
    _, _, rest = line.partition("/")
    at = rest.find(":")
    while at >= 0:
        if rest[:at] in keys:
            return rest[:at], rest[at + 1 :].strip()
        at = rest.find(":", at + 1)
    return "", ""


def _cut(text: str) -> str:
    text = text.replace("\0", "")
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"
