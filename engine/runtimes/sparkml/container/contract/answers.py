"""Writing answers, one value or the values of a vector or list, in the format of the request's Accept."""

from __future__ import annotations

import json
from typing import Any

from ..mleap.columns import WHOLE_NUMBERS, Column, Lists, Numbers, Table, Texts, Vectors, scalar_text
from ..mleap.java_text import double_text, json_text
from .schema import TYPES, WRONG_TYPE, BadRequest, ColumnSchema

CSV, JSON_LINES, JSON_LINES_TEXT = "text/csv", "application/jsonlines", "application/jsonlines;data=text"
_BAD_ACCEPT = "Accept value passed via request or environment variable is not valid"


def choose_accept(header: str, default: str | None) -> str:
    """The answer's format. `default` is the value of SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT.

    Accept is compared as a whole. Raises BadRequest for an unknown format.
    """
    accept = default if not header.strip() or header == "*/*" else header
    if accept and accept not in (CSV, JSON_LINES, JSON_LINES_TEXT):
        raise BadRequest(_BAD_ACCEPT)
    return accept or CSV


def content_type(accept: str) -> str:
    """The content type of an answer."""
    return CSV if accept == CSV else JSON_LINES


def write_answer(table: Table, output: ColumnSchema, accept: str) -> str:
    """The answer for the table's single row. Raises BadRequest, and BadRow for an unknown column."""
    column = table.column(output.name)
    if output.struct == "basic":
        return _single(column, output)
    texts, values = _listed(column, output)
    if accept == JSON_LINES:
        return '{"features":[' + ",".join(values) + "]}"
    if accept == JSON_LINES_TEXT:
        return '{"source":' + _quoted(" ".join(texts)) + "}"
    return ",".join(texts)


def join_answers(answers: list[str]) -> str:
    """The answers of several rows as Java writes a list of lists. Raises BadRequest without any."""
    if not answers:
        raise BadRequest("Index: 0, Size: 0: the request has no row")
    return "[" + ", ".join(f"[{answer}]" for answer in answers) + "]"


def _single(column: Column, output: ColumnSchema) -> str:
    if output.java_type not in TYPES:
        raise BadRequest(WRONG_TYPE)
    # A float is read from the row as a double, as the container does.
    java_type = "double" if output.java_type == "float" else output.java_type
    if isinstance(column, Texts) and java_type == "string":
        return column.values[0]
    if isinstance(column, Numbers) and column.java_type == java_type:
        return scalar_text(column.values[0].item(), java_type)
    raise _cannot_cast(column, java_type)


def _listed(column: Column, output: ColumnSchema) -> tuple[list[str], list[str]]:
    """The values as Java's texts and as JSON values."""
    if isinstance(column, Vectors) and output.struct == "vector":
        texts = [double_text(value) for value in column.values[0].tolist()]
        # JSON has no numbers for these; the container's library writes them as texts.
        return texts, [_quoted(text) if text.endswith(("NaN", "Infinity")) else text for text in texts]
    if isinstance(column, Lists) and output.struct == "array":
        values = column.values[0]
        texts = [value if isinstance(value, str) else _element(value, column.java_type) for value in values]
        quoted = column.java_type == "string"
        return texts, [_quoted(text) for text in texts] if quoted else texts
    raise _cannot_cast(column, output.struct)


def _element(value: Any, java_type: str) -> str:
    return json_text(value) if java_type in (*WHOLE_NUMBERS, "boolean") else double_text(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _cannot_cast(column: Column, java_type: str) -> BadRequest:
    has = (
        column.java_type
        if isinstance(column, Numbers)
        else {Texts: "string", Vectors: "vector"}.get(type(column))
    )
    return BadRequest(
        f"The output of the schema is {java_type}, but the pipeline makes {has or 'array'} of it"
    )
