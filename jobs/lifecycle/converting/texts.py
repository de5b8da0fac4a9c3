"""Rows of Arrow as lines of JSON or CSV. Everything is done by Arrow's own kernels, a batch at a time.

Importing this imports pyarrow, which takes a second and 60 MB: only the task does.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.lifecycle.converting.outcomes import Unconvertible
from jobs.models.conversion import TextFormat

_TEXT = pa.string()
_UUID = "arrow.uuid"
#: What is a value of JSON as its text is.
_UNQUOTED = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_decimal, pa.types.is_duration)


def check_columns(schema: pa.Schema, text_format: str) -> None:
    """Raises Unconvertible, which names the columns, if the format has no place for them."""
    if not len(schema):
        raise Unconvertible("The file has no columns.")
    if text_format == TextFormat.CSV:
        nested = [f"{field.name} ({field.type})"[:120] for field in schema if pa.types.is_nested(field.type)]
        if nested:
            raise Unconvertible(
                f"CSV has no place for nested columns: {_listed(nested)}. Convert to JSON Lines, which keeps them."
            )
    elif len(set(schema.names)) < len(schema.names):
        twice = sorted({name for name in schema.names if schema.names.count(name) > 1})
        raise Unconvertible(
            f"JSON has no place for two columns of one name: {_listed(twice)}. Convert to CSV, or rename them."
        )


def header_line(names: Sequence[str]) -> bytes:
    """The columns' names as a line of CSV."""
    column = pa.array(names, _TEXT)
    _refuse_line_breaks(column, "The header")
    return ",".join(_csv_quoted(column).to_pylist()).encode() + b"\n"


def lines(batch: pa.RecordBatch, text_format: str) -> memoryview:
    """The rows of a batch as lines. Raises Unconvertible for content that has no place there."""
    columns = [
        _column_texts(name, column, text_format)
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    ]
    if text_format == TextFormat.CSV:
        if len(columns) == 1:
            # An empty line would be no record.
            columns = [pc.if_else(pc.equal(columns[0], ""), '""', columns[0])]
        separators = ["", *[","] * (len(columns) - 1)]
        end = "\n"
    else:
        names = [f"{json.dumps(name, ensure_ascii=False)}:" for name in batch.schema.names]
        separators = [f"{{{names[0]}", *(f",{name}" for name in names[1:])]
        end = "}\n"
    joined = _joined(separators, columns, end)
    length = pc.sum(pc.binary_length(joined)).as_py() or 0
    return memoryview(joined.buffers()[2])[:length] if length else memoryview(b"")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + more


def _joined(separators: Sequence[str], columns: Sequence[pa.Array], end: str) -> pa.Array:
    pieces: list[Any] = []
    for separator, column in zip(separators, columns, strict=True):
        pieces += [pa.scalar(separator), column]
    return pc.binary_join_element_wise(*pieces, pa.scalar(end), pa.scalar(""))


def _column_texts(name: str, column: pa.Array, text_format: str) -> pa.Array:
    try:
        if text_format == TextFormat.CSV:
            return _csv_texts(column, name).fill_null("")
        return _json_texts(column)
    except pa.ArrowNotImplementedError as error:
        raise Unconvertible(f"The column {name} has the type {column.type}, which has no text.") from error
    except pa.ArrowInvalid as error:
        raise Unconvertible(f"The column {name} has a value that has no text: {error}") from error


def _csv_texts(column: pa.Array, name: str) -> pa.Array:
    column = _unwrapped(column)
    texts = _texts(column)
    if _is_text(column.type):
        _refuse_line_breaks(texts, f"The column {name}")
        return _csv_quoted(texts)
    return texts


def _refuse_line_breaks(texts: pa.Array, place: str) -> None:
    if pc.any(pc.match_substring_regex(texts, "[\r\n]")).as_py():
        raise Unconvertible(
            f"{place} has a line break, at which batch transform would cut the row. Convert to JSON Lines."
        )


def _csv_quoted(texts: pa.Array) -> pa.Array:
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(texts, '"', '""'), '"', "")
    return pc.if_else(pc.match_substring_regex(texts, '[",]'), quoted, texts)


