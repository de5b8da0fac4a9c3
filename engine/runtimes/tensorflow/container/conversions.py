"""Bodies of archives without inference.py: CSV, JSON and JSON Lines become predict requests."""

from __future__ import annotations

import csv
import io
import json
import re

from .faults import ServingFault
from .image_version import ImageGeneration

_JSON_TYPES = ("application/json", "application/jsonlines", "application/jsons")
_CSV_TYPE = "text/csv"

_SERVING_KEY = re.compile(r'"(instances|inputs|examples)"\s*:')
_BETWEEN_VALUES = re.compile(r"[}\]]\s*[\[{]")
_NESTED_LIST = re.compile(r"\s*\[\s*\[")
_STARTS_UNQUOTED = re.compile(r'\s*("|[\d.Ee+-]+)')
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def convert(body: bytes, content_type: str | None, image: ImageGeneration) -> bytes:
    """The request to TensorFlow Serving. Raises ServingFault (415) for another content type."""
    kind = content_type or ""
    if image.ignores_parameters:
        kind = kind.partition(";")[0].strip().lower()
    if kind not in (*_JSON_TYPES, _CSV_TYPE):
        raise ServingFault(415, f"Unsupported Media Type: {content_type or 'Unknown'}")
    text = body.decode("utf-8", "surrogateescape")
    if kind == _CSV_TYPE:
        converted = _from_csv(text, image)
    elif _SERVING_KEY.search(text):
        return body
    elif _BETWEEN_VALUES.search(text):
        converted = _from_lines(text)
    else:
        converted = f'{{"instances":{text if _NESTED_LIST.match(text) else f"[{text}]"}}}'
    return converted.encode("utf-8", "surrogateescape")


def _lines(text: str) -> list[str]:
    return [line.strip() for line in re.split(r"\r?\n", text.strip())]


def _from_lines(text: str) -> str:
    """Values separated by white space alone. A single line stays as it is."""
    lines = _lines(text)
    if len(lines) == 1:
        return f'{{"instances":{lines[0]}}}'
    return f'{{"instances":[{",".join(line for line in lines if line)}]}}'


def _from_csv(text: str, image: ImageGeneration) -> str:
    lines = [line for line in _lines(text) if line]
    if image.splits_fields:
        rows = [_typed_row(line) for line in lines]
    else:
        quotes = not _STARTS_UNQUOTED.match(text)
        rows = [_quoted_line(line) if quotes else line for line in lines]
    joined = ",".join(f"[{row}]" if "," in line else row for row, line in zip(rows, lines, strict=True))
    return f'{{"instances":[{joined}]}}'


def _quoted_line(line: str) -> str:
    """As the older images do it: of quotes and commas, only the first is handled."""
    escaped = line.replace('"', '\\"', 1).replace(",", '","', 1)
    return f'"{escaped}"'


def _typed_row(line: str) -> str:
    fields = next(csv.reader(io.StringIO(line), skipinitialspace=True), [""])
    return ",".join(_typed(text.strip()) for text in fields)


def _typed(text: str) -> str:
    return text if _JSON_NUMBER.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def compact(body: bytes, accept: str | None, image: ImageGeneration) -> tuple[bytes, str]:
    """The answer's body and content type: in one line if Accept has JSON or JSON Lines."""
    kinds = [kind.strip() for kind in (accept or "").split(",")]
    if "application/json" not in kinds and "application/jsonlines" not in kinds:
        return body, "application/json"
    kind = "application/json" if image.splits_fields else kinds[0]
    return body.replace(b"\n", b""), kind
