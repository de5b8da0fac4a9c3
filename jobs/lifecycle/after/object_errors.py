"""Errors of single objects, from the data log, written to the plan rows of objects without an output.

The text is `<place>: <error>`, such as "record 12, line 13: ClientError: 400: what is that?", and without a place where
the data log has none, as on AWS. `PlannedObject` reads it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from failures import read_error
from jobs import queries
from jobs.models import PlannedObject, TransformJob

_MOST = 300
_AT_ONCE = 500


def save(job: TransformJob, lines: Iterable[str]) -> None:
    """Write the objects' errors in `lines`, the job's data logs without stamps, to the plans of all its attempts."""
    missing = PlannedObject.objects.filter(job__in=queries.attempts(job).order_by(), done=False)
    texts = find_errors(lines, set(missing.values_list("key", flat=True)))
    rows = [row for row in missing if row.key in texts]
    for row in rows:
        row.error = texts[row.key]
    PlannedObject.objects.bulk_update(rows, ["error"], batch_size=_AT_ONCE)


def find_errors(lines: Iterable[str], keys: Collection[str]) -> dict[str, str]:
    """A short text for each of the `keys` that has an error: the place, the status, and the model's answer."""
    texts_of_keys: dict[str, list[str]] = {}
    for line in lines:
        key, text = _split(line, keys)
        if key:
            texts_of_keys.setdefault(key, []).append(text)
    return {key: text for key, texts in texts_of_keys.items() if (text := _text(texts))}


def _text(texts: list[str]) -> str:
    error = read_error(texts)
    places = [str(error.place)] if error.place else []
    return _cut(": ".join([*places, *error.status, *(line.strip() for line in error.answer)]))


def _split(line: str, keys: Collection[str]) -> tuple[str, str]:
    """The key and the text of a line `bucket/key: text`; empty texts for other lines. Keys may have colons too."""
    _, _, key_and_text = line.partition("/")
    at = key_and_text.find(":")
    while at >= 0:
        if key_and_text[:at] in keys:
            return key_and_text[:at], key_and_text[at + 1 :].removeprefix(" ")
        at = key_and_text.find(":", at + 1)
    return "", ""


def _cut(text: str) -> str:
    text = text.replace("\0", "")
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"