def _json_texts(column: pa.Array) -> pa.Array:
    """JSON of each value, `null` for none."""
    column = _unwrapped(column)
    kind = column.type
    if pa.types.is_struct(kind):
        texts = _json_objects(column)
    elif pa.types.is_map(kind):
        texts = _json_maps(column)
    elif pa.types.is_nested(kind):
        texts = _json_lists(column, _json_texts(pc.list_flatten(column)), "[", "]")
    elif pa.types.is_floating(kind):
        # JSON has no NaN and no infinity.
        texts = pc.if_else(pc.is_finite(_as_float(column)), _texts(column), pa.scalar(None, _TEXT))
    elif any(is_kind(kind) for is_kind in _UNQUOTED):
        texts = _texts(column)
    else:
        texts = _json_quoted(_texts(column))
    return texts.fill_null("null")


def _json_objects(column: pa.Array) -> pa.Array:
    fields = [column.type.field(at) for at in range(column.type.num_fields)]
    if not fields:
        return pc.if_else(column.is_valid(), "{}", pa.scalar(None, _TEXT))
    names = [f"{json.dumps(field.name, ensure_ascii=False)}:" for field in fields]
    separators = [f"{{{names[0]}", *(f",{name}" for name in names[1:])]
    joined = _joined(separators, [_json_texts(child) for child in column.flatten()], "}")
    return pc.if_else(column.is_valid(), joined, pa.scalar(None, _TEXT))


def _json_maps(column: pa.Array) -> pa.Array:
    kind = column.type
    pair = pa.struct([pa.field("key", kind.key_type), pa.field("value", kind.item_type)])
    pairs = column.cast(pa.list_(pair))
    keys, values = pc.list_flatten(pairs).flatten()
    texts = _json_texts(keys)
    is_quoted = pc.starts_with(texts, '"')
    names = pc.if_else(is_quoted, texts, pc.binary_join_element_wise('"', texts, '"', ""))
    return _json_lists(pairs, pc.binary_join_element_wise(names, _json_texts(values), ":"), "{", "}")


def _json_lists(column: pa.Array, inner: pa.Array, begin: str, end: str) -> pa.Array:
    """The texts `inner` of all lists' values, joined for each list."""
    lengths = pc.list_value_length(column).fill_null(0).cast(pa.int64())
    ends = pc.cumulative_sum(lengths)
    offsets = pa.concat_arrays([pa.array([0], pa.int64()), ends]).cast(pa.int32())
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, inner), ",")
    texts = pc.binary_join_element_wise(begin, joined, end, "")
    return pc.if_else(column.is_valid(), texts, pa.scalar(None, _TEXT))


def _json_quoted(texts: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(texts, "[\x00-\x1f]")).as_py():
        return pa.array(
            [None if text is None else json.dumps(text, ensure_ascii=False) for text in texts.to_pylist()],
            _TEXT,
        )
    escaped = pc.replace_substring(pc.replace_substring(texts, "\\", "\\\\"), '"', '\\"')
    return pc.binary_join_element_wise('"', escaped, '"', "")


def _unwrapped(column: pa.Array) -> pa.Array:
    """The values of an extension type or a dictionary."""
    if isinstance(column, pa.ExtensionArray):
        if column.type.extension_name == _UUID:
            return pa.array([None if uuid is None else str(uuid) for uuid in column.to_pylist()], _TEXT)
        return _unwrapped(column.storage)
    return _unwrapped(column.dictionary_decode()) if pa.types.is_dictionary(column.type) else column


def _texts(column: pa.Array) -> pa.Array:
    """The text of each scalar value: ISO 8601 for times, all digits of numbers, Base64 for bytes."""
    kind = column.type
    if _is_text(kind):
        texts = column.cast(_TEXT)
        texts.validate(full=True)
        return texts
    if pa.types.is_timestamp(kind):
        if kind.tz is not None:
            # The same moments; no time zones have to be known here.
            column = column.cast(pa.timestamp(kind.unit, "UTC"))
        return pc.replace_substring(column.cast(_TEXT), " ", "T", max_replacements=1)
    if _is_bytes(kind):
        encoded = [None if raw is None else base64.b64encode(raw).decode() for raw in column.to_pylist()]
        return pa.array(encoded, _TEXT)
    return _as_float(column).cast(_TEXT)


def _as_float(column: pa.Array) -> pa.Array:
    return column.cast(pa.float32()) if pa.types.is_float16(column.type) else column


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_binary_view(kind)
    )
